"""What people press in conditions and in the data picker: rows, what they look at, functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from wedsync.errors import Conflict, Invalid
from wedsync.workflows.building.conditions import condition_gestures
from wedsync.workflows.building.conditions.compared_values import Surroundings, shown_typed
from wedsync.workflows.building.conditions.condition_gestures import Picked
from wedsync.workflows.building.conditions.condition_patterns import is_read
from wedsync.workflows.building.conditions.condition_rows import (
    Expression,
    Group,
    Part,
    Row,
    places,
    tree_of,
    when_of,
)
from wedsync.workflows.building.conditions.condition_shapes import Kind
from wedsync.workflows.building.conditions.condition_verbs import takes_money
from wedsync.workflows.building.gestures import contradictions
from wedsync.workflows.building.gestures.doing import Done
from wedsync.workflows.building.gestures.of_steps import Gesture, set_fields
from wedsync.workflows.building.known import function_picker
from wedsync.workflows.building.known.known_data import Known
from wedsync.workflows.building.panel import field_writing, fields
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.field_writing import Remade
from wedsync.workflows.building.panel.sheets import Sheet, sheet_of
from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.building.typed.texts_with_data import Vocabulary
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing.draft_operations import TAKEN_AWAY, Change
from wedsync.workflows.editing.patches import read
from wedsync.workflows.views.builder_gestures import Asked, Doer

_ONE_VALUE = frozenset(("data", "any", "moment", "list", "number"))
"""Kinds of fields in which a value stands alone."""
_MOST_COMPARED = 2


@dataclass(frozen=True, slots=True)
class Target:
    """What a value is chosen for: a field, or in the row at `place` of the condition in it the
    value it looks at, or (`other`) the one it compares that with."""

    field: str
    place: str | None = None
    other: int | None = None


def target_of(field: str, pick: str) -> Target:
    """What the picker stands open for; see `panel_parts.Opened`. Raises Invalid."""
    kind, _, rest = pick.partition(":")
    place, _, number = rest.partition(":")
    if kind == "field":
        return Target(field)
    if kind == "subject":
        return Target(field, place)
    if kind == "other" and number.isascii() and number.isdigit():
        return Target(field, place, int(number))
    raise Invalid("Choose first what this value is for.")


@dataclass(frozen=True)
class Rows:
    """The condition that is `present` in a field of a step, as rows. The data its rows can look at
    is looked up when something is asked of it, which most gestures do not."""

    asked: Asked
    draft: Any
    present: Any

    @cached_property
    def tree(self) -> Group:
        return tree_of(self.present, self.kind_of)

    @cached_property
    def known(self) -> Known:
        return self.asked.known_in(self.draft)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        asked = self.asked
        return fields.vocabulary_of(asked.organization_id, self.draft, asked.step, self.known)

    @property
    def around(self) -> Surroundings:
        currency = self.known.item({"var": "wedding.currency"})
        return replace(self.around_no_money, currency=currency.sample_words if currency else None)

    @property
    def around_no_money(self) -> Surroundings:
        """Where no amount of money is typed, it need not be known what currency is meant."""
        return Surroundings(knows_today=self.asked.step is not None)

    def row(self, place: str) -> Row | None:
        """What stands at a place, where that is a row."""
        found = dict(places(self.tree)).get(place)
        return found if isinstance(found, Row) else None

    def kind_of(self, expression: Expression) -> Kind | None:
        """What kind of value it is for the example."""
        item = self.known.item(expression, self.asked.step)
        return item.kind if item else None


Turn: TypeAlias = Callable[[Rows], Group]
Bears: TypeAlias = Callable[[Part | None, Part | None], bool]
"""Whether a gesture means the same where the part it is done to was shown, and is by now, so."""


def _is_the_same(shown: Part | None, now: Part | None) -> bool:
    return shown == now


def _is_joined_the_same(shown: Part | None, now: Part | None) -> bool:
    if not isinstance(shown, Group) or not isinstance(now, Group):
        return False
    return shown.joined == now.joined


def _has_room(shown: Part | None, now: Part | None) -> bool:
    return isinstance(shown, Group) and isinstance(now, Group)


def _on_rows(turn: Callable[[Asked, Rows], Group], bears: Bears = _is_the_same) -> Doer:
    """A gesture on the rows of the condition that the form names."""

    def do(asked: Asked) -> Done:
        return _change_rows(asked, asked.text("place"), lambda rows: turn(asked, rows), bears)

    return do


def _change_rows(asked: Asked, place: str, turn: Turn, bears: Bears = _is_the_same) -> Done:
    """Done to the condition as it is by now, unless somebody else changed what it is done to."""

    def changes_of(draft: Any) -> Sequence[Change]:
        return _changes_of_rows(asked, draft, turn)

    def is_as_shown(shown: Any, now: Any) -> bool:
        (label, before), (own, after) = (_part_in(asked, draft, place) for draft in (shown, now))
        return label == own and (before == after or (not place and bears(before, after)))

    def act(draft: Any) -> Gesture:
        return set_fields(draft, asked.step, changes_of(draft))

    return asked.do(act, contradictions.Part(is_as_shown, changes_of))


def _changes_of_rows(asked: Asked, draft: Any, turn: Turn) -> Sequence[Change]:
    present, path = _condition(_sheet(asked, draft), asked.step, asked.text("field"))
    when = when_of(turn(Rows(asked, draft, present)))
    value = TAKEN_AWAY if when == {} and asked.step is None else when
    untouched = value is TAKEN_AWAY and present is None
    return [] if untouched or value == present else [Change(asked.step, path, value)]


def _part_in(asked: Asked, draft: Any, place: str) -> tuple[Any, Part | None]:
    """What the branch of a condition is called in a draft, and what stands at a place of it."""
    sheet = _sheet(asked, draft)
    present, path = _condition(sheet, asked.step, asked.text("field"))
    label = read(sheet.owner, (*path[:2], "label")) if path[0] == "branches" else None
    tree = tree_of(present)
    return label, dict(places(tree)).get(place) if place else tree


def _sheet(asked: Asked, draft: Any, known: Known | None = None) -> Sheet:
    sheet = sheet_of(draft, asked.step, entries(asked.organization_id), known)
    if sheet is None:
        raise Conflict("This step is not there any more.", code="step_gone")
    return sheet


def _condition(sheet: Sheet, step: str | None, field: str) -> tuple[Any, tuple[str | int, ...]]:
    """The condition in a field and the way to it in the step. Raises Conflict."""
    for spec in sheet.specs:
        if spec.name == field and spec.kind == "condition":
            path = [int(part) if part.isdecimal() else part for part in spec.path]
            start = ("trigger",) if step is None else ()
            return sheet.value(spec), (*start, *path)
    raise Conflict("This condition is not there any more.", code="row_gone")


def _add_row(asked: Asked, rows: Rows) -> Group:
    return condition_gestures.add_row(rows.tree, asked.text("place"))


def _add_group(asked: Asked, rows: Rows) -> Group:
    return condition_gestures.add_group(rows.tree, asked.text("place"))


def _remove_row(asked: Asked, rows: Rows) -> Group:
    return condition_gestures.remove(rows.tree, asked.text("place"))


def _set_joined(asked: Asked, rows: Rows) -> Group:
    return condition_gestures.set_joined(rows.tree, asked.text("place"), asked.text("joined"))


def _change_row(asked: Asked, rows: Rows) -> Group:
    """Another verb, or other things to compare with; those the form leaves out stay."""
    place = asked.text("place")
    tree = rows.tree
    row = rows.row(place)
    verb = asked.text("verb") or None
    is_of_money = any(map(takes_money, filter(None, (verb, row.verb if row else None))))
    around = rows.around if is_of_money else rows.around_no_money
    if row is not None and verb is not None and verb != row.verb:
        return condition_gestures.change_row(tree, place, verb=verb, around=around)
    typed = {
        number: asked.text(name)
        for number in range(_MOST_COMPARED)
        if (name := f"others.{number}") in asked.form
    }
    others = _others(row, typed)
    return condition_gestures.change_row(tree, place, others=others, around=around)


def _others(row: Row | None, given: Mapping[int, str | Picked]) -> list[str | Picked]:
    """What a row compares with, with what is given put in its place."""
    if row is None:
        return []
    return [given.get(number, _as_given(row, number)) for number, _ in enumerate(row.choice.inputs)]


def _as_given(row: Row, number: int) -> str | Picked:
    own = row.others[number] if number < len(row.others) else {}
    shown = shown_typed(row.choice.inputs[number].kind, own)
    return Picked(own) if shown is None else shown


def insert(asked: Asked) -> Done:
    """Put a value where the picker stands open for one."""
    target = target_of(asked.text("field"), asked.text("pick"))
    name = asked.text("name")
    if target.place is None:
        return _insert_in_field(asked, target.field, name)
    place = target.place
    return _change_rows(
        asked, place, lambda rows: _put(rows, target, _value(rows.vocabulary, name))
    )


def _put(rows: Rows, target: Target, value: Expression) -> Group:
    place = target.place or ""
    if target.other is None:
        kind = rows.kind_of(value)
        return condition_gestures.change_row(
            rows.tree, place, subject=value, kind=kind, around=rows.around
        )
    others = _others(rows.row(place), {target.other: Picked(value)})
    return condition_gestures.change_row(rows.tree, place, others=others, around=rows.around)


def _value(vocabulary: Vocabulary, name: str) -> Expression:
    try:
        return vocabulary.expression_of(name)
    except NotReadable as error:
        raise Conflict("This value is not there any more.", code="row_gone") from error


def _insert_in_field(asked: Asked, name: str, value: str) -> Done:
    """Put a value after what stands in a field, or in its place where it stands alone. What else
    was typed in the panel goes along."""

    def changes_of(shown: Any) -> Sequence[Change]:
        known = asked.known_in(shown)
        sheet = _sheet(asked, shown, known)
        _value(sheet.vocabulary, value)
        typed = asked.typed
        form = {**typed, **_with_value(sheet, typed, name, f"[{value}]")}
        return field_writing.write(asked.organization_id, shown, asked.step, form, known)

    return asked.change(changes_of)


def _with_value(sheet: Sheet, typed: Mapping[str, str], name: str, pill: str) -> dict[str, str]:
    """What a form would say in which the value was typed into a field, or into a row of one."""
    for spec in sheet.specs:
        if spec.name == name:
            there = typed[name] if name in typed else fields.shown_in(sheet, spec)[0]
            return {name: _joined(spec, there, pill)}
        if name.startswith(f"{spec.name}.") and spec.kind in ("key_values", "inputs"):
            return _rows_with(sheet, spec, typed, name, pill)
    raise Conflict("This field is not there any more.", code="row_gone")


def _joined(spec: Spec, typed: str, pill: str) -> str:
    if spec.kind in _ONE_VALUE or not typed.strip():
        return pill
    return f"{typed}{'' if typed[-1:].isspace() else ' '}{pill}"


def _rows_with(
    sheet: Sheet, spec: Spec, typed: Mapping[str, str], name: str, pill: str
) -> dict[str, str]:
    rows = fields.rows_in(typed, spec.name) or fields.shown_in(sheet, spec)[1]
    form: dict[str, str] = {}
    for number, row in enumerate(rows):
        form[f"{spec.name}.{number}.name"] = row.name
        form[f"{spec.name}.{number}.value"] = row.typed
    return {**form, name: _joined(spec, form.get(name, ""), pill)}


def apply_function(asked: Asked) -> Done:
    """Work something out of the value that stands where the picker is open."""
    target = target_of(asked.text("field"), asked.text("pick"))
    told = {
        name.removeprefix("argument."): value
        for name, value in asked.form.items()
        if name.startswith("argument.")
    }

    def made_of(present: Expression) -> Expression:
        if not is_read(present):
            raise Invalid("Choose a value first, then what to make of it.")
        return function_picker.apply(asked.text("function"), present, told)

    if target.place is not None:
        return _change_rows(
            asked, target.place, lambda rows: _put(rows, target, made_of(_present(rows, target)))
        )
    return _make_in_field(asked, Remade(target.field, made_of))


def _make_in_field(asked: Asked, remade: Remade) -> Done:
    """Work it out where it stands; what else was typed in the panel goes along."""
    organization_id, step = asked.organization_id, asked.step

    def changes_of(shown: Any) -> Sequence[Change]:
        known = asked.known_in(shown)
        return field_writing.write(organization_id, shown, step, asked.typed, known, remade)

    def act(draft: Any) -> Gesture:
        changes = field_writing.write(organization_id, draft, step, {}, remade=remade)
        return set_fields(draft, step, changes)

    return asked.change(changes_of) if asked.seen is not None else asked.do(act)


def _present(rows: Rows, target: Target) -> Expression:
    row = rows.row(target.place or "")
    if row is None:
        raise Conflict("This row is no longer there.", code="row_gone")
    if target.other is None:
        return row.subject
    return row.others[target.other] if target.other < len(row.others) else None


GESTURES: Mapping[str, Doer] = {
    "add-row": _on_rows(_add_row, _has_room),
    "add-group": _on_rows(_add_group, _has_room),
    "remove-row": _on_rows(_remove_row),
    "set-joined": _on_rows(_set_joined, _is_joined_the_same),
    "change-row": _on_rows(_change_row),
    "insert": insert,
    "apply-function": apply_function,
}
"""By the name in the address."""
