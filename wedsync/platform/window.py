"""The rolling window: many effects in flight, few statements, nothing held up by the slowest.

A round-based drain waits for its slowest answer before it takes more. This one refills as answers
come: each turn records what came back and claims what is due in one transaction, then starts what
that transaction committed to.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from wedsync.platform.effects import Effect, Effects, Ended
from wedsync.platform.leases import OwnerLock
from wedsync.platform.outbound import Failure
from wedsync.platform.shares import Shares

WINDOW = 200
FLUSH_AT = 64
FLUSH_SECONDS = 0.05
GATHER_SECONDS = 0.02
LOOK_SECONDS = 1.0
_LOST_IN_TIME = ("timeout", "connect_timeout")

log = logging.getLogger(__name__)


class Job(Protocol):
    """What is in flight: a row, and which lane of which organization it holds a place of."""

    @property
    def id(self) -> UUID: ...

    @property
    def lane(self) -> str: ...

    @property
    def organization_id(self) -> UUID: ...


J = TypeVar("J", bound=Job)

Unwanted: TypeAlias = Callable[[UUID, Sequence[UUID]], Collection[UUID]]
"""Of an owner's rows in flight, those that nobody wants any more."""


@dataclass(slots=True)
class Turn(Generic[J]):
    """What one transaction committed to.

    `starts` leave now; `claimed` counts rows taken; `at_once` are lanes whose work ended inside
    the transaction without an effect. `woke`: it made other rows of this source due.
    `again_in_s`: something that may not leave yet may in that many seconds.
    """

    starts: Sequence[tuple[J, Effect]] = field(default_factory=list)
    claimed: int = 0
    at_once: list[str] = field(default_factory=list)
    woke: bool = False
    again_in_s: float | None = None


class Source(Protocol[J]):
    """Where a window's work comes from and goes to: one kind of row."""

    @property
    def owner(self) -> OwnerLock: ...

    def turn(
        self, owner: UUID, finished: Sequence[tuple[J, Any]], room: int, shares: Shares
    ) -> Turn[J]:
        """Record `finished` and claim for `owner`, in one transaction.

        What finished comes with an `Outcome`, or with whatever else its effect may end in
        (`effects.Ended`): a source that starts requests only gets outcomes only. `room` counts the
        places free now; effects that follow upon `finished` need some of them.
        """
        ...

    def renew(self, owner: UUID, rows: Sequence[UUID]) -> None:
        """Lengthen the leases `owner` has on these rows.

        On these only: a claim this window does not know of, its commit having been lost on the
        way, must run out.
        """
        ...


class Window(Generic[J]):
    """Keeps up to `size` effects of one source in flight. Used by one thread.

    `unwanted` is asked once a second about requests that are slow; those it names are ended.
    """

    def __init__(
        self,
        source: Source[J],
        *,
        size: int = WINDOW,
        renew_s: float = 15.0,
        unwanted: Unwanted | None = None,
    ) -> None:
        self._source = source
        self._unwanted = unwanted
        self._effects = Effects(limit=size)
        self._shares = Shares(size)
        self._started: dict[int, tuple[J, float]] = {}
        self._finished: list[tuple[J, Ended]] = []
        self._held_as: UUID | None = None
        self._renew_s = renew_s
        self._renewed_at = time.monotonic()
        self._asked_at = time.monotonic()
        self._again_in_s: float | None = None

    @property
    def in_flight(self) -> int:
        return len(self._started)

    def work(self, stopping: threading.Event, rung: threading.Event) -> None:
        """Work until nothing is due, or will be within a second, and nothing is in flight.

        When `stopping` is set nothing new is claimed, and what is in flight comes home.
        """
        look_at = 0.0
        while (owner := self._owner()) is not None:
            self._welcome(0.0)  # also while turns fail: what is under way must not run out of time
            due_for_a_look = rung.is_set() or time.monotonic() >= look_at or bool(self._finished)
            room = self._shares.room if due_for_a_look and not stopping.is_set() else 0
            if room:
                rung.clear()
            claimed = self._turn(owner, room) if room or self._finished else False
            if claimed:
                look_at = 0.0  # whatever was due or made due: there may be more at once
            elif room:
                again_in_s = LOOK_SECONDS if self._again_in_s is None else self._again_in_s
                look_at = time.monotonic() + again_in_s
            self._renew_in_time(owner)
            self._end_unwanted(owner)
            if self._started or claimed:
                self._collect(look_at)
            elif self._again_in_s is None or stopping.is_set():
                return
            else:
                rung.wait(self._again_in_s)

    def drop(self) -> None:
        """Forget everything in flight: its claims belong to another owner id now."""
        self._shares.forget((job.lane, job.organization_id) for job, _ in self._started.values())
        self._started.clear()
        self._finished.clear()
        self._effects.close()
        self._effects = Effects(limit=self._shares.size)

    def close(self) -> None:
        self._effects.close()

    def _owner(self) -> UUID | None:
        """Whom this turn claims for; what was begun for another is given up."""
        owner = self._source.owner.id
        if owner != self._held_as:
            self.drop()
            self._held_as = owner
        return owner

    def _turn(self, owner: UUID, room: int) -> bool:
        """Take one turn; whether there may be more to claim now."""
        # What came home is let go only after the commit: a turn that fails is taken again.
        turn = self._source.turn(owner, self._finished, room, self._shares)
        self._finished = []
        soon = turn.again_in_s is not None and turn.again_in_s <= LOOK_SECONDS
        self._again_in_s = turn.again_in_s if soon else None
        for lane in turn.at_once:
            self._shares.grow(lane)
        now = time.monotonic()
        for job, effect in turn.starts:
            self._effects.start(effect, job)
            self._shares.take(job.lane, job.organization_id)
            self._started[id(job)] = (job, now)
        return bool(turn.claimed or turn.woke)

    def _collect(self, look_at: float) -> None:
        """Gather answers until enough of them, or the oldest has waited long enough, or it is time
        for a look at what else may leave."""
        deadline = time.monotonic() + FLUSH_SECONDS
        if self._again_in_s is not None:
            deadline = min(deadline, look_at)
        while self._started and len(self._finished) < FLUSH_AT:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._welcome(left)
            if self._finished:
                deadline = min(deadline, time.monotonic() + GATHER_SECONDS)

    def _welcome(self, timeout_s: float) -> None:
        for job, outcome in self._effects.finished(timeout_s):
            self._came_home(job, outcome)  # type: ignore[arg-type]

    def _came_home(self, job: J, outcome: Ended) -> None:
        _, started_at = self._started.pop(id(job))
        lost = isinstance(outcome, Failure) and outcome.code in _LOST_IN_TIME
        self._shares.give_back(
            job.lane, job.organization_id, time.monotonic() - started_at, lost=lost
        )
        self._finished.append((job, outcome))

    def _renew_in_time(self, owner: UUID) -> None:
        if self._started and time.monotonic() - self._renewed_at >= self._renew_s:
            self._source.renew(owner, [job.id for job, _ in self._started.values()])
            self._renewed_at = time.monotonic()

    def _end_unwanted(self, owner: UUID) -> None:
        """Ask once a second whether anybody still wants what has been away for that long."""
        now = time.monotonic()
        if self._unwanted is None or now - self._asked_at < LOOK_SECONDS:
            return
        self._asked_at = now
        slow = [job for job, at in self._started.values() if now - at >= LOOK_SECONDS]
        if not slow:
            return
        unwanted = self._unwanted(owner, [job.id for job in slow])
        for job in slow:
            if job.id in unwanted:
                self._effects.end(job)
