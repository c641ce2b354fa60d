"""What tests of the clock need: a clock they set, the drain of timers, and what it started."""

from datetime import datetime, timedelta
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.workers.scene import note, rows
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows.clockwork.timers import Clock
from wedsync.workflows.editing import service as workflows

NEVER = Event()


class MovedClock:
    """The platform's clock, standing still at `now` until it is moved."""

    def __init__(self, patch: pytest.MonkeyPatch, now: datetime) -> None:
        self.now = now
        patch.setattr(clock, "now", lambda: self.now)

    def set(self, written: str) -> datetime:
        """Move it to an instant such as `2027-03-28T00:59:00Z`."""
        self.now = datetime.fromisoformat(written)
        return self.now

    def move(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def moved_clock(monkeypatch: pytest.MonkeyPatch) -> MovedClock:
    """A clock that begins at the real now."""
    return MovedClock(monkeypatch, clock.now())


def tick(app: APIFlask) -> None:
    """Take every timer that is due."""
    with app.app_context():
        Clock(db.engine, lambda: None).work(NEVER)


def schedule(cron: str, zone: str = "Europe/London", missed: str = "skip") -> dict[str, Any]:
    return {"kind": "schedule", "cron": cron, "zone": zone, "missed": missed}


def around(
    offset_days: int,
    *,
    anchor: str = "wedding.date",
    at: str = "09:00",
    late: str = "skip",
) -> dict[str, Any]:
    """A trigger so many days from a wedding's date; negative is before."""
    about = {"anchor": anchor, "offset_days": offset_days, "at": at, "late": late}
    return {"kind": "wedding_date", **about}


def publish_again(
    app: APIFlask, organization_id: UUID, workflow_id: UUID, trigger: dict[str, Any], **values: Any
) -> None:
    """Give a workflow another trigger, and its one step other values, and publish it."""
    definition = {"format": 1, "trigger": trigger, "steps": [note("note", **values)]}
    with app.app_context():
        workflow = workflows.queries.get_workflow(organization_id, workflow_id, lock=True)
        workflow.draft = definition
        workflows.publish(organization_id, workflow_id)
        db.session.commit()


def causes_of(app: APIFlask, workflow_id: UUID) -> list[str]:
    """What started a workflow's runs, oldest first."""
    query = "SELECT cause FROM runs WHERE workflow_id = :id ORDER BY id"
    return [row.cause for row in rows(app, query, id=workflow_id)]


def timers_of(app: APIFlask, workflow_id: UUID) -> dict[str, Any]:
    query = "SELECT * FROM workflow_timers WHERE workflow_id = :id ORDER BY key"
    return {row.key: row for row in rows(app, query, id=workflow_id)}


def come_round(app: APIFlask, now: datetime) -> None:
    """Runs are claimed by the database's clock: what is due by the moved one is due by it too."""
    given = {"now": now}
    with app.app_context(), db.engine.begin() as connection:
        for statement in (
            "UPDATE runs SET due_at = clock_timestamp() WHERE due_at <= :now",
            "UPDATE lanes SET next_due_at = clock_timestamp() WHERE next_due_at <= :now",
        ):
            connection.execute(text(statement), given)
