"""Lanes are taken fairly, by one worker at a time, and nothing that is due is forgotten."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, Engine, text

from tests.personas import make_organization
from tests.workers.scene import beside, rows
from tests.workers.trouble import wait_for_a_lock
from wedsync.platform import clock, leases
from wedsync.platform.db import db
from wedsync.platform.shares import Shares

KIND = "tests"
NOW = text(
    "SELECT key, organization_id FROM lanes WHERE kind = :kind"
    " AND next_due_at <= clock_timestamp() AND key <> ALL(CAST(:full AS text[]))"
    " AND organization_id <> ALL(CAST(:full_organizations AS uuid[])) AND key <> 'passed over'"
    " ORDER BY served_at LIMIT :limit FOR UPDATE SKIP LOCKED"
)


@pytest.fixture
def engine(app: APIFlask, empty_database: None) -> Iterator[Engine]:
    with app.app_context():
        yield db.engine


@pytest.fixture
def mine(app: APIFlask, engine: Engine) -> UUID:
    return make_organization(app)


def touch(engine: Engine, organization: UUID, *keys: str, in_s: float = -1) -> None:
    due = {key: clock.now() + timedelta(seconds=in_s) for key in keys}
    with engine.begin() as connection:
        leases.touch_lanes(connection, KIND, organization, due)


def take(connection: Connection, shares: Shares, room: int = 100) -> dict[str, int]:
    granted = leases.grant_lanes(connection, NOW, KIND, shares.allotment(room))
    return {lane.key: places for lane, places in granted}


def served(connection: Connection, *keys: str) -> None:
    connection.execute(
        text("UPDATE lanes SET served_at = clock_timestamp() WHERE key = ANY(:keys)"),
        {"keys": list(keys)},
    )


def test_a_touched_lane_is_taken_when_it_is_due(engine: Engine, mine: UUID) -> None:
    touch(engine, mine, "now")
    touch(engine, mine, "later", in_s=60)
    touch(engine, mine, "passed over")
    with engine.begin() as connection:
        assert take(connection, Shares(200)) == {"now": 2}


def test_a_lane_keeps_the_earliest_of_what_it_was_told(engine: Engine, mine: UUID) -> None:
    touch(engine, mine, "a", in_s=-1)
    touch(engine, mine, "a", in_s=60)
    with engine.begin() as connection:
        assert take(connection, Shares(200)) == {"a": 2}


def test_a_lane_with_nothing_to_do_is_woken_by_a_touch(engine: Engine, mine: UUID) -> None:
    touch(engine, mine, "a")
    with engine.begin() as connection:
        connection.execute(text("UPDATE lanes SET next_due_at = NULL"))
        assert take(connection, Shares(200)) == {}
    touch(engine, mine, "a")
    with engine.begin() as connection:
        assert take(connection, Shares(200)) == {"a": 2}


def test_a_lane_somebody_is_taking_from_is_passed_over(engine: Engine, mine: UUID) -> None:
    touch(engine, mine, "a", "b")
    with engine.connect() as first, engine.connect() as second:
        assert take(first, Shares(4), room=1) == {"a": 1}
        assert list(take(second, Shares(200))) == ["b"]
        first.rollback()
        second.rollback()


def test_a_touch_waits_for_the_taker_and_is_not_lost(
    app: APIFlask, engine: Engine, mine: UUID
) -> None:
    touch(engine, mine, "a")
    with engine.connect() as taking:
        assert take(taking, Shares(200)) == {"a": 2}
        with beside(lambda: touch(engine, mine, "a")) as touching:
            wait_for_a_lock(app)
            taking.execute(text("UPDATE lanes SET next_due_at = NULL"))
            taking.commit()
            touching.result()
    with engine.begin() as connection:
        assert take(connection, Shares(200)) == {"a": 2}


def test_lanes_take_turns_however_few_fit(engine: Engine, mine: UUID) -> None:
    """Those that got nothing keep their place, so that nobody waits for ever."""
    keys = [f"lane-{number:02}" for number in range(20)]
    touch(engine, mine, *keys)
    shares = Shares(200)
    turns: list[str] = []
    for _ in range(10):
        with engine.begin() as connection:
            taken = take(connection, shares, room=4)
            assert sum(taken.values()) == 4
            served(connection, *taken)
            turns += taken
    assert sorted(turns) == keys


def test_one_busy_organization_leaves_room_for_the_others(
    app: APIFlask, engine: Engine, mine: UUID
) -> None:
    other = make_organization(app, "Lumen Photography")
    touch(engine, mine, *[f"busy-{number}" for number in range(30)])
    touch(engine, other, "quiet")
    shares = Shares(20)
    taken: dict[str, int] = {}
    for _ in range(2):
        with engine.begin() as connection:
            now = take(connection, shares, room=shares.room)
            served(connection, *now)
        for lane, places in now.items():
            for _ in range(places):
                shares.take(lane, other if lane == "quiet" else mine)
        taken |= now
    assert taken["quiet"] == 2
    assert sum(places for lane, places in taken.items() if lane != "quiet") == 10


def test_two_who_touch_the_same_lanes_in_other_orders_do_not_block_each_other(
    engine: Engine, mine: UUID
) -> None:
    keys = [f"lane-{number}" for number in range(40)]

    def touch_often(order: list[str]) -> None:
        for _ in range(20):
            touch(engine, mine, *order)

    with beside(lambda: touch_often(keys)) as one, beside(lambda: touch_often(keys[::-1])) as two:
        one.result()
        two.result()


def test_an_owners_lock_is_held_by_its_life_only(app: APIFlask, engine: Engine) -> None:
    owner = leases.OwnerLock(engine)
    assert owner.id is None
    first = owner.acquire()
    assert owner.id == first
    owner.check()
    with engine.begin() as connection:
        assert leases.dead_owners(connection) == []
    second = owner.acquire()
    assert second != first
    owner.release()
    owner.release()
    assert owner.id is None
    with pytest.raises(leases.LostOwnership):
        owner.check()
    assert {row.id for row in rows(app, "SELECT id FROM owners")} == {first, second}
