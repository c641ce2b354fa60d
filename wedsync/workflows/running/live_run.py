"""A run in memory, and what one advance of it writes and starts.

Nothing here touches the database: a move is written by `journal.write`, and only when its
transaction is committed does `LiveRun.settle` make it the run's past. How a run moves is
`advancing`; how its effects begin and end is `performing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from wedsync.connections.limits.budgets import Budget
from wedsync.connectors.contract import Access, Action
from wedsync.connectors.manifest import Limits
from wedsync.platform import effects, leaves
from wedsync.workflows.engine import Perform, Program
from wedsync.workflows.engine.attempts import is_looking_up
from wedsync.workflows.engine.protocol import Ask, Listen, Loop
from wedsync.workflows.engine.state import position_of, standing
from wedsync.workflows.run_models import NO_ITEM
from wedsync.workflows.running.journal import Move, StepRow
from wedsync.workflows.running.new_runs import NewRun


@dataclass(frozen=True, slots=True)
class Performing:
    """The effect that is on its way: what to read its outcome with.

    `access` is the connection it acts through, opened; None where it needs none. `budget` is what
    its call is counted against, `limits` what the manifest says of how answers tell of it.
    """

    action: Action
    perform: Perform
    access: Access | None = None
    is_task: bool = False
    is_message: bool = False
    budget: Budget | None = None
    limits: Limits | None = None


@dataclass(slots=True)
class LiveRun:
    """One claimed run. `outputs` are the outputs its steps see by step id, `recorded` its own
    step rows.

    An item of a loop has its `item` number and its `element` (`{item, index}`); `root_id` is the
    run people see, under which its steps are recorded. `keys` gives the organization's data keys,
    for the sealed values a step is about to send. `is_capped`: only so many of its workflow's runs
    move at once, so the next one is due when this one stops moving. `line` is the connection in
    whose line it stood when it was taken up.
    """

    id: UUID
    organization_id: UUID
    workflow_id: UUID
    origin_id: UUID
    wedding_id: UUID | None
    fence: int
    program: Program
    trigger: Mapping[str, Any]
    wedding: Mapping[str, Any] | None
    causation: Mapping[str, Any]
    started_at: datetime
    engine_state: dict[str, Any] | None
    keys: leaves.Keys
    root_id: UUID
    parent_id: UUID | None = None
    caller_id: UUID | None = None
    item: int = NO_ITEM
    element: Mapping[str, Any] | None = None
    is_capped: bool = False
    outputs: dict[str, Any] = field(default_factory=dict)
    recorded: dict[tuple[str, int], StepRow] = field(default_factory=dict)
    performing: Performing | None = None
    far_end: str | None = None
    line: UUID | None = None

    @property
    def lane(self) -> str:
        return str(self.workflow_id)

    @property
    def engine_item(self) -> int | None:
        """The item's number as the engine says it."""
        return None if self.item == NO_ITEM else self.item

    @property
    def caused(self) -> dict[str, Any]:
        """The causation of whatever this run sets off."""
        return {
            "root": self.causation["root"],
            "depth": self.causation["depth"] + 1,
            "chain": [*self.causation["chain"], str(self.workflow_id)],
        }

    def scope(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """What expressions see."""
        return {
            "trigger": self.trigger,
            "steps": outputs,
            "wedding": self.wedding,
            "run": {"id": str(self.root_id), "started_at": self.started_at.isoformat()},
            **(self.element or {}),
        }

    def settle(self, advance: "Advance") -> None:
        """Make a committed advance this run's past."""
        self.fence += 1
        self.engine_state = advance.move.engine_state
        self.outputs = advance.outputs
        self.wedding = advance.wedding
        self.recorded.update(advance.move.steps)
        self.performing = advance.performing
        self.far_end = advance.far_end
        self.line = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A partner did not know us: by which connection, with credentials of which refresh."""

    organization_id: UUID
    connection_id: UUID
    generation: int


@dataclass(slots=True)
class Advance:
    """One run's advance to its next effect, wait or end: what to write, and what then leaves.

    `wedding` is the run's as its own steps of this advance have changed it.
    `far_end` is set when what leaves may happen once: only one such leaves at a time.
    `call_taken_at` is when its call was taken of a budget, by the monotonic clock.
    `connection_id` is the connection a run stands by for, `refusal` what became of it, `lacking`
    the permissions that it waits for there.
    `loop`, `listens` and `asks` are what a waiting run waits for; `starts` are runs it calls.
    `unanswered`: it goes on without the event or the answer it waited for. Of a workflow that
    `is_paused` nothing is begun; `is_held_back` says that something would have been.
    """

    run: LiveRun
    move: Move
    outputs: dict[str, Any]
    wedding: Mapping[str, Any] | None
    performing: Performing | None = None
    leaving: effects.Effect | None = None
    far_end: str | None = None
    call_taken_at: float | None = None
    connection_id: UUID | None = None
    lacking: tuple[str, ...] = ()
    refusal: Refusal | None = None
    loop: Loop | None = None
    listens: list[Listen] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    starts: list[NewRun] = field(default_factory=list)
    unanswered: bool = False
    is_paused: bool = False
    is_held_back: bool = False

    @property
    def scope(self) -> dict[str, Any]:
        """What expressions see of what was done so far."""
        return {**self.run.scope(self.outputs), "wedding": self.wedding}

    def row(self, step: str, item: int | None) -> StepRow:
        """This step's row in the move, begun from what was recorded before."""
        key = (step, item_number(item))
        if key not in self.move.steps:
            self.move.steps[key] = self._row_as_recorded(*key)
        return self.move.steps[key]

    def _row_as_recorded(self, step: str, item: int) -> StepRow:
        run = self.run
        row = StepRow(run.root_id, step, item, run.organization_id, "started")
        before = run.recorded.get((step, item))
        if before is None:
            others = (*run.recorded.values(), *self.move.steps.values())
            row.position = 1 + max((one.position for one in others), default=-1)
        else:
            row.generation, row.attempts = before.generation, before.attempts
            row.position, row.input = before.position, before.input
        return row

    def stand_by(self, waiting_for: Mapping[str, Any], *, attempts: int = 0) -> None:
        """Turn the effect that was about to leave into a wait; somebody else says when it goes on.

        `attempts` is how many were counted without having started.
        """
        move, position = self.move, position_of(self.move.engine_state)
        if position is None:
            raise ValueError(f"run {self.run.id} has no effect to postpone")
        again = replace(position, phase="retrying", attempt=position.attempt - attempts)
        move.engine_state = standing(again)
        move.state, move.due_at, move.waiting_for = "waiting", None, dict(waiting_for)
        move.started.clear()
        row = self.row(position.step, position.item)
        row.state = "unsure" if is_looking_up(again) else "waiting"
        row.attempts = again.attempt
        self.leaving = self.performing = self.far_end = None


def begun(run: LiveRun) -> Advance:
    """An advance that has not gone anywhere yet."""
    move = Move(run.id, run.organization_id, run.workflow_id, run.fence, started_at=run.started_at)
    return Advance(run, move, dict(run.outputs), run.wedding)


def item_number(item: int | None) -> int:
    return NO_ITEM if item is None else item
