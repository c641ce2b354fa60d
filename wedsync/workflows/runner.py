"""Runs as a window's work: claim, advance to the next effect, record, send, record what came back.

One transaction per turn writes what came home and what is taken up next; the effects it committed
to leave afterwards. A batch that cannot be written is redone run by run, and the culprit is parked
where a person can see it.
"""

import logging
import random
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from wedsync.platform import clock, leases
from wedsync.platform.outbound import Outcome
from wedsync.platform.shares import Shares
from wedsync.platform.vault import OpenKey, Vault
from wedsync.platform.wake import RUN_TICKS, Wake
from wedsync.platform.window import Turn
from wedsync.workflows import claims, journal
from wedsync.workflows.live_run import Advance, LiveRun, advance, attempt_end, parked, result_event
from wedsync.workflows.take_up import take_up

log = logging.getLogger(__name__)

Finished = tuple[LiveRun, Outcome]

# What a row itself can cause; everything else (a lost connection, a lock) is tried again whole.
_CULPABLE = (DataError, IntegrityError, ProgrammingError, ValueError, TypeError)


class RunSource:
    """The runs of all organizations, as a window's work (see `platform/window.py`)."""

    def __init__(self, engine: Engine, vault: Vault, wake: Wake, owner: leases.OwnerLock) -> None:
        self._engine = engine
        self._vault = vault
        self._wake = wake
        self._owner = owner
        self._programs = claims.Programs()

    def turn(self, finished: Sequence[Finished], room: int, shares: Shares) -> Turn[LiveRun]:
        try:
            with self._engine.begin() as connection:
                came_home = [self._after(run, outcome) for run, outcome in finished]
                journal.touch(connection, [result.move for result in came_home])
                taken_up = self._take_up(connection, room, shares) if room else []
                held = self._write(connection, [*came_home, *taken_up])
        except _CULPABLE:
            log.exception("a batch of runs could not be written; writing them one by one")
            return self._one_by_one(finished, room, shares)
        return self._committed(came_home, taken_up, held)

    def renew(self) -> None:
        with self._engine.begin() as connection:
            claims.renew(connection, self._owner.id)

    def _key_of(self, organization_id: UUID) -> OpenKey:
        with self._engine.connect() as connection:
            return self._vault.data_key(connection, organization_id)

    def _after(self, run: LiveRun, outcome: Outcome) -> Advance:
        event = result_event(run, outcome, clock.now(), random.random())
        result = advance(run, event)
        result.move.ended.append(attempt_end(run, event, outcome))
        return result

    def _take_up(self, connection: Connection, room: int, shares: Shares) -> list[Advance]:
        rows = claims.claim(connection, self._owner.id, shares, room)
        runs = claims.load(connection, self._programs, rows, self._key_of)
        taken_up = [
            take_up(row, run, clock.now(), random.random())
            for row, run in zip(rows, runs, strict=True)
        ]
        journal.touch(connection, [result.move for result in taken_up])
        return taken_up

    def _write(self, connection: Connection, advances: Sequence[Advance]) -> set[UUID]:
        moves = [result.move for result in advances]
        return journal.write(connection, self._owner.id, moves)

    def _committed(
        self, came_home: Sequence[Advance], taken_up: Sequence[Advance], held: set[UUID]
    ) -> Turn[LiveRun]:
        turn: Turn[LiveRun] = Turn(claimed=len(taken_up))
        for result in (*came_home, *taken_up):
            if result.run.id not in held:
                log.info("run %s was taken over by another worker", result.run.id)
                continue
            result.run.settle(result)
            if result.request is not None:
                turn.starts.append((result.run, result.request))
        turn.at_once = [result.run.lane for result in taken_up if result.request is None]
        self._tell(came_home, taken_up)
        return turn

    def _tell(self, came_home: Sequence[Advance], taken_up: Sequence[Advance]) -> None:
        moved = [*came_home, *taken_up]
        if any(result.move.published for result in moved):
            self._wake.ring("events")
        if moved:
            self._wake.tick(RUN_TICKS, [str(result.run.id) for result in moved])

    def _one_by_one(self, finished: Sequence[Finished], room: int, shares: Shares) -> Turn[LiveRun]:
        """The slow path: every run in a transaction of its own, the culprit parked."""
        whole: Turn[LiveRun] = Turn()
        for run, outcome in finished:
            self._alone(whole, run, partial(self._after, run, outcome))
        if not room:
            return whole
        with self._engine.begin() as connection:
            rows = claims.claim(connection, self._owner.id, shares, room)
            runs = claims.load(connection, self._programs, rows, self._key_of)
        for row, run in zip(rows, runs, strict=True):
            self._alone(whole, run, partial(take_up, row, run, clock.now(), random.random()))
        whole.claimed = len(rows)
        return whole

    def _alone(self, whole: Turn[LiveRun], run: LiveRun, step: Callable[[], Advance]) -> None:
        try:
            with self._engine.begin() as connection:
                result = step()
                journal.touch(connection, [result.move])
                held = self._write(connection, [result])
        except _CULPABLE:
            log.exception("run %s cannot be written; it is parked", run.id)
            with self._engine.begin() as connection:
                park = parked(run.id, run.organization_id, run.workflow_id, run.fence)
                journal.write(connection, self._owner.id, [park])
            return
        turn = self._committed([result], [], held)
        whole.starts.extend(turn.starts)
