"""The open data picker: what can be chosen, for the example couple, and what can be made of it."""

from typing import Any

from wedsync.workflows.building.board.condition_panel import kind_in, tree_in
from wedsync.workflows.building.board.panel_parts import DataPanel, Opened, ShownPill
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.building.conditions.condition_patterns import is_blank, is_read
from wedsync.workflows.building.conditions.condition_rows import Row, places
from wedsync.workflows.building.known.data_items import ItemKind
from wedsync.workflows.building.known.data_search import search
from wedsync.workflows.building.known.function_picker import (
    FunctionChoice,
    FunctionGroup,
    functions_for,
)
from wedsync.workflows.building.known.pills import label_of
from wedsync.workflows.building.panel.sheets import Sheet
from wedsync.workflows.building.typed.texts_with_data import values_in

_NOT_SET = object()


def picker_of(setting: Setting, opened: Opened, sheet: Sheet) -> DataPanel | None:
    """What stands open beside a field or row; None where none does, or that is gone."""
    title, present = _target(setting, opened, sheet)
    if present is _NOT_SET:
        return None
    has_value = is_read(present) and not is_blank(present)
    asks_functions = opened.query.lstrip().startswith("/")
    groups = () if asks_functions else search(setting.known.at(opened.step), opened.query)
    kind = _kind(setting, opened, present) if has_value else "anything"
    functions = _functions(kind, opened, has_value=has_value, asked=asks_functions)
    return DataPanel(
        field=opened.field,
        pick=opened.pick,
        query=opened.query,
        title=title,
        for_whom=setting.sample.name,
        groups=groups,
        names=tuple(
            tuple(sheet.vocabulary.name_of(item.expression) for item in group.items)
            for group in groups
        ),
        present=_pill(setting, opened, present) if has_value else None,
        chosen=sheet.vocabulary.name_of(present) if has_value else "",
        functions=functions,
        asks_functions=asks_functions,
        asked=_asked(kind, opened.function) if has_value else None,
    )


def _target(setting: Setting, opened: Opened, sheet: Sheet) -> tuple[str, Any]:
    """What the picker is called, and what stands where it would put a value."""
    kind, _, rest = opened.pick.partition(":")
    if kind == "field":
        return _in_field(opened, sheet)
    spec = next((each for each in sheet.specs if each.name == opened.field), None)
    if kind not in ("subject", "other") or spec is None or spec.kind != "condition":
        return "", _NOT_SET
    place, _, number = rest.partition(":")
    row = dict(places(tree_in(setting, opened.step, sheet.value(spec)))).get(place)
    if not isinstance(row, Row):
        return "", _NOT_SET
    if kind == "subject":
        return "The value to look at", row.subject
    is_there = number.isascii() and number.isdigit() and int(number[:4]) < len(row.choice.inputs)
    if not is_there or not row.choice.inputs[int(number)].takes_data:
        return "", _NOT_SET
    return "What to compare it with", row.others[int(number)] if int(number) < len(
        row.others
    ) else {}


def _in_field(opened: Opened, sheet: Sheet) -> tuple[str, Any]:
    """A field that takes data, or a row of one."""
    for spec in sheet.specs:
        is_row = spec.kind == "key_values" and opened.field.startswith(f"{spec.name}.")
        if spec.takes_data and (spec.name == opened.field or is_row):
            return spec.title, {} if is_row else _alone(sheet.value(spec))
    return "", _NOT_SET


def _alone(value: Any) -> Any:
    """A value that stands alone; nothing where it stands among words."""
    return value if list(values_in(value)) == [value] else {}


def _kind(setting: Setting, opened: Opened, present: Any) -> ItemKind:
    found = kind_in(setting, opened.step, present)
    return "anything" if found is None or found == "wedding" else found


def _functions(
    kind: ItemKind, opened: Opened, *, has_value: bool, asked: bool
) -> tuple[FunctionGroup, ...]:
    """What can be made of the value that is there; what is searched for is a value, unless it
    begins with a slash."""
    if not has_value or (opened.query.strip() and not asked):
        return ()
    return functions_for(kind, opened.query if asked else "")


def _asked(kind: ItemKind, name: str) -> FunctionChoice | None:
    """A function that was chosen and is still to be told more."""
    every = (choice for group in functions_for(kind) for choice in group.choices)
    return next((choice for choice in every if choice.name == name and choice.inputs), None)


def _pill(setting: Setting, opened: Opened, present: Any) -> ShownPill:
    pill = label_of(present, setting.known, opened.step)
    return ShownPill(pill.words, pill.icon, pill.is_missing)
