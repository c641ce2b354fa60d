"""The rolling window: many effects in flight, few statements, nothing held up by the slowest.

A round-based drain waits for its slowest answer before it takes more. This one refills as answers
come: each turn records what came back and claims what is due in one transaction, then starts what
that transaction committed to.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from wedsync.platform.outbound import Failure, Outcome, Request, Transfers
from wedsync.platform.shares import Shares

WINDOW = 200
FLUSH_AT = 64
FLUSH_SECONDS = 0.05
GATHER_SECONDS = 0.02
LOOK_SECONDS = 1.0

log = logging.getLogger(__name__)


class Job(Protocol):
    """What is in flight: which lane of which organization it holds a place of."""

    @property
    def lane(self) -> str: ...

    @property
    def organization_id(self) -> UUID: ...


J = TypeVar("J", bound=Job)


@dataclass(slots=True)
class Turn(Generic[J]):
    """What one transaction committed to.

    `starts` leave now; `claimed` counts rows taken; `at_once` are lanes whose work ended inside
    the transaction without an effect.
    """

    starts: list[tuple[J, Request]] = field(default_factory=list)
    claimed: int = 0
    at_once: list[str] = field(default_factory=list)


class Source(Protocol[J]):
    """Where a window's work comes from and goes to: one kind of row."""

    def turn(self, finished: Sequence[tuple[J, Outcome]], room: int, shares: Shares) -> Turn[J]:
        """Record `finished` and claim at most `room` rows, in one transaction."""
        ...

    def renew(self) -> None:
        """Lengthen the leases of everything this process holds."""
        ...


class Window(Generic[J]):
    """Keeps up to `size` effects of one source in flight. Used by one thread."""

    def __init__(self, source: Source[J], *, size: int = WINDOW, renew_s: float = 15.0) -> None:
        self._source = source
        self._transfers = Transfers(limit=size)
        self._shares = Shares(size)
        self._started: dict[int, tuple[J, float]] = {}
        self._finished: list[tuple[J, Outcome]] = []
        self._renew_s = renew_s
        self._renewed_at = time.monotonic()

    @property
    def in_flight(self) -> int:
        return len(self._started)

    def work(self, stopping: threading.Event, rung: threading.Event) -> None:
        """Work until nothing is due and nothing is in flight.

        When `stopping` is set nothing new is claimed, and what is in flight comes home.
        """
        look_at = 0.0
        while True:
            due_for_a_look = rung.is_set() or time.monotonic() >= look_at or bool(self._finished)
            room = self._shares.room if due_for_a_look and not stopping.is_set() else 0
            if room:
                rung.clear()
            claimed = self._turn(room) if room or self._finished else 0
            if room and not claimed:
                look_at = time.monotonic() + LOOK_SECONDS
            self._renew_in_time()
            if not self._started and not claimed:
                return
            self._collect()

    def drop(self) -> None:
        """Forget everything in flight: its claims belong to another owner id now."""
        self._shares.forget((job.lane, job.organization_id) for job, _ in self._started.values())
        self._started.clear()
        self._finished.clear()
        self._transfers.close()
        self._transfers = Transfers(limit=self._shares.size)

    def close(self) -> None:
        self._transfers.close()

    def _turn(self, room: int) -> int:
        # What came home is let go only after the commit: a turn that fails is taken again.
        turn = self._source.turn(self._finished, room, self._shares)
        self._finished = []
        for lane in turn.at_once:
            self._shares.learn(lane, 0.0)
        now = time.monotonic()
        for job, request in turn.starts:
            self._shares.take(job.lane, job.organization_id)
            self._started[id(job)] = (job, now)
            self._transfers.start(request, job)
        return turn.claimed

    def _collect(self) -> None:
        """Gather answers until enough of them, or the oldest has waited long enough."""
        deadline = time.monotonic() + FLUSH_SECONDS
        while self._started and len(self._finished) < FLUSH_AT:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            for job, outcome in self._transfers.finished(left):
                self._came_home(job, outcome)  # type: ignore[arg-type]
            if self._finished:
                deadline = min(deadline, time.monotonic() + GATHER_SECONDS)

    def _came_home(self, job: J, outcome: Outcome) -> None:
        _, started_at = self._started.pop(id(job))
        lost = isinstance(outcome, Failure) and outcome.code == "timeout"
        self._shares.give_back(
            job.lane, job.organization_id, time.monotonic() - started_at, lost=lost
        )
        self._finished.append((job, outcome))

    def _renew_in_time(self) -> None:
        if self._started and time.monotonic() - self._renewed_at >= self._renew_s:
            self._source.renew()
            self._renewed_at = time.monotonic()
