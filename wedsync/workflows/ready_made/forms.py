"""A recipe's questions as a form."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import Field, RadioField, SelectField, StringField

from wedsync.platform.forms import Form
from wedsync.workflows.ready_made.answers import Lists
from wedsync.workflows.ready_made.needs import Need
from wedsync.workflows.ready_made.recipe import Question, Recipe

_TYPES: Mapping[str, Mapping[str, Any]] = {
    "email": {"type": "email", "inputmode": "email", "autocomplete": "off"},
    "date": {"type": "date"},
    "number": {"type": "text", "inputmode": "numeric", "autocomplete": "off"},
    "text": {"type": "text", "autocomplete": "off"},
    "link": {"type": "url", "inputmode": "url", "autocomplete": "off"},
    "duration": {"type": "text", "autocomplete": "off", "placeholder": "3 days"},
    "day_offset": {"type": "text", "autocomplete": "off", "placeholder": "14 days before"},
    "listed": {"type": "text", "autocomplete": "off"},
    "connection": {},
    "hook": {},
    "person": {},
    "choice": {},
}
_NOTHING_CHOSEN = {"": "Choose…"}


class RecipeForm(Form):
    """One field per question; what was typed is judged by `answers.read`, not here."""

    @property
    def given(self) -> dict[str, str]:
        """What was typed, by question."""
        return {name: field.data or "" for name, field in self._fields.items() if name != _CSRF}

    def say(self, faults: Mapping[str, str]) -> None:
        """Put each refusal beside its field."""
        for key, words in faults.items():
            field = self._fields[key]
            field.errors = [*field.errors, words]


_CSRF = "csrf_token"


def form_of(
    recipe: Recipe, needs: Sequence[Need], said: Mapping[str, str], lists: Lists
) -> RecipeForm:
    """The form of a recipe, `said` standing in it until something is posted."""
    by_slug = {need.slug: need for need in needs}
    fields = {
        question.key: _field(question, by_slug, lists.get(question.key, {}))
        for question in recipe.questions
    }
    made: RecipeForm = type("RecipeForm", (RecipeForm,), fields)(data=dict(said))
    return made


def _field(question: Question, needs: Mapping[str, Need], listed: Mapping[str, str]) -> Field:
    if question.kind == "choice":
        choices = {choice.value: choice.title for choice in question.choices}
        return RadioField(question.title, choices=choices, validate_choice=False)
    if question.kind == "connection":
        usable = {str(each.id): each.name for each in needs[str(question.connector)].usable}
        # With one there is nothing to choose; the field still says which one it is.
        offered = usable if len(usable) == 1 else {**_NOTHING_CHOSEN, **usable}
        return SelectField(question.title, choices=offered, validate_choice=False)
    if listed or question.kind in ("hook", "person"):
        choices = {**_NOTHING_CHOSEN, **listed}
        return SelectField(question.title, choices=choices, validate_choice=False)
    return StringField(question.title, render_kw=dict(_TYPES[question.kind]))
