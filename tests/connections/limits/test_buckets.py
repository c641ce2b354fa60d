"""Buckets as they are kept: of versions that differ, of windows that slide, and while in hand."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.connections.ways import engine_of
from tests.far_ends.rest_service import RestService
from tests.workers.scene import Hook, one
from tests.workflows.connected import connect, seating
from wedsync.connections.limits import budgets
from wedsync.connections.limits.budgets import Asked, Budget
from wedsync.connections.limits.headers import Said
from wedsync.connectors.manifest import Limits
from wedsync.connectors.manifest_limits import Rate
from wedsync.platform import ids


def shared(calls: int) -> Limits:
    return Limits(connector=Rate(calls=calls, seconds=86_400))


@pytest.fixture
def place(app: APIFlask, hook: Hook, service: RestService) -> Budget:
    """A connection whose listing has a budget for all of its connections."""
    manifest = seating(service, f"seating-{ids.new_id().hex[-8:]}")
    connection = connect(app, hook.organization_id, manifest)
    row = one(app, "SELECT * FROM connections WHERE id = :id", id=connection)
    return Budget(hook.organization_id, connection, row.listing_id, shared(40), is_kept=False)


@pytest.fixture
def database(app: APIFlask) -> Iterator[Connection]:
    with engine_of(app).connect() as connection:
        connection.execute(text("SET lock_timeout = '2s'"))
        yield connection


def of_version(place: Budget, calls: int, *, is_newest: bool) -> Budget:
    ids_ = (place.organization_id, place.connection_id, place.listing_id)
    return Budget(*ids_, shared(calls), is_kept=False, is_newest=is_newest)


def take(database: Connection, budget: Budget) -> int:
    """Take one call, and commit."""
    calls = budgets.take(database, [Asked(budget, 1)])[budget.connection_id].calls
    database.commit()
    return calls


def calls_of(database: Connection, key: UUID) -> int:
    found = database.execute(text("SELECT calls FROM rate_buckets WHERE key = :key"), {"key": key})
    return int(found.scalar_one())


def test_all_connections_keep_to_what_the_newest_version_says(
    database: Connection, place: Budget
) -> None:
    said = []
    for calls, is_newest in ((200, False), (400, True), (200, False), (800, True), (400, False)):
        assert take(database, of_version(place, calls, is_newest=is_newest)) == 1
        said.append(calls_of(database, place.listing_id))
    assert said == [200, 400, 400, 800, 800]


@pytest.mark.parametrize("whose", ["own", "shared"])
def test_a_bucket_in_hand_gives_nothing_and_nobody_waits_for_it(
    app: APIFlask, database: Connection, place: Budget, whose: str
) -> None:
    assert take(database, place) == 1
    key = place.listing_id if whose == "shared" else place.connection_id
    lock = text("SELECT FROM rate_buckets WHERE key = :key FOR UPDATE")
    with engine_of(app).begin() as holder:
        holder.execute(lock, {"key": key})
        assert take(database, of_version(place, 30, is_newest=True)) == 0
    assert take(database, place) == 1


def test_a_bucket_that_is_being_made_gives_nothing_and_nobody_waits_for_it(
    app: APIFlask, database: Connection, place: Budget
) -> None:
    with engine_of(app).begin() as holder:
        assert budgets.take(holder, [Asked(place, 1)])[place.connection_id].calls == 1
        assert take(database, place) == 0
    assert take(database, place) == 1


def test_what_is_left_of_a_window_that_slides_comes_back(
    database: Connection, place: Budget
) -> None:
    """Its end is a minute away in every answer."""
    left = []
    for remaining in (0, 5, 5, 5):
        said = Said(None, 100, remaining, 60.0)
        budgets.note(database, [(place.organization_id, place.connection_id, said)])
        (state,) = budgets.states(database, [place.connection_id])[place.connection_id]
        left.append(state.bucket.left)
        a_second = text("UPDATE rate_buckets SET said_until = said_until - interval '1 second'")
        database.execute(a_second)
    assert left == [0, 0, 5, 5]
