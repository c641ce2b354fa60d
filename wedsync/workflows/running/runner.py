"""Runs as a window's work: claim, advance to the next effect, record, send, record what came back.

One transaction per turn writes what came home and what is taken up next; the effects it committed
to leave afterwards. A batch that cannot be written is redone run by run, and the culprit is parked
where a person can see it.
"""

import logging
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row
from sqlalchemy.exc import DBAPIError

from wedsync.connections.limits import budgets
from wedsync.platform import clock, crypto, leases
from wedsync.platform.culprits import CULPABLE, Patience, sorted_out, took_too_long
from wedsync.platform.effects import Effect, Ended
from wedsync.platform.shares import Shares
from wedsync.platform.vault import Found, Vault
from wedsync.platform.wake import RUN_TICKS, Wake
from wedsync.platform.window import Turn
from wedsync.settings import Settings
from wedsync.workflows.running import (
    budget_lines,
    calling,
    claims,
    dated_waits,
    deadly_runs,
    items,
    journal,
    listening,
    loading,
    once_slots,
    performing,
    recording,
    waiting_on,
)
from wedsync.workflows.running.advancing import come_home, parked
from wedsync.workflows.running.live_run import Advance, LiveRun
from wedsync.workflows.running.programs import Programs
from wedsync.workflows.running.reach import Reach
from wedsync.workflows.running.recording import Recorded
from wedsync.workflows.running.take_up import take_up

log = logging.getLogger(__name__)

_TOO_SLOW = "Writing down what happened here took too long each time we tried."

Finished = tuple[LiveRun, Ended]


@dataclass(slots=True)
class _Moved:
    """What one transaction did: `claimed` rows were taken."""

    came_home: list[Advance]
    taken_up: list[Advance]
    claimed: int
    recorded: Recorded

    @property
    def kept(self) -> list[Advance]:
        """Those that were written."""
        both = (*self.came_home, *self.taken_up)
        return [one for one in both if one.run.id in self.recorded.held]


class RunSource:
    """The runs of all organizations, as a window's work (see `platform/window.py`)."""

    def __init__(
        self,
        engine: Engine,
        vault: Vault,
        settings: Settings,
        wake: Wake,
        owner: leases.OwnerLock,
    ) -> None:
        self.owner = owner
        self._engine = engine
        self._vault = vault
        self._settings = settings
        self._wake = wake
        self._patience = Patience()
        self._programs = Programs()
        self._lines: dict[budget_lines.Place, int] = {}
        self._look_at: float | None = None

    def turn(
        self, owner: UUID, finished: Sequence[Finished], room: int, shares: Shares
    ) -> Turn[LiveRun]:
        self._note(finished)
        self._let_go()
        try:
            moved = self._together(owner, finished, room, shares)
        except CULPABLE as error:
            if not self._patience.blames(error):
                raise
            log.exception("a batch of runs could not be written; writing them one by one")
            moved = self._one_by_one(owner, finished, room, shares)
        self._patience.restore()
        return self._committed(moved)

    def renew(self, owner: UUID, rows: Sequence[UUID]) -> None:
        with self._engine.begin() as connection:
            claims.renew(connection, owner, rows)

    def _together(
        self, owner: UUID, finished: Sequence[Finished], room: int, shares: Shares
    ) -> _Moved:
        with self._engine.begin() as connection:
            reach = self._reach(connection)
            paused = claims.paused(connection, [run.workflow_id for run, _ in finished])
            came_home = [_after(reach, paused, run, ended) for run, ended in finished]
            next_in_line = once_slots.give_back(connection, owner, _slot_holders(finished))
            recording.prepare(connection, owner, came_home, next_in_line)
            claimed = self._claim(connection, owner, came_home, room, shares)
            taken_up = self._take_up(connection, reach, claimed.rows)
            recording.prepare(connection, owner, taken_up, written_later=came_home)
            recorded = recording.write(connection, owner, [*came_home, *taken_up])
            claims.served(connection, claimed)
        return _Moved(came_home, taken_up, len(claimed.rows), recorded)

    def _one_by_one(
        self, owner: UUID, finished: Sequence[Finished], room: int, shares: Shares
    ) -> _Moved:
        """The slow path: every run behind a savepoint of its own, the culprit parked."""
        moved = _Moved([], [], 0, Recorded())
        with self._engine.begin() as connection:
            reach = self._reach(connection)
            paused = claims.paused(connection, [run.workflow_id for run, _ in finished])
            next_in_line = once_slots.give_back(connection, owner, _slot_holders(finished))
            recording.prepare(connection, owner, [], next_in_line)
            alone = partial(self._alone, connection, owner, moved.recorded)
            in_order = sorted(finished, key=lambda each: each[0].id)  # each is locked on its own
            steps = [(run, partial(_after, reach, paused, run, ended)) for run, ended in in_order]
            moved.came_home = [done for run, step in steps if (done := alone(run, step))]
            claimed = self._claim(connection, owner, moved.came_home, room, shares)
            begin = partial(self._take_up_one, connection, reach)
            for row in claimed.rows:
                if done := alone(row, partial(begin, row)):
                    moved.taken_up.append(done)
                elif self._patience.is_out:
                    break  # what is under way must be renewed in time; the others stay due
            moved.claimed = len(claimed.rows)
            claims.served(connection, claimed)
        return moved

    def _alone(
        self,
        connection: Connection,
        owner: UUID,
        recorded: Recorded,
        run: LiveRun | Row[Any],
        step: Callable[[], Advance],
    ) -> Advance | None:
        try:
            with connection.begin_nested():
                result = step()
                recording.prepare(connection, owner, [result])
                recorded.add(recording.write(connection, owner, [result]))
        except CULPABLE as error:
            if not self._patience.blames_it(error):
                raise
            log.exception("run %s cannot be written; it is parked", run.id)
            move = parked(run)
            if isinstance(error, items.TooMuch):
                move.reason = {"code": "too_large", "message": str(error)}
            elif took_too_long(error):
                move.reason = {"code": "internal", "message": _TOO_SLOW}
            _park(connection, owner, run, move)
            return None
        return result

    def _claim(
        self,
        connection: Connection,
        owner: UUID,
        came_home: Sequence[Advance],
        room: int,
        shares: Shares,
    ) -> claims.Claimed:
        """Claim for the places that the next effects of what came home leave free."""
        going_on = [
            (result.run.lane, result.run.organization_id)
            for result in came_home
            if result.leaving is not None
        ]
        leaving = [result.run.id for result in came_home if result.move.state != "running"]
        claimed = claims.claim(connection, shares.allotment(room, going_on), leaving)
        most = self._settings.recoveries_before_parking
        claimed.rows, hopeless = sorted_out(claimed.rows, most)
        for row in hopeless:
            log.error("run %s kills who takes it up; it is parked", row.id)
            _park(connection, owner, row, deadly_runs.parked(row))
        claimed.rows = dated_waits.held(connection, claimed.rows, clock.now())
        deadly_runs.note(self._engine, owner, claimed.rows)
        return claimed

    def _reach(self, connection: Connection) -> Reach:
        return Reach(connection, self._vault, self._settings)

    def _take_up_one(self, connection: Connection, reach: Reach, row: Row[Any]) -> Advance:
        return self._take_up(connection, reach, [row])[0]

    def _take_up(
        self, connection: Connection, reach: Reach, rows: Sequence[Row[Any]]
    ) -> list[Advance]:
        runs = loading.load(connection, self._programs, rows, self._keys_of)
        return [
            take_up(row, run, clock.now(), random.random(), reach)
            for row, run in zip(rows, runs, strict=True)
        ]

    def _keys_of(self, organization_id: UUID, key_ids: Collection[UUID]) -> Mapping[UUID, Found]:
        with self._engine.connect() as connection:
            return self._vault.keys(connection, organization_id, key_ids)

    def _committed(self, moved: _Moved) -> Turn[LiveRun]:
        at_once = [
            result.run.lane
            for result in moved.taken_up
            if result.leaving is None and result.move.state != "waiting"
        ]
        self._lines = budget_lines.places_of(moved.kept)
        for result in moved.kept:
            result.run.settle(result)
        self._after_commit(moved)
        woke = bool(self._lines) or recording.wakes(moved.kept)
        again_in_s = self._again_in_s()
        return Turn(_starts(moved), moved.claimed, at_once, woke, again_in_s)

    def _note(self, finished: Sequence[Finished]) -> None:
        """Remember for everybody what answers said of limits, before anything else leaves."""
        told = [(run, performing.said_by(run, ended)) for run, ended in finished]
        said = [
            (run.organization_id, connection_id, each)
            for run, each in told
            if each and (connection_id := performing.connection_of(run)) is not None
        ]
        if said:
            with self._engine.begin() as connection:
                budgets.note(connection, said)

    def _let_go(self) -> None:
        """Make due whoever may leave now of the lines this moved in before; what it misses is
        swept up."""
        if not self._lines:
            return
        lines, self._lines = self._lines, {}
        try:
            with self._engine.begin() as connection:
                again_in_s = budget_lines.let_go(connection, lines)
        except DBAPIError:
            log.warning("could not let go who waits for a budget", exc_info=True)
            return
        if again_in_s is not None:
            look_at = time.monotonic() + again_in_s
            self._look_at = look_at if self._look_at is None else min(look_at, self._look_at)

    def _again_in_s(self) -> float | None:
        """In how many seconds the next of a line may leave, as far as this worker knows."""
        if self._look_at is None:
            return None
        again_in_s = self._look_at - time.monotonic()
        if again_in_s <= 0:
            self._look_at = None
        return max(0.0, again_in_s)

    def _after_commit(self, moved: _Moved) -> None:
        """Wake who is concerned. It must not fail the turn, whose effects are still to leave: what
        it misses is swept up."""
        self._tell([*moved.came_home, *moved.taken_up])
        self._look_again([*moved.came_home, *moved.taken_up])
        try:
            if listening.look_back(self._engine, moved.recorded.waits):
                self._wake.ring("runs")
            if calling.concerns(moved.kept):
                with self._engine.begin() as connection:
                    calling.wake(connection, moved.kept)
                self._wake.ring("runs")
        except DBAPIError:
            log.warning("could not wake who is concerned by these runs", exc_info=True)

    def _tell(self, moved: Sequence[Advance]) -> None:
        if any(result.move.published for result in moved):
            self._wake.ring("events")
        if moved:
            # One message for all: whoever watches looks for its own run among them.
            ids = dict.fromkeys(str(result.run.root_id) for result in moved)
            self._wake.tick(RUN_TICKS, [" ".join(ids)])

    def _look_again(self, moved: Sequence[Advance]) -> None:
        """For those that now wait for a connection (see `waiting_on`).

        It must not fail the turn, whose effects are still to leave: what it misses is swept up.
        """
        waits = [
            (one.run.organization_id, one.connection_id)
            for one in moved
            if one.connection_id and not one.lacking  # that it opens says nothing of what it may
        ]
        if not waits:
            return
        try:
            with self._engine.begin() as connection:
                ready = waiting_on.look_again(connection, self._reach(connection), waits)
        except (DBAPIError, crypto.Unsealable):
            log.warning("could not look again at the connections runs wait for", exc_info=True)
            return
        self._wake.ring("connections", *(["runs"] if ready else []))


def _after(reach: Reach, paused: set[UUID], run: LiveRun, ended: Ended) -> Advance:
    event = performing.ended_event(run, ended, clock.now(), random.random())
    return come_home(run, ended, event, reach, paused=run.workflow_id in paused)


def _starts(moved: _Moved) -> list[tuple[LiveRun, Effect]]:
    """What leaves now. How old a call is is judged last: whatever is done after it makes it later
    still."""
    starts: list[tuple[LiveRun, Effect]] = []
    for result in (*moved.came_home, *moved.taken_up):
        if result.run.id not in moved.recorded.held:
            log.info("run %s was taken over by another worker", result.run.id)
        elif result.leaving is not None:
            is_late = budget_lines.is_too_late(result.call_taken_at)
            late = performing.too_late(str(result.run.id)) if is_late else None
            starts.append((result.run, late or result.leaving))
    return starts


def _slot_holders(finished: Sequence[Finished]) -> list[UUID]:
    return [run.id for run, _ in finished if run.far_end is not None]


def _park(connection: Connection, owner: UUID, run: LiveRun | Row[Any], move: journal.Move) -> None:
    """Set one run aside; of an item, the run people see asks."""
    if journal.write(connection, owner, [move]):
        items.ask(connection, run, move.reason)
