"""What hooks keep only for a while goes in time, and not before."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.personas import Persona
from wedsync.events.models import Event
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.plans import along_an_index
from wedsync.webhooks.hooks import retention
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.models import HookMinute, HookReceipt, HookRejectionSample, RetentionMark
from workers import schedule

NOW = clock.now()
DAYS = timedelta(days=1)


@pytest.fixture
def hook_id(app: APIFlask, owner: Persona) -> UUID:
    with app.app_context():
        made, _ = hooks.create(owner.organization_id, {"name": "x", "scheme": "standard_webhooks"})
        db.session.commit()
        return made.id


def an_event(database: Session, owner: Persona, at: datetime, **fields: object) -> UUID:
    """One that came in at a moment, with the body it came in."""
    event_id = UUID(int=ids.first_at(at).int + (7 << 76) + ids.new_id().int % (1 << 60))
    event = Event(
        id=event_id,
        organization_id=owner.organization_id,
        type="seat.taken",
        source="hook:x",
        occurred_at=at,
        data={"n": 1},
        raw_body=b"sealed",
        causation={},
        **{"fanned_out_at": at, **fields},
    )
    database.add(event)
    database.commit()
    return event_id


def bodies(database: Session, *events: UUID) -> list[bytes | None]:
    database.expire_all()
    return [database.get_one(Event, event).raw_body for event in events]


@pytest.mark.usefixtures("empty_database")
def test_raw_bodies_go_after_thirty_days_and_the_data_stays(
    app: APIFlask, database: Session, owner: Persona
) -> None:
    old = an_event(database, owner, NOW - 31 * DAYS)
    waiting = an_event(database, owner, NOW - 31 * DAYS, fanned_out_at=None, parked_at=NOW)
    young = an_event(database, owner, NOW - 29 * DAYS)
    with app.app_context(), db.engine.begin() as connection:
        retention.forget_raw_bodies(connection)
    assert bodies(database, old, waiting, young) == [None, b"sealed", b"sealed"]
    assert database.get_one(Event, old).data == {"n": 1}


@pytest.mark.usefixtures("empty_database")
def test_it_goes_on_where_it_ended(
    app: APIFlask, database: Session, owner: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_MOST", 2)
    made = sorted(an_event(database, owner, NOW - (40 - n) * DAYS) for n in range(5))
    for left in (3, 1, 0, 0):
        with app.app_context(), db.engine.begin() as connection:
            retention.forget_raw_bodies(connection)
        assert bodies(database, *made).count(b"sealed") == left
    assert database.scalars(select(RetentionMark.reached)).one() == made[-1]


def a_receipt(owner: Persona, hook_id: UUID, age: int) -> HookReceipt:
    """One that came in so many days ago."""
    return HookReceipt(
        hook_id=hook_id,
        organization_id=owner.organization_id,
        sender_event_id=f"m{age}",
        event_id=ids.new_id(),
        body_hash=b"",
        received_at=NOW - age * DAYS,
    )


@pytest.mark.usefixtures("empty_database")
def test_receipts_go_in_portions_the_oldest_first(
    app: APIFlask,
    database: Session,
    owner: Persona,
    hook_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "_MOST", 2)
    database.add_all(a_receipt(owner, hook_id, age) for age in (29, 31, 32, 33, 34, 35))
    database.commit()
    kept = select(HookReceipt.sender_event_id).order_by(HookReceipt.received_at)
    for left in (["m33", "m32", "m31", "m29"], ["m31", "m29"], ["m29"], ["m29"]):
        with app.app_context(), db.engine.begin() as connection:
            retention.forget_receipts(connection)
        assert list(database.scalars(kept)) == left


def test_old_receipts_are_found_along_their_index(app: APIFlask) -> None:
    explained = text(f"EXPLAIN {retention._FORGET_RECEIPTS.text}")
    with app.app_context(), db.engine.begin() as connection, along_an_index(connection):
        plan = connection.execute(explained, {"before": NOW, "most": 5}).scalars().all()
    assert any("ix_hook_receipts_received" in line for line in plan)
    assert not any("Seq Scan" in line for line in plan)


def test_receipts_samples_and_counts_go_in_their_time(
    app: APIFlask, database: Session, owner: Persona, hook_id: UUID
) -> None:
    mine = {"hook_id": hook_id, "organization_id": owner.organization_id}
    for age in (29, 31):
        at = NOW - age * DAYS
        database.add(a_receipt(owner, hook_id, age))
        database.add(HookRejectionSample(**mine, code="quota", headers={}, size=1, created_at=at))
    for hours in (2, 30):
        minute = (NOW - timedelta(hours=hours)).replace(second=0, microsecond=0)
        database.add(HookMinute(**mine, minute=minute, taken=1))
    database.commit()
    with app.app_context(), db.engine.begin() as connection:
        schedule.prune(connection)
        retention.forget_receipts(connection)
    for table in (HookReceipt, HookRejectionSample, HookMinute):
        left = select(func.count()).select_from(table).where(table.hook_id == hook_id)
        assert database.scalar(left) == 1, table


def test_a_repeat_that_comes_days_later_is_still_a_repeat() -> None:
    longest = max(
        timedelta(days=3),  # Stripe
        timedelta(hours=76),  # Standard Webhooks, as we send ourselves
        timedelta(hours=24),  # Xero
        timedelta(hours=4),  # Shopify
    )
    assert 2 * longest < retention.KEPT
