"""Two workers and the nights when the clocks change: nothing that comes by the clock comes twice,
and nothing is missed, also when a worker is killed that very night."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.chaos.installation import servers_below
from tests.personas import Persona, make_organization
from tests.weddings.couples import change, marry
from tests.workers.machine import Process, Supervisor, app_over
from tests.workers.scene import (
    Worker,
    beside,
    make_workflow,
    note,
    one,
    rows,
    run_of,
    wait_until,
    worker_of,
)
from tests.workflows.clockwork.ticking import (
    MovedClock,
    around,
    causes_of,
    come_round,
    schedule,
    tick,
)
from wedsync.cli.supervisor.programs import Program
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.runtime import Runtime
from wedsync.workflows.editing import service as workflows

NOTE = note("note", local={"var": "trigger.data.local"})
DUE = "SELECT count(*) AS n FROM workflow_timers WHERE due_at <= :now"


@dataclass(frozen=True)
class Night:
    """The hours around a change of the clocks, in UTC, and when schedules come round in them.

    `quarters` says that "every quarter of an hour" comes at each of UTC; besides, `daily` comes at
    the moments listed, and so does `hourly`.
    """

    zone: str
    begins: str
    hours: int
    daily: str
    comes: tuple[str, ...]
    hourly: str
    comes_hourly: tuple[str, ...]

    @property
    def start(self) -> datetime:
        return datetime.fromisoformat(self.begins)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(hours=self.hours)

    def quarters(self) -> list[str]:
        count = self.hours * 4
        return [told(self.start + timedelta(minutes=15 * n)) for n in range(1, count + 1)]

    def at(self, *clocks: str) -> list[str]:
        """Instants of the night by their time of day in UTC."""
        day = f"{self.start:%Y-%m-%d}"
        return [f"{day}T{each}:00Z" for each in clocks]


NIGHTS = [
    # The clocks skip 01:00 to 02:00, at 01:00 UTC.
    Night(
        "Europe/London", "2026-03-29T00:00:00Z", 3, "30 1 * * *", ("01:00",), "10 * * * *",
        ("00:10", "01:00", "01:10", "02:10"),
    ),
    # They show 01:00 to 02:00 twice, from 00:00 UTC.
    Night(
        "Europe/London", "2025-10-26T00:00:00Z", 3, "30 1 * * *", ("00:30",), "10 * * * *",
        ("00:10", "01:10", "02:10"),
    ),
    # They skip 02:00 to 03:00, at 07:00 UTC.
    Night(
        "America/New_York", "2026-03-08T06:00:00Z", 3, "30 2 * * *", ("07:00",), "10 * * * *",
        ("06:10", "07:00", "07:10", "08:10"),
    ),
    # They show 01:00 to 02:00 twice, from 05:00 UTC.
    Night(
        "America/New_York", "2025-11-02T05:00:00Z", 3, "30 1 * * *", ("05:30",), "10 * * * *",
        ("05:10", "06:10", "07:10"),
    ),
    # They skip 02:00 to 02:30, at 15:30 UTC.
    Night(
        "Australia/Lord_Howe", "2025-10-04T14:00:00Z", 3, "15 2 * * *", ("15:30",), "10 * * * *",
        ("14:40", "15:30", "16:10"),
    ),
    # They show 01:30 to 02:00 twice, from 14:30 UTC.
    Night(
        "Australia/Lord_Howe", "2026-04-04T14:00:00Z", 3, "45 1 * * *", ("14:45",), "40 * * * *",
        ("14:40", "15:10", "16:10"),
    ),
]  # fmt: skip


def told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Installation:
    """Two worker processes whose clock stands in a file, kept running, and the app beside them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        _, _, settings = stack.enter_context(servers_below(folder))
        self.app: APIFlask = stack.enter_context(app_over(settings))
        self.organization = make_organization(self.app)
        self._instant = folder / "instant"
        self.set(NIGHTS[0].start)
        argv = (sys.executable, "-m", "tests.chaos.moved_worker", str(self._instant))
        named = [Program(f"worker-{number}", argv) for number in (1, 2)]
        self.workers = [Process(each, settings, folder / f"{each.name}.log") for each in named]
        self._supervisor = Supervisor(self.workers)
        self._supervisor.start()
        stack.callback(self._supervisor.stop)
        self.wait_for_both()

    def set(self, now: datetime) -> None:
        """It is this instant, for both at once."""
        beside_it = self._instant.with_suffix(".new")
        beside_it.write_text(now.isoformat())
        beside_it.replace(self._instant)

    def step(self, now: datetime) -> None:
        """Move the clock, and wait until what is due by it was taken."""
        self.set(now)
        runtime: Runtime = self.app.extensions["wedsync"]
        runtime.wake.ring("timers")
        wait_until(lambda: one(self.app, DUE, now=now).n == 0, 120)

    def wait_for_both(self) -> None:
        alive = "SELECT count(*) AS n FROM owners"
        wait_until(lambda: one(self.app, alive).n >= len(self.workers), 120)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    with ExitStack() as stack:
        made = Installation(tmp_path, stack)
        monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(made._instant.read_text()))
        yield made


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_occurrence_of_the_nights_when_the_clocks_change_comes_once(
    here: Installation,
) -> None:
    random = Random(1916)
    killed = cycle(here.workers)
    for night in NIGHTS:
        here.set(night.start)
        made = [
            make_workflow(here.app, here.organization, schedule(cron, night.zone), NOTE)
            for cron in ("*/15 * * * *", night.daily, night.hourly)
        ]
        now = night.start
        while now < night.end:
            now = min(now + timedelta(minutes=random.choice((1, 4, 7, 10))), night.end)
            if random.random() < 0.05:
                next(killed).kill()
            here.step(now)
        came = [[each.removeprefix("schedule:") for each in causes_of(here.app, w)] for w in made]
        assert came == [night.quarters(), night.at(*night.comes), night.at(*night.comes_hourly)], (
            night.zone,
            night.begins,
        )
        with here.app.app_context():
            for workflow in made:
                workflows.turn_off(here.organization, workflow)
            db.session.commit()
    unfinished = "SELECT count(*) AS n FROM runs WHERE finished_at IS NULL"
    wait_until(lambda: one(here.app, unfinished).n == 0, 120)
    doubled = "SELECT workflow_id, cause FROM runs GROUP BY 1, 2 HAVING count(*) > 1"
    assert rows(here.app, doubled) == []


# --- two years


def test_a_date_two_years_ahead_that_moves_twice_comes_once_by_two_workers(
    app: APIFlask,
    empty_database: None,
    organization: UUID,
    owner: Persona,
    moved_clock: MovedClock,
) -> None:
    """A run that waits and a workflow that starts; the second move comes a minute before."""
    moved_clock.set("2027-06-01T12:00:00Z")
    on_wedding = {
        "kind": "event",
        "event_type": "wedding.created",
        "source": "ours",
        "filter": None,
    }
    about = {"anchor": "wedding.date", "offset_days": -14, "at": "02:30", "late": "skip"}
    waits = {"id": "wait", "kind": "wait", **about}
    waiting = make_workflow(app, organization, on_wedding, waits, note("then", at=1))
    starting = make_workflow(app, organization, around(-14, at="02:30"), NOTE)
    with worker_of(app) as first, worker_of(app) as second:
        two = Two(app, moved_clock, first, second)
        wedding = marry(app, owner, date=date(2029, 6, 15), zone="America/New_York")
        two.work()
        two.move(owner, wedding, date(2029, 3, 25), at="2028-03-01T12:00:00Z")
        # 11 March 2029: 02:30 does not exist there; the first instant after it is 07:00 UTC.
        two.move(owner, wedding, date(2029, 11, 18), at="2029-03-11T06:59:00Z")
        for moment in ("2029-03-11T07:00:00Z", "2029-06-01T06:30:00Z", "2029-11-04T07:29:59Z"):
            moved_clock.set(moment)
            two.work()
        assert (run_of(app, waiting).state, causes_of(app, starting)) == ("waiting", [])
        moved_clock.set("2029-11-04T07:30:00Z")  # 02:30 there, the clocks went back at 2
        two.work()
        two.work()
    assert run_of(app, waiting).state == "succeeded"
    assert causes_of(app, starting) == [f"date:{wedding}:0"]
    planned = one(app, "SELECT input FROM runs WHERE workflow_id = :id", id=starting).input
    assert planned["planned_for"] == "2029-11-04T07:30:00.000Z"


@dataclass
class Two:
    """Two workers at work at the same time."""

    app: APIFlask
    clock: MovedClock
    first: Worker
    second: Worker

    def work(self) -> None:
        for _ in range(3):
            come_round(self.app, self.clock.now)
            with (
                beside(lambda: self._one(self.first)) as one_,
                beside(lambda: self._one(self.second)) as other,
            ):
                one_.result()
                other.result()

    def _one(self, worker: Worker) -> None:
        worker.fan_out()
        tick(self.app)
        worker.run()

    def move(self, by: Persona, wedding: UUID, day: date, *, at: str) -> None:
        self.clock.set(at)
        self.work()
        change(self.app, by, wedding, date=day)
        self.work()
