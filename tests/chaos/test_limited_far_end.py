"""A far end that allows ten calls a second and counts who comes too often, two workers, and many
actions that wait for it: never over the limit, in their order, none fails, and it takes about as
long as was said, also when a worker is killed on the way."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.chaos.installation import servers_below
from tests.far_ends.limited import limited_far_end
from tests.personas import make_organization
from tests.sizes import FULL_SIZE
from tests.workers.machine import app_over, kept_running
from tests.workers.scene import (
    accept,
    make_hook,
    make_workflow,
    on_hook,
    one,
    rows,
    states_of,
    wait_until,
)
from tests.workflows.connected import connect, release, seating
from wedsync.connections.limits import arithmetic, queries
from wedsync.platform import clock

ACTIONS = 1_000 if FULL_SIZE else 100
LIMITS = {"connection": {"calls": 10, "seconds": 1}}
TURNED_AWAY_EVERY = 100
"""Beside what comes too often: so rarely that what was said beforehand still holds."""

LATE = 1.2 if FULL_SIZE else 3.0
"""So many times what was said it may take: of a few seconds a busy machine alone makes many."""
TRAVEL = timedelta(seconds=arithmetic.TRAVEL_S)

_STARTED = "SELECT count(*) AS n FROM runs WHERE started_at IS NOT NULL"
_WAITING = "SELECT count(*) AS n FROM runs WHERE state = 'waiting'"
_DONE = "SELECT count(*) AS n FROM runs WHERE finished_at IS NOT NULL"


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_many_actions_keep_to_ten_a_second_through_a_death(tmp_path: Path) -> None:
    with (
        servers_below(tmp_path) as (_, _, settings),
        app_over(settings) as app,
        limited_far_end(10, 1.0, turns_away_every=TURNED_AWAY_EVERY) as service,
    ):
        organization = make_organization(app)
        hook = make_hook(app, organization)
        manifest = seating(service, "seating", limits=LIMITS)  # type: ignore[arg-type]
        connection = connect(app, organization, manifest)
        step = release("seat", connection, "seating")
        workflow = make_workflow(app, organization, on_hook(hook), step)
        for number in range(ACTIONS):
            accept(app, hook, {"guest": f"g_{number}"})
        with kept_running(settings, tmp_path, workers=2) as (workers, _):
            wait_until(lambda: is_counted(app), 60)
            said_at, said_s = time.monotonic(), lasts_s(app, organization, connection)
            in_line = guests_in_line(app)
            if FULL_SIZE:
                wait_until(lambda: one(app, _DONE).n > ACTIONS / 3, 120)
                workers[0].kill()
            wait_until(lambda: one(app, _DONE).n == ACTIONS, 300)
            took_s = time.monotonic() - said_at
        counted = service.counted()
        lost = guests_with_a_lost_attempt(app)
        calls = calls_of(app)
        states = states_of(app, workflow)
    print(f"{ACTIONS} took {took_s:.1f} s, {said_s:.1f} s were said, {len(lost)} interrupted")
    assert counted.violations == 0
    assert states == {"succeeded": ACTIONS}
    assert len(counted.served) <= ACTIONS + len(lost)
    in_order = [guest for guest in in_line if guest not in lost]
    assert in_order
    assert jumped_the_line(counted.served, in_order, calls) == []
    assert said_s * 0.8 <= took_s <= said_s * LATE
    if FULL_SIZE:
        assert len(in_order) >= ACTIONS * 0.7


def is_counted(app: APIFlask) -> bool:
    """Whether everybody is in line, and counted as such."""
    started, waiting = one(app, _STARTED), one(app, _WAITING)
    counted = rows(app, "SELECT waiting AS n FROM rate_buckets")
    return started.n == ACTIONS and [waiting.n] == [row.n for row in counted]


def lasts_s(app: APIFlask, organization: UUID, connection: UUID) -> float:
    """In how many seconds the last one goes, as the connection's page says."""
    with app.app_context():
        budget = queries.budget_of(organization, connection)
    assert budget is not None
    assert budget.done_at is not None
    return (budget.done_at - clock.now()).total_seconds()


def guests_in_line(app: APIFlask) -> list[str]:
    """Whose runs wait, in the order their runs were made."""
    found = rows(
        app,
        "SELECT s.input ->> 'guest' AS guest FROM runs r JOIN run_steps s ON s.run_id = r.id"
        " WHERE r.state = 'waiting' ORDER BY r.id",
    )
    return [row.guest for row in found]


def guests_with_a_lost_attempt(app: APIFlask) -> set[str]:
    """Those of whom nobody knows when theirs left: its worker died."""
    found = rows(
        app,
        "SELECT DISTINCT s.input ->> 'guest' AS guest FROM run_steps s JOIN step_attempts a"
        " USING (run_id, step_id, item) WHERE a.outcome = 'lost' OR a.outcome IS NULL",
    )
    return {row.guest for row in found}


Calls = Mapping[str, Sequence[tuple[datetime, datetime]]]
"""When each guest's calls were let go, and when they were over, the oldest first."""


def calls_of(app: APIFlask) -> Calls:
    found = rows(
        app,
        "SELECT s.input ->> 'guest' AS guest, a.started_at, a.finished_at FROM run_steps s"
        " JOIN step_attempts a USING (run_id, step_id, item) WHERE a.finished_at IS NOT NULL"
        " ORDER BY a.number",
    )
    calls: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in found:
        calls[row.guest].append((row.started_at, row.finished_at))
    return calls


def jumped_the_line(
    served: Sequence[str], line: Sequence[str], calls: Calls
) -> list[tuple[str, str]]:
    """Who was served before somebody who stood before them, and left while that one stood there.

    While a call is on its way, the next one may overtake it: they left within what a call may
    travel, or it was turned away and only then stood in line again.
    """
    place = {guest: number for number, guest in enumerate(line)}
    came = [guest for guest in served if guest in place]
    assert sorted(came) == sorted(line)
    return [
        (earlier, later)
        for earlier, later in combinations(came, 2)
        if place[earlier] > place[later]
        and not any(
            began - TRAVEL <= calls[earlier][-1][0] <= ended + TRAVEL
            for began, ended in calls[later]
        )
    ]
