"""What the page of a run tells, as plain shapes: steps, tries, loops and their items."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.platform.wording import State
from wedsync.workflows.words.shown_values import Row
from wedsync.workflows.words.step_lines import Piece

_NODES = {"failed": "needs", "asks": "needs", "skipped": "off", "ahead": "off"}


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: when, what came of it, how long it took."""

    number: int
    at: datetime
    answer: str
    took: str


@dataclass(frozen=True, slots=True)
class ToldItem:
    """One item of a loop: what it is called, how it stands, and its own steps."""

    id: UUID
    place: int
    name: str
    at: datetime
    state: State
    asks: str
    why: str
    steps: tuple["Told", ...]


@dataclass(frozen=True, slots=True)
class ToldLoop:
    """A loop of the run (or item) `run_id`: `counts` are what became of its items, in words, and
    the filter that shows them; the first few items stand below."""

    run_id: UUID
    step_id: str
    total: int
    counts: tuple[tuple[str, str], ...]
    items: tuple[ToldItem, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldCall:
    """The run of another workflow that a step started."""

    run_id: UUID
    workflow_name: str
    state: State


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a run. `values` are shown, `more` folded; `others` are branches not taken;
    `reads` is what it was worked out with; `question_id` is what somebody is asked. One that
    `is_off` was passed over."""

    id: str
    role: str
    icon: str
    at: datetime | None
    sentence: tuple[Piece, ...]
    state: State
    detail: tuple[Piece, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    more: tuple[tuple[str, str], ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    took: tuple[str, ...] = ()
    why: str = ""
    technical: str = ""
    tries: tuple[Try, ...] = ()
    inside: tuple["Told", ...] = ()
    event_id: str = ""
    reads: tuple[Row, ...] = ()
    loop: ToldLoop | None = None
    call: ToldCall | None = None
    question_id: UUID | None = None
    is_off: bool = False

    @property
    def node(self) -> str:
        """The look of the mark on the line."""
        return _NODES.get(self.state.kind, self.state.kind)

    @property
    def is_ahead(self) -> bool:
        return self.state.kind == "ahead"
