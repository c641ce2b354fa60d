"""What somebody typed into a panel, as changes of the draft.

A field that is not in the form is left alone, and so is one that was posted as it was shown:
nothing is rewritten that nobody touched. A field that was cleared is taken away.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.workflows.building.known.known_data import Known
from wedsync.workflows.building.panel.field import Row
from wedsync.workflows.building.panel.field_choices import Choices
from wedsync.workflows.building.panel.field_specs import COMMON, WAY, WAYS, Spec, way_of
from wedsync.workflows.building.panel.fields import rows_in, shown_in
from wedsync.workflows.building.panel.sheets import TEMPLATES, Sheet, sheet_for, sheet_of
from wedsync.workflows.building.panel.typed_rows import (
    RowRefused,
    is_rows,
    read_inputs,
    read_rows,
    with_escapes,
)
from wedsync.workflows.building.panel.typed_values import read_value
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing.draft_operations import MOST_AT_ONCE, TAKEN_AWAY, Change
from wedsync.workflows.editing.patches import same
from wedsync.workflows.engine.operators import operator_call, unescape_key
from wedsync.workflows.engine.plain_words import clip
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping

_NEVER_TYPED = ("condition", "action")
_FIRST: Mapping[str, Mapping[str, Any]] = {
    "seconds": {"seconds": 86_400},
    "until": {"until": ""},
    "anchor": {"anchor": "wedding.date", "offset_days": -14, "at": "09:00", "late": "ask"},
    "event": {"event": {"event_type": ""}},
}
"""What each way to wait begins with."""


@dataclass(frozen=True, slots=True)
class Remade:
    """A field whose value is to be made into something else, after all was read."""

    name: str
    made_of: Callable[[Any], Any]


def write(
    organization_id: UUID,
    definition: Any,
    step_id: str | None,
    form: Mapping[str, str],
    known: Known | None = None,
    remade: Remade | None = None,
) -> list[Change]:
    """The changes a form asks for, none where nothing is different.

    `known` is what the fields were shown with. Raises Conflict where the step, or the field that is
    `remade`, is gone, Invalid with an error for each field of the form that cannot be read, at
    `/<name in the form>`.
    """
    offered = entries(organization_id)
    sheet = sheet_of(definition, step_id, offered, known)
    if sheet is None:
        gone = f"There is no step “{clip(step_id or '', 60)}” in this draft."
        raise Conflict(gone, code="draft_differs")
    writing = _Writing(sheet, form, Choices(organization_id, sheet.owner))
    after = writing.done()
    if writing.errors:
        raise Invalid("Some of this cannot be used yet.", errors=writing.errors)
    if remade is not None:
        after = _remade(sheet_for(after, step_id, offered), remade)
    return _changes(definition, step_id, sheet.owner, after)


def _remade(sheet: Sheet, remade: Remade) -> dict[str, Any]:
    for spec in sheet.specs:
        if spec.name == remade.name and spec.takes_data:
            return _put(dict(sheet.owner), spec, remade.made_of(sheet.value(spec)))
    raise Conflict("This field is not there any more.", code="row_gone")


class _Writing:
    """One form read into a copy of the step."""

    def __init__(self, sheet: Sheet, form: Mapping[str, str], choices: Choices) -> None:
        self._sheet, self._form, self._choices = sheet, form, choices
        self.errors: list[FieldError] = []

    def done(self) -> dict[str, Any]:
        after = dict(self._sheet.owner)
        specs = self._sheet.specs
        way = self._form.get("way", "") if WAY in specs else ""
        if way and way != way_of(after):
            if way not in WAYS:
                self._refuse("way", "Choose one of the ways to wait.")
            after = _waiting(after, way)
            specs = COMMON
        for spec in specs:
            if spec != WAY and spec.kind not in _NEVER_TYPED:
                after = self._with(after, spec)
        return after

    def _with(self, after: dict[str, Any], spec: Spec) -> dict[str, Any]:
        try:
            typed, rows = shown_in(self._sheet, spec)
            value = _usable(self._read(spec, typed, rows))
        except RowRefused as refused:
            self._refuse(f"{spec.name}.{refused.number}.{refused.side}", str(refused))
        except NotReadable as refused:
            self._refuse(spec.name, str(refused))
        else:
            if value is not _UNTOUCHED:
                return _put(after, spec, value)
        return after

    def _read(self, spec: Spec, shown: str, shown_rows: tuple[Row, ...]) -> Any:
        """The new value; None where it is taken away."""
        typed = self._form.get(spec.name)
        before = self._sheet.value(spec)
        has_rows = spec.kind in ("key_values", "inputs")
        rows = rows_in(self._form, spec.name) if has_rows else ()
        if has_rows and rows and not (typed or "").strip():
            return self._read_rows(spec, rows, shown_rows, before)
        if typed is None or (has_rows and not typed.strip() and is_rows(before)):
            return _UNTOUCHED
        typed = typed.replace("\r\n", "\n")
        if typed == shown:
            return _UNTOUCHED
        chosen = self._choices.of(spec, shown)
        return read_value(replace(spec, choices=chosen), typed, self._sheet.vocabulary, before)

    def _read_rows(
        self, spec: Spec, rows: tuple[Row, ...], shown: tuple[Row, ...], before: Any
    ) -> Any:
        if _filled(rows) == _filled(shown) and is_rows(before):
            return _UNTOUCHED
        if spec.kind == "inputs":
            return read_inputs(rows, before)
        flat = spec.name == "event.match"
        read = read_rows(rows, before, self._sheet.vocabulary, flat=flat)
        return read if read or spec.required else None

    def _refuse(self, name: str, message: str) -> None:
        self.errors.append(FieldError(f"/{name}", "wrong_value", message))


_UNTOUCHED = object()


def _usable(value: Any) -> Any:
    """The value, unless it cannot be kept as JSON."""
    if value is not _UNTOUCHED and (problem := refusal(value)):
        raise NotReadable(problem)
    return value


def _filled(rows: tuple[Row, ...]) -> list[Row]:
    return [row for row in rows if row.name.strip() or row.typed.strip()]


def _waiting(step: Mapping[str, Any], way: str) -> dict[str, Any]:
    """The step with another way to wait, and nothing left of the one before."""
    others = {spec.path[0] for specs in WAYS.values() for spec in specs}
    kept = {name: value for name, value in step.items() if name not in others}
    return {**kept, **_FIRST.get(way, {})}


def _put(owner: dict[str, Any], spec: Spec, value: Any) -> dict[str, Any]:
    path: tuple[str, ...] = spec.path
    if path[0] in TEMPLATES and len(path) > 1:
        return _put_given(owner, path, value)
    after: dict[str, Any] = _placed(owner, path, value)
    if spec.name == "on_error.then" and value == "steps":
        steps = mapping(after["on_error"]).get("steps") or []
        after = _placed(after, ("on_error", "steps"), steps)
    return after


def _put_given(owner: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    given = {unescape_key(name): part for name, part in mapping(owner.get(path[0])).items()}
    given.pop(path[1], None) if value is None else given.update({path[1]: value})
    return {**owner, path[0]: with_escapes(given)}


def _placed(document: Any, path: tuple[str, ...], value: Any) -> Any:
    """A copy with the value at a path, or without it; what cannot hold it makes room."""
    name, *rest = path
    if isinstance(document, list) and name.isdecimal() and int(name) < len(document):
        number = int(name)
        inside = _placed(document[number], tuple(rest), value)
        return [*document[:number], inside, *document[number + 1 :]]
    copy = dict(mapping(document))
    if rest:
        copy[name] = _placed(copy.get(name), tuple(rest), value)
    elif value is None:
        copy.pop(name, None)
    else:
        copy[name] = value
    return copy


def _changes(
    definition: Any, step_id: str | None, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Change]:
    """Each as small as it can be: what is beside it in the same field may be somebody else's."""
    if step_id is None and not isinstance(definition.get("trigger"), dict):
        return [Change(None, ("trigger",), dict(after))] if after else []
    start = ("trigger",) if step_id is None else ()
    found = [Change(step_id, path, value) for path, value in _differing(before, after, start)]
    if len(found) <= MOST_AT_ONCE:
        return found
    of_whole_fields = _differing(before, after, start, deepest=len(start) + 1)
    return [Change(step_id, path, value) for path, value in of_whole_fields]


def _differing(
    before: Any, after: Any, path: tuple[str | int, ...], *, deepest: int = 8
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The places in which they differ, with what stands there after; a calculation is one value."""
    if len(path) < deepest and (parts := _parts(before, after, path)) is not None:
        for name, was, now in parts:
            yield from _differing(was, now, (*path, name), deepest=deepest)
    elif before is TAKEN_AWAY or after is TAKEN_AWAY or not same(before, after):
        yield path, after


def _parts(
    before: Any, after: Any, path: tuple[str | int, ...]
) -> list[tuple[str | int, Any, Any]] | None:
    """What is side by side in both; None where they are compared as a whole. Of lists that are the
    branches, which are found again where somebody moved them."""
    if isinstance(before, list) and isinstance(after, list):
        if path != ("branches",) or len(before) != len(after):
            return None
        pairs = enumerate(zip(before, after, strict=True))
        return [(number, was, now) for number, (was, now) in pairs]
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return None
    if operator_call(before) is not None or operator_call(after) is not None:
        return None
    names = {**before, **after}
    return [(name, before.get(name, TAKEN_AWAY), after.get(name, TAKEN_AWAY)) for name in names]
