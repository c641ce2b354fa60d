"""The fields of one step, or of what starts a workflow, with what is written in each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wedsync.workflows.building.known.known_data import Known
from wedsync.workflows.building.known.pills import label_of
from wedsync.workflows.building.panel import field_specs as specs
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.input_fields import input_specs
from wedsync.workflows.building.typed.texts_with_data import Vocabulary, values_in
from wedsync.workflows.catalogue import Entries
from wedsync.workflows.editing.draft_operations import located_in
from wedsync.workflows.editing.patches import read
from wedsync.workflows.engine.limits import MAX_LABEL
from wedsync.workflows.engine.operators import operator_call, unescape_key
from wedsync.workflows.engine.shape import Readable, refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence, text

TEMPLATES = ("input", "values")
"""The fields whose names are written with the escape of templates."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What can be set, in the order of the panel; `owner` is the step or trigger."""

    owner: Mapping[str, Any]
    specs: tuple[Spec, ...]
    vocabulary: Vocabulary

    def value(self, spec: Spec) -> Any:
        """What is written for a field; None where nothing is."""
        return written_at(self.owner, spec)


def sheet_of(
    definition: Any,
    step_id: str | None,
    entries: Entries,
    known: Known | None = None,
) -> Sheet | None:
    """None where there is no such step, or nothing that can be looked at."""
    owner = owner_of(definition, step_id)
    return None if owner is None else sheet_for(owner, step_id, entries, known)


def sheet_for(
    owner: Mapping[str, Any],
    step_id: str | None,
    entries: Entries,
    known: Known | None = None,
) -> Sheet:
    """The fields of a step, or of a trigger where `step_id` is None, that was found already."""
    found = tuple(_trigger_specs(owner) if step_id is None else _step_specs(owner, entries))
    present = [value for spec in found for value in _values_of(spec, written_at(owner, spec))]
    return Sheet(owner, found, vocabulary_with(present, known, step_id))


def vocabulary_with(present: Iterable[Any], known: Known | None, step_id: str | None) -> Vocabulary:
    """The names of the values that are there already, and of those the step may read."""
    if known is None:
        return Vocabulary(present)
    may_read = [
        (item.expression, item.label) for group in known.at(step_id) for item in group.items
    ]
    return Vocabulary(present, may_read, lambda value: label_of(value, known, step_id).words)


def owner_of(definition: Any, step_id: str | None) -> Mapping[str, Any] | None:
    if refusal(definition) is not None or not isinstance(definition, dict):
        return None
    if step_id is None:
        return mapping(definition.get("trigger"))
    found = located_in(Readable(definition))
    return next((each.step for each in found if each.step.get("id") == step_id), None)


def written_at(owner: Mapping[str, Any], spec: Spec) -> Any:
    if spec.kind == "choice" and spec.name == "way":
        return specs.way_of(owner) or None
    if spec.path[0] in TEMPLATES and len(spec.path) > 1:
        given = owner.get(spec.path[0])
        names = {unescape_key(name): value for name, value in mapping(given).items()}
        return names.get(spec.path[1])
    if spec.name.startswith("branches."):
        _, number, name = spec.name.split(".")
        return read(owner, ("branches", int(number), name))
    return read(owner, spec.path)


def _values_of(spec: Spec, value: Any) -> Iterator[Any]:
    """The values that stand as pills in a field."""
    if spec.kind in ("condition", "inputs") or value is None:
        return
    if spec.kind == "person":
        value = next(iter(mapping(value).values()), None)
    if spec.kind == "key_values" and isinstance(value, dict) and operator_call(value) is None:
        for part in value.values():
            yield from _values_inside(part)
        return
    yield from values_in(value)
    if spec.kind == "list" and isinstance(value, list):
        for part in value:
            yield from values_in(part)


def _values_inside(value: Any) -> Iterator[Any]:
    yield from values_in(value)
    if isinstance(value, dict) and operator_call(value) is None:
        for part in value.values():
            yield from _values_inside(part)


def _trigger_specs(trigger: Mapping[str, Any]) -> Iterator[Spec]:
    kind = trigger.get("kind")
    yield from specs.TRIGGERS.get(kind, ()) if isinstance(kind, str) else ()


def _step_specs(step: Mapping[str, Any], entries: Entries) -> Iterator[Spec]:
    kind = step.get("kind")
    if kind == "action":
        yield from _action_specs(step, entries)
    elif kind == "choose":
        yield from _branch_specs(step)
    elif kind == "wait":
        yield specs.WAY
        yield from specs.WAYS.get(specs.way_of(step), ())
    elif isinstance(kind, str):
        yield from specs.STEPS.get(kind, ())
    yield from specs.COMMON


def _action_specs(step: Mapping[str, Any], entries: Entries) -> Iterator[Spec]:
    use = step.get("use")
    entry = entries.get(use) if isinstance(use, str) else None
    yield Spec("use", "What it does", "action", required=True)
    if step.get("connection") is not None or (entry and entry.needs_account):
        needs = entry is not None and entry.needs_account
        yield Spec("connection", "Which account?", "connection", required=needs)
    given = step.get("input")
    if entry is None or operator_call(given) is not None:
        yield Spec("input", "What it is given", "key_values", required=True, takes_data=True)
    else:
        yield from input_specs(entry.input)
        yield from _unknown_inputs(given, entry.info.fields)
    yield from specs.AFTER_INPUT


def _unknown_inputs(given: Any, fields: Any) -> Iterator[Spec]:
    """What is written and means nothing to the action, so that it can be seen and cleared."""
    for name in mapping(given):
        plain = unescape_key(name)
        if plain not in (fields or ()):
            yield Spec(
                f"input.{plain}", text(plain, "No name"), "any", "This action does not use it.",
                takes_data=True, part="more",
            )  # fmt: skip


def _branch_specs(step: Mapping[str, Any]) -> Iterator[Spec]:
    for number, branch in enumerate(sequence(step.get("branches"))):
        if isinstance(branch, dict):
            label = Spec(f"branches.{number}.label", "Name of the branch", "text", required=True)
            yield replace(label, most=MAX_LABEL)
            yield Spec(f"branches.{number}.when", "Taken when", "condition", required=True)
