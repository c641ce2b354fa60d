"""What people fill in about a template of their own."""

from wtforms import RadioField, StringField, TextAreaField

from wedsync.platform.forms import Form
from wedsync.workflows.ready_made.own.templates import Wanted
from wedsync.workflows.ready_made.recipe import GOALS

_GOALS = {**GOALS, "build": "Something else"}


def _stripped(value: str | None) -> str:
    return (value or "").strip()


class TemplateForm(Form):
    """What it is called, what it is for, and what it says."""

    name = StringField("Name", filters=[_stripped])
    goal = RadioField("What is it for?", choices=_GOALS, validate_choice=False)
    sentence = TextAreaField("What it does, in a sentence", filters=[_stripped])

    def wanted(self, questions: list[str] | None = None) -> Wanted:
        return Wanted(
            name=self.name.data or "",
            goal=self.goal.data or "",
            sentence=self.sentence.data or "",
            questions=questions,
        )
