"""Buckets as they are kept: of versions that differ, of windows that slide, and while in hand."""

import time
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, select, text

from tests.connections.ways import engine_of
from tests.far_ends.rest_service import RestService
from tests.workers.scene import Hook, one
from tests.workflows.connected import connect, seating
from wedsync.connections.limits import budgets
from wedsync.connections.limits.budgets import Asked, Budget
from wedsync.connections.limits.headers import Said
from wedsync.connectors.manifest import Limits, Manifest
from wedsync.connectors.manifest_limits import Rate
from wedsync.listings import manifests
from wedsync.listings.models import Listing, ListingVersion
from wedsync.platform import clock, ids
from wedsync.platform.db import db


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


def saying(place: Budget, calls: int) -> Budget:
    """The same, of a manifest that says something else."""
    return replace(place, limits=shared(calls))


def take(database: Connection, budget: Budget) -> int:
    """Take one call, and commit."""
    calls = budgets.take(database, [Asked(budget, 1)])[budget.connection_id].calls
    database.commit()
    return calls


def calls_of(database: Connection, key: UUID) -> int:
    found = database.execute(text("SELECT calls FROM rate_buckets WHERE key = :key"), {"key": key})
    return int(found.scalar_one())


def test_what_is_missing_comes_back_at_the_new_pace(database: Connection, place: Budget) -> None:
    assert [take(database, saying(place, 2)) for _ in range(2)] == [1, 0]
    a_second = Limits(connector=Rate(calls=10, seconds=1))
    assert take(database, replace(place, limits=a_second)) in (0, 1)
    time.sleep(0.3)
    assert take(database, replace(place, limits=a_second)) == 1


def test_all_connections_keep_to_what_the_published_version_says(
    app: APIFlask, hook: Hook, service: RestService, database: Connection
) -> None:
    slug = f"seating-{ids.new_id().hex[-8:]}"
    before = seating(service, slug, limits={"connector": {"calls": 200, "seconds": 60}})
    connection = connect(app, hook.organization_id, before)
    found = [shared_by(database, hook, connection, before)]
    for limits in ({"limits": {"connector": {"calls": 400, "seconds": 60}}}, {}):
        publish_anew(app, seating(service, slug, **limits))
        found.append(shared_by(database, hook, connection, before))
    assert found == [200, 400, None]


def shared_by(database: Connection, hook: Hook, connection: UUID, manifest: Manifest) -> int | None:
    """How many calls the connections of this one's listing share in a minute."""
    budget = budgets.find(database, hook.organization_id, connection, manifest)
    database.commit()
    rate = budget.limits.connector if budget and budget.limits else None
    return rate.calls if rate else None


def publish_anew(app: APIFlask, manifest: Manifest) -> None:
    """A newer version; connections stay pinned where they are."""
    document = manifests.document_of(manifest)
    with app.app_context():
        listing = db.session.scalars(select(Listing).where(Listing.slug == manifest.slug)).one()
        before = db.session.get_one(ListingVersion, listing.published_version_id)
        version = ListingVersion(
            id=ids.new_id(),
            organization_id=listing.organization_id,
            listing_id=listing.id,
            number=before.number + 1,
            state="published",
            manifest=document,
            content_hash=manifests.content_hash(document),
            published_at=clock.now(),
        )
        db.session.add(version)
        db.session.flush()
        listing.published_version_id = version.id
        db.session.commit()


@pytest.mark.parametrize("whose", ["own", "shared"])
def test_a_bucket_in_hand_gives_nothing_and_nobody_waits_for_it(
    app: APIFlask, database: Connection, place: Budget, whose: str
) -> None:
    assert take(database, place) == 1
    key = place.listing_id if whose == "shared" else place.connection_id
    lock = text("SELECT FROM rate_buckets WHERE key = :key FOR UPDATE")
    with engine_of(app).begin() as holder:
        holder.execute(lock, {"key": key})
        assert take(database, saying(place, 30)) == 0
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
