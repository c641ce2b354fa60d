"""What the panel of a step, of a branch, or of the start is made of. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from wedsync.workflows.building.board.board_parts import BoardProblem, Repair
from wedsync.workflows.building.conditions.compared_values import InputKind
from wedsync.workflows.building.known.data_items import DataGroup
from wedsync.workflows.building.known.data_search import LONGEST_QUERY
from wedsync.workflows.building.known.function_picker import FunctionChoice, FunctionGroup
from wedsync.workflows.building.panel.field import Choice, Field
from wedsync.workflows.editing.draft_operations import located

Answer: TypeAlias = Literal["yes", "no", "unknown"]
Target: TypeAlias = Literal["field", "subject", "other"]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a page has open. `step` None is the start. `field` is one of the panel's (`input.to`,
    `branches.1.when`); with `pick` the data picker is open for it:

    `field` for the field itself; `subject:0.1` for the value a row of its condition looks at;
    `other:0.1:0` for what that row compares it with, counted from 0. `query` narrows what the
    picker shows, with a slash in front to functions; `function` is one that was chosen and is
    still to be told more."""

    step: str | None = None
    field: str = ""
    pick: str = ""
    query: str = ""
    function: str = ""

    @classmethod
    def of(cls, definition: Any, args: Mapping[str, str]) -> "Opened | None":
        """What the query of a page says; None where it opens nothing. `-start`, which no step can
        be called, is what starts the workflow, and so is `start` where no step is called that."""
        named = args.get("step", "")
        if not named:
            return None
        is_start = named == "-start" or (named == "start" and not _has_step(definition, named))
        return cls(
            step=None if is_start else named,
            field=args.get("field", ""),
            pick=args.get("pick", ""),
            query=args.get("q", "")[:LONGEST_QUERY],
            function=args.get("function", ""),
        )


def _has_step(definition: Any, step_id: str) -> bool:
    return any(each.step.get("id") == step_id for each in located(definition))


@dataclass(frozen=True, slots=True)
class Tab:
    """A branch of a choice: opening it is opening `field` of the step."""

    words: str
    field: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a row, a field or a whole condition gives for the example couple: `No, it is 12`."""

    answer: Answer
    words: str
    because: str

    @property
    def said(self) -> str:
        return f"{self.words}, {self.because}" if self.because else self.words


@dataclass(frozen=True, slots=True)
class ShownPill:
    """A value from data as it stands in a field or row."""

    words: str
    icon: str
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class ShownInput:
    """One thing a row compares with, counted by `number` from 0: typed, or a pill."""

    number: int
    kind: InputKind
    label: str
    before: str
    after: str
    typed: str
    pill: ShownPill | None
    takes_data: bool
    is_open: bool
    error: str = ""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of a condition. `subject` is None while its value is to be chosen; `words` is what an
    imported part says that no row can (`is_opaque`: it can only be taken out)."""

    place: str
    subject: ShownPill | None
    verb: str
    verbs: tuple[Choice, ...]
    verbs_title: str
    inputs: tuple[ShownInput, ...]
    gives: Verdict | None
    is_open: bool
    is_opaque: bool = False
    words: str = ""

    @property
    def element(self) -> str:
        """Of the page."""
        return f"row-{self.place.replace('.', '-')}"


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """Rows that are joined by all of, or any of; groups stand in groups only so deep."""

    place: str
    joined: Literal["all", "any"]
    parts: tuple["ShownRow | ShownGroup", ...]
    gives: Verdict | None
    can_add_group: bool

    @property
    def rows(self) -> tuple[ShownRow, ...]:
        """Those of all groups in it, in order."""
        inside = (each.rows if isinstance(each, ShownGroup) else (each,) for each in self.parts)
        return tuple(row for rows in inside for row in rows)


@dataclass(frozen=True, slots=True)
class ConditionPanel:
    """The condition in `field` as rows. `result` is the sentence below them: “For Ada & Ben this
    branch is not taken.”"""

    field: str
    title: str
    tree: ShownGroup
    gives: Verdict
    result: str
    can_be_removed: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What a field gives for the example couple; `is_known` is false where it cannot be told."""

    words: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class PanelField:
    """A field, what it gives for the example couple where it holds data, and whether the picker
    stands open at it."""

    field: Field
    preview: Preview | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class DataPanel:
    """The open data picker. `asks_functions`: the query began with a slash, or a value is there
    already to work on. `insert` names by group and item what is put in a field where pills are
    typed: `[Couple’s e-mail]`. `asked` is the function that is still to be told more."""

    field: str
    pick: str
    query: str
    title: str
    for_whom: str
    groups: tuple[DataGroup, ...]
    names: tuple[tuple[str, ...], ...]
    present: ShownPill | None
    chosen: str
    functions: tuple[FunctionGroup, ...]
    asks_functions: bool
    asked: FunctionChoice | None


@dataclass(frozen=True, slots=True)
class Panel:
    """The panel: of a step, of one branch of it, or of the start (`step` None).

    `seen` is what a form posts back as the fingerprint of what was shown; `fields` those of the
    panel in order (a choice shows those of the branch that is open); `branch` is the number of that
    branch, None for “Otherwise” and where there are no branches.
    """

    step: str | None
    field: str
    title: str
    place: str
    icon: str
    seen: str
    tabs: tuple[Tab, ...]
    branch: int | None
    branch_label: str
    is_otherwise: bool
    fields: tuple[PanelField, ...]
    condition: ConditionPanel | None
    picker: DataPanel | None
    problems: tuple[BoardProblem, ...]
    repairs: tuple[Repair, ...]
    error: str
    is_off: bool
    may_edit: bool
