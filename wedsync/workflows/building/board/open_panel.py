"""The panel of what is opened: a step, one branch of it, or what starts the workflow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wedsync.errors import Invalid
from wedsync.workflows.building.board.board_parts import BoardProblem
from wedsync.workflows.building.board.condition_panel import Refused, condition_of
from wedsync.workflows.building.board.data_panel import picker_of
from wedsync.workflows.building.board.panel_parts import (
    ConditionPanel,
    Opened,
    Panel,
    PanelField,
    Preview,
    Tab,
)
from wedsync.workflows.building.board.repairs import account_repairs, problems_of
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.building.board.step_rows import branch_opened, told_as
from wedsync.workflows.building.gestures.contradictions import fingerprint
from wedsync.workflows.building.known.data_items import sample_words
from wedsync.workflows.building.known.working_out import value_of
from wedsync.workflows.building.panel.field import Field
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.building.panel.fields import as_typed, fields_on
from wedsync.workflows.building.panel.sheets import Sheet, sheet_for
from wedsync.workflows.building.sentences.slots import questions, said_in_draft
from wedsync.workflows.building.typed.texts_with_data import values_in
from wedsync.workflows.engine.expressions import EvaluationFailed
from wedsync.workflows.engine.plain_words import clip
from wedsync.workflows.engine.steps.kind import is_off, mapping, sequence
from wedsync.workflows.engine.triggers import TRIGGERS
from wedsync.workflows.words.step_lines import TRIGGER_LOOKS, look_of

LONGEST_PREVIEW = 160

_SHOWN = frozenset(("text", "long_text", "number", "data", "any", "list", "moment", "person"))
"""Kinds of fields that show what they give."""
_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth")


def panel(
    setting: Setting,
    opened: Opened,
    form: Mapping[str, str] | None = None,
    refused: Invalid | None = None,
    problem: str = "",
) -> Panel | None:
    """What can be set; None where that step is gone, or nothing is chosen yet to start with.

    `form` is what somebody typed that was `refused`: it stays, with the reason beside each field.
    `problem` is said above.
    """
    owner = setting.owner_of(opened.step)
    if owner is None or (opened.step is None and not _starts(owner)):
        return None
    sheet = sheet_for(owner, opened.step, setting.entries, setting.known)
    where = _Where.of(setting, opened, sheet)
    shown = _fields(setting, opened, sheet, where, form, refused)
    return Panel(
        step=opened.step,
        field=where.field,
        title=where.title,
        place=where.place,
        icon=_icon(sheet.owner, opened.step),
        seen=fingerprint(setting.definition, opened.step),
        tabs=where.tabs,
        branch=where.branch,
        branch_label=where.label,
        is_otherwise=where.field == "otherwise",
        fields=shown,
        condition=_condition(setting, opened, sheet, where, Refused.of(form, refused)),
        picker=picker_of(setting, opened, sheet) if opened.pick and setting.may_edit else None,
        problems=_problems(setting, opened, where, sheet),
        repairs=tuple(_accounts(setting, opened, sheet)),
        error=problem,
        is_off=opened.step is not None and is_off(sheet.owner),
        may_edit=setting.may_edit,
    )


def _starts(trigger: Mapping[str, Any]) -> bool:
    kind = trigger.get("kind")
    return isinstance(kind, str) and kind in TRIGGERS


@dataclass(frozen=True, slots=True)
class _Where:
    """What of the step is shown: of a choice one branch, or “Otherwise”."""

    field: str
    title: str
    place: str
    tabs: tuple[Tab, ...] = ()
    branch: int | None = None
    label: str = ""

    @classmethod
    def of(cls, setting: Setting, opened: Opened, sheet: Sheet) -> "_Where":
        if opened.step is None:
            return cls(opened.field, "What starts it", "The start")
        found = setting.known.placed.get(opened.step)
        place = f"Step {found.number}" if found else "A step"
        if sheet.owner.get("kind") == "choose":
            return _branch(sheet.owner, opened, place)
        label = sheet.owner.get("label")
        parts = said_in_draft(sheet.owner, setting.names, setting.entries, setting.known)
        named = label.strip() if isinstance(label, str) else ""
        return cls(opened.field, clip(named or told_as(sheet.owner, parts, setting), 80), place)


def _branch(step: Mapping[str, Any], opened: Opened, place: str) -> _Where:
    """The branch that is open: the one that is asked for, else the first."""
    branches = sequence(step.get("branches"))
    asked = branch_opened(opened.field)
    number = int(asked.split(".")[1]) if asked.startswith("branches.") else 0
    is_otherwise = asked == "otherwise" or number >= len(branches)
    names = [_called(branch, at) for at, branch in enumerate(branches)]
    tabs = [
        Tab(name, f"branches.{at}.when", at == number and not is_otherwise)
        for at, name in enumerate(names)
    ]
    otherwise = Tab("Otherwise", "otherwise", is_otherwise)
    if is_otherwise:
        return _Where("otherwise", "Otherwise", f"{place}, last branch", (*tabs, otherwise))
    which = (
        f"{_ORDINALS[number].lower()} branch" if number < len(_ORDINALS) else f"branch {number + 1}"
    )
    return _Where(
        opened.field if asked else tabs[number].field,
        names[number],
        f"{place}, {which}",
        (*tabs, otherwise),
        number,
        names[number],
    )  # fmt: skip


def _called(branch: Any, number: int) -> str:
    label = mapping(branch).get("label")
    named = isinstance(label, str) and bool(label.strip())
    return clip(str(label).strip(), 80) if named else f"Branch {number + 1}"


def _icon(owner: Mapping[str, Any], step_id: str | None) -> str:
    if step_id is not None:
        return look_of(owner)["icon"]
    return TRIGGER_LOOKS.get(str(owner.get("kind")), TRIGGER_LOOKS["later"])["icon"]


def _is_here(name: str, where: _Where) -> bool:
    """Whether a field belongs to what is shown of the step."""
    return not name.startswith("branches.") or name.startswith(f"branches.{where.branch}.")


def _fields(
    setting: Setting,
    opened: Opened,
    sheet: Sheet,
    where: _Where,
    form: Mapping[str, str] | None,
    refused: Invalid | None,
) -> tuple[PanelField, ...]:
    organization_id = setting.person.organization_id
    found = fields_on(organization_id, sheet, setting.entries, setting.choosable)
    shown: Sequence[Field] = [
        each for each in found if each.kind != "condition" and _is_here(each.name, where)
    ]
    if form is not None and refused is not None and "place" not in form:
        shown = as_typed(shown, form, refused)
    specs = {spec.name: spec for spec in sheet.specs}
    return tuple(
        PanelField(
            field=each,
            preview=_preview(setting, opened, sheet, specs[each.name]),
            is_open=opened.pick == "field" and _is_of(opened.field, each),
        )
        for each in shown
    )


def _is_of(opened: str, field: Field) -> bool:
    return opened == field.name or (bool(field.rows) and opened.startswith(f"{field.name}."))


def _preview(setting: Setting, opened: Opened, sheet: Sheet, spec: Spec) -> Preview | None:
    """What data in a field comes to for the example; None where there is none in it."""
    value = sheet.value(spec)
    if not spec.takes_data or spec.kind not in _SHOWN:
        return None
    held = mapping(value).get("email") if spec.kind == "person" else value
    if not any(True for _ in values_in(held)):
        return None
    try:
        given = value_of(held, setting.sample.sight(opened.step))
    except EvaluationFailed as failure:
        return Preview(str(failure), is_known=False)
    return Preview(_words(given, setting), is_known=given is not None)


def _words(given: Any, setting: Setting) -> str:
    if not isinstance(given, str):
        return "nothing" if given is None else sample_words(given, setting.words)
    return clip(" ".join(given.split()), LONGEST_PREVIEW) or "an empty text"


def _condition(
    setting: Setting, opened: Opened, sheet: Sheet, where: _Where, refused: Refused | None
) -> ConditionPanel | None:
    for spec in sheet.specs:
        if spec.kind == "condition" and _is_here(spec.name, where):
            title = _condition_title(spec, opened)
            return condition_of(setting, opened, spec.name, title, sheet.value(spec), refused)
    return None


def _condition_title(spec: Spec, opened: Opened) -> str:
    if spec.name.startswith("branches."):
        return "Take this branch when"
    return "Start only if" if opened.step is None else spec.title


def _problems(
    setting: Setting, opened: Opened, where: _Where, sheet: Sheet
) -> tuple[BoardProblem, ...]:
    """What is wrong with what is shown."""
    placed = setting.known.placed
    asked = questions(said_in_draft(sheet.owner, setting.names, setting.entries, setting.known))
    found = problems_of(
        setting,
        {name: here.number for name, here in placed.items()},
        {name: here.step for name, here in placed.items()},
        {(opened.step, slot.field) for slot in asked},
        of_step=(opened.step,),
    )
    names = sorted((spec.name for spec in sheet.specs), key=len, reverse=True)
    return tuple(_at_field(each, names) for each in found if _is_here(each.field, where))


def _at_field(problem: BoardProblem, names: Sequence[str]) -> BoardProblem:
    """The problem at the field it stands in: `values.seats` is in `values`."""
    own = (name for name in names if f"{problem.field}.".startswith(f"{name}."))
    return replace(problem, field=next(own, problem.field))


def _accounts(setting: Setting, opened: Opened, sheet: Sheet) -> Iterator[Any]:
    """Where an account is connected, of an action that has none."""
    use = sheet.owner.get("use")
    entry = setting.entries.get(use) if isinstance(use, str) else None
    needs = entry is not None and entry.needs_account and not sheet.owner.get("connection")
    if entry is not None and needs and opened.step is not None and setting.may_edit:
        yield from account_repairs(setting, opened.step, entry)
