"""A recipe with its answers, told before anything is published: nothing is kept, nothing leaves.

The letters are read with the example event of the connector's manifest, as they would arrive; those
of a template of one's own with the example couple.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wedsync import connectors
from wedsync.events.types import stored_event_type
from wedsync.platform import clock
from wedsync.workflows import page_queries
from wedsync.workflows.building.known import samples
from wedsync.workflows.editing.checking import problems_of
from wedsync.workflows.engine import steps_in_order
from wedsync.workflows.engine.expressions import EvaluationFailed, compile_template
from wedsync.workflows.engine.view import View
from wedsync.workflows.ready_made.recipe import Definition, FileRecipe, Recipe
from wedsync.workflows.ready_made.slots import NOT_CHOSEN, UNANSWERED
from wedsync.workflows.words import workflow_words
from wedsync.workflows.words.step_lines import Line, lines_of
from wedsync.workflows.words.workflow_words import Shown, Trouble

_LETTER = "smtp.send"


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail as it would read for the example."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything the page says of the workflow that the answers make."""

    shown: Shown
    steps: tuple[Line, ...]
    letters: tuple[Letter, ...]
    troubles: tuple[Trouble, ...]


def preview(organization_id: UUID, recipe: Recipe, definition: Definition) -> Preview:
    """What this definition would do, in words, step by step and letter by letter."""
    steps = lines_of(definition)
    problems = problems_of(organization_id, definition)
    return Preview(
        shown=workflow_words.shown(definition, _names(organization_id, recipe)),
        steps=steps,
        letters=tuple(_letters(organization_id, recipe, definition)),
        troubles=tuple(workflow_words.troubles(problems, steps, definition)),
    )


def _names(organization_id: UUID, recipe: Recipe) -> Mapping[str, str]:
    """What sources are called, the one that is not chosen yet too."""
    here = f"connection:{UNANSWERED}"
    manifest = connectors.manifests().get(recipe.begins_at or "")
    not_chosen: dict[str, str] = {**NOT_CHOSEN}
    if manifest is not None:
        not_chosen |= {here: manifest.name, **page_queries.event_names(here, manifest)}
    return {**page_queries.source_names(organization_id), **not_chosen}


def _letters(organization_id: UUID, recipe: Recipe, definition: Definition) -> Iterator[Letter]:
    if isinstance(recipe, FileRecipe):
        yield from letters(recipe, definition)
        return
    example = samples.sample(organization_id, definition, samples.EXAMPLE)
    for placed in steps_in_order(definition):
        written = placed.step.get("input")
        if placed.step.get("use") == _LETTER and isinstance(written, dict):
            given = _filled(written, example.sight(str(placed.step.get("id"))))
            if given is not None:
                yield _letter(given)


def letters(recipe: FileRecipe, definition: Definition) -> Iterator[Letter]:
    """The e-mails of a definition, each filled from the example event and example outputs."""
    seen = _Example(recipe)
    for placed in steps_in_order(definition):
        given = seen.pass_by(placed.step)
        if placed.step.get("use") == _LETTER and given is not None:
            yield _letter(given)


def _letter(given: Mapping[str, Any]) -> Letter:
    to, subject = (str(given.get(name) or UNANSWERED) for name in ("to", "subject"))
    return Letter(to, subject, _as_text(given.get("body")))


def _filled(written: dict[str, Any], view: View) -> Mapping[str, Any] | None:
    """What a step is given; None when the example has nothing to give it."""
    try:
        return compile_template(written).fill(view)
    except EvaluationFailed:
        return None


def sample_event(recipe: FileRecipe) -> Mapping[str, Any]:
    """The example of what starts a recipe, from its connector's manifest: its `data`."""
    for trigger in connectors.manifests()[recipe.begins_at].triggers:
        if _is_of(recipe, trigger.event_type):
            return trigger.sample or {}
    return {}


def _is_of(recipe: FileRecipe, event_type: str) -> bool:
    wanted = recipe.event_type
    before, slot, _after = wanted.partition("{")
    stored = stored_event_type(event_type, "connection")
    return stored.startswith(before) if slot else stored == wanted


class _Example:
    """What expressions see while the example goes by every step, whichever branch it is in."""

    def __init__(self, recipe: FileRecipe) -> None:
        data = sample_event(recipe)
        self._view = View({"trigger": {"data": data}, "steps": {}}, clock.now())

    def pass_by(self, step: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """What the step is given; None when the example has nothing to give it."""
        written = step.get("values") if step.get("kind") == "set" else step.get("input")
        if not isinstance(written, dict):
            return None
        given = _filled(written, self._view)
        if given is None:
            return None
        output = given if step.get("kind") == "set" else _output_sample(str(step.get("use")))
        self._view.learn(str(step.get("id")), output)
        return given


def _output_sample(use: str) -> Any:
    slug, _, key = use.partition(".")
    manifest = connectors.manifests().get(slug)
    entries: Sequence[Any] = manifest.actions if manifest else ()
    return next((entry.output_sample for entry in entries if entry.key == key), None)


def _as_text(body: Any) -> str:
    parts = body if isinstance(body, list) else [body]
    return "".join("" if part is None else str(part) for part in parts).strip()
