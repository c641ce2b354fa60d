"""What the page of the builder is made of: the bar, the workflow in words, problems, steps.

Values only: whoever draws the page asks nothing else. `element` names are stable ids of the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made

from wedsync.platform.wording import State
from wedsync.workflows.building.board.coming_dates import Leaf
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.building.known.samples import SampleChoice
from wedsync.workflows.building.sentences.slots import Part


@dataclass(frozen=True, slots=True)
class Undo:
    """What a button takes back or does again. `operation` is the number it was done under."""

    words: str
    operation: int


@dataclass(frozen=True, slots=True)
class Publishing:
    """Whether the draft can go live, and else why not: `2 to answer first`, `Nothing changed`. The
    `is_first` time there are no changes to show before."""

    is_possible: bool
    why_not: str
    is_first: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """The head of the page: `Draft of version 8 · Saved 3 s ago · version 7 is live`."""

    name: str
    draft: str
    saved: str
    live: str
    undo: Undo | None
    redo: Undo | None
    publishing: Publishing
    state: State


@dataclass(frozen=True, slots=True)
class Told:
    """A stretch of the workflow in words. It leads to `step`, to the start where `is_start`; else
    it is only text. What `is_missing` asks for a `field` of it."""

    text: str
    step: str | None = None
    is_start: bool = False
    is_missing: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True)
class Repair:
    """A button beside a problem. With a `gesture` it posts that, with `values`; with `connect` it
    leads to where an account of that connector is connected, with `account` to that account's page;
    else it opens the panel of the step,
    or of the start (None), at `field`."""

    words: str
    gesture: str = ""
    values: Mapping[str, str] = made(default_factory=dict)
    connect: str = ""
    account: str = ""
    step: str | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class BoardProblem:
    """One thing to mend. `step` is None for the start and the workflow as a whole."""

    step: str | None
    field: str
    place: str
    message: str
    fix: str
    is_error: bool
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class BoardBranch:
    """A list of steps inside a step. `number` counts the branches of a choice from 0; it is None of
    “Otherwise”, a loop's steps, and of what happens when a step fails. `start` is the place above
    its first step, `end` the one below its last; `summary` counts its steps, `folded` says
    what they are and whether something is to mend."""

    element: str
    field: str
    label: str
    when: str
    number: int | None
    is_otherwise: bool
    is_selected: bool
    steps: tuple["BoardStep", ...]
    start: Spot
    end: Spot
    summary: str
    folded: str


@dataclass(frozen=True, slots=True)
class BoardStep:
    """One step. `id` is empty for one that has none and cannot be taken hold of (`has_id`), which
    only an import brings. `number` is its place in words (`2`, or `3, Otherwise` in a branch),
    `order` the number in its list, from 1; `said` the sentence with its slots; `name` what people
    call it where they gave it a name, `called` always something. It `is_off` by itself, and
    `is_passed_over` also inside one that is. `more` are lines below, `recent` who else changed it
    lately; `leaves` show when a wait for a date of the wedding is over; `after` is the place below
    it.

    The page counts steps itself, so that one that comes or goes changes no other: `repr` leaves
    their numbers out."""

    id: str
    element: str
    has_id: bool
    number: str = made(repr=False)
    order: int = made(repr=False)
    role: str
    icon: str
    name: str
    called: str
    said: tuple[Part, ...]
    state: State
    note: str
    needs_account: bool
    more: tuple[str, ...]
    recent: str
    repairs: tuple[Repair, ...]
    is_off: bool
    is_passed_over: bool
    is_selected: bool
    can_move_up: bool
    can_move_down: bool
    is_last: bool
    is_choice: bool
    can_add_branch: bool
    branches: tuple[BoardBranch, ...]
    leaves: tuple[Leaf, ...]
    after: Spot


@dataclass(frozen=True, slots=True)
class BoardTrigger:
    """What starts the workflow; before anything was chosen `is_chosen` is false and `said` asks
    what it should be."""

    element: str
    icon: str
    is_chosen: bool
    said: tuple[Part, ...]
    state: State
    more: tuple[str, ...]
    recent: str
    is_selected: bool
    leaves: tuple[Leaf, ...]
    after: Spot


@dataclass(frozen=True, slots=True)
class Board:
    """The page without its panel. `start` is the place above the first step, `end` the one below
    the last; `paste` what is on the clipboard, in words; `others` who else changed this draft in
    the last minutes, latest first; `unreadable` why nothing of the draft can be shown. `parts` are
    digests of what can be drawn alone (`board_changes`)."""

    bar: Bar
    lede: tuple[Told, ...]
    problems: tuple[BoardProblem, ...]
    errors: int
    trigger: BoardTrigger
    steps: tuple[BoardStep, ...]
    count: int
    start: Spot
    end: Spot
    paste: str
    others: tuple[str, ...]
    sample: SampleChoice
    samples: tuple[SampleChoice, ...]
    may_edit: bool
    revision: int
    unreadable: str = ""
    parts: Mapping[str, str] = made(default_factory=dict, compare=False)
