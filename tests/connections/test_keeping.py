"""Keeping many connections: whoever provider hangs, everybody else is kept."""

import threading
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.connections.ways import Kept, change, engine_of, keeper_of, means_of, row_of
from tests.far_ends.rest_service import Asked, Prepared, RestService, started_rest_service
from tests.personas import make_organization
from tests.workflows.connected import connect, connect_built_in, seating
from wedsync.connections import keeping
from wedsync.connections.keeping import Keeper, OnReady
from wedsync.listings.built_in import publish_built_in
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.leases import OwnerLock

OPEN_TO_ALL = {
    "auth": {"kind": "none"},
    "account": {
        "request": {"method": "GET", "path": "/me"},
        "id_path": "id",
        "name_path": "name",
    },
}


class Hanging(RestService):
    """Answers nobody until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def answer_to(self, asked: Asked) -> Prepared:
        self.asked.append(asked)
        self.let_go.wait(20)
        return Prepared(200, {"Content-Type": "application/json"}, b'{"id": "1", "name": "Ana"}')


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    with started_rest_service(Hanging) as started:
        yield started
        started.let_go.set()


@pytest.fixture
def answering() -> Iterator[RestService]:
    with started_rest_service() as started:
        started.answers("GET", "/me", {"id": "1", "name": "Ana"})
        yield started


@pytest.fixture
def kept(app: APIFlask, empty_database: None) -> Kept:
    return keeper_of(app)


def to_be_looked_at(
    app: APIFlask, organization: UUID, service: RestService, minutes: int, number: int = 1
) -> list[UUID]:
    """Connections of one connector, each of another organization, whose look has been due for so
    long; the first is this organization's."""
    manifest = seating(service, f"tool-{ids.new_id().hex[-8:]}", **OPEN_TO_ALL)
    first = connect(app, organization, manifest)
    others = [make_organization(app) for _ in range(number - 1)]
    found = [first, *(_copy(app, first, other) for other in others)]
    for each in found:
        _due(app, each, minutes)
    return found


def _copy(app: APIFlask, connection_id: UUID, organization_id: UUID) -> UUID:
    columns = "listing_id, listing_version_id, slug, name, settings, state, connected_at"
    query = text(
        f"INSERT INTO connections (organization_id, {columns})"
        f" SELECT :organization_id, {columns} FROM connections WHERE id = :id RETURNING id"
    )
    given = {"id": connection_id, "organization_id": organization_id}
    with engine_of(app).begin() as database:
        copy: UUID = database.execute(query, given).scalar_one()
    return copy


def _due(app: APIFlask, connection_id: UUID, minutes: int) -> None:
    change(app, connection_id, f"check_due_at = now() - interval '{minutes} minutes'")


def test_a_provider_that_hangs_keeps_nobody_elses_accounts_waiting(
    app: APIFlask, kept: Kept, organization: UUID, hanging: Hanging, answering: RestService
) -> None:
    to_be_looked_at(app, organization, hanging, minutes=60, number=keeping._MOST_SEEN + 8)
    (other,) = to_be_looked_at(app, organization, answering, minutes=1)
    kept.work()
    assert row_of(app, other).check_result == {"well": True, "words": "It answered as Ana."}
    assert len(hanging.asked) == keeping.AT_ONCE_OF_ONE_CONNECTOR


def test_eight_providers_that_hang_keep_nobody_elses_accounts_waiting(
    app: APIFlask, kept: Kept, organization: UUID, hanging: Hanging, answering: RestService
) -> None:
    for _ in range(7):
        to_be_looked_at(app, make_organization(app), hanging, minutes=60, number=5)
    (other,) = to_be_looked_at(app, organization, answering, minutes=1)
    kept.work()
    assert row_of(app, other).check_result["well"]


def test_one_organization_with_many_tarpits_leaves_the_places_to_the_others(
    app: APIFlask, kept: Kept, organization: UUID, hanging: Hanging, answering: RestService
) -> None:
    for _ in range(keeping.AT_ONCE):
        to_be_looked_at(app, organization, hanging, minutes=60)
    (other,) = to_be_looked_at(app, make_organization(app), answering, minutes=1)
    kept.work()
    assert row_of(app, other).check_result["well"]
    assert len(hanging.asked) == keeping.AT_ONCE_OF_ONE_ORGANIZATION


def test_hosts_that_vendors_name_themselves_do_not_stop_each_other(
    app: APIFlask,
    kept: Kept,
    hanging: Hanging,
    answering: RestService,
) -> None:
    with app.app_context():
        publish_built_in()
        db.session.commit()

    def anywhere(service: RestService, minutes: int) -> UUID:
        settings, secrets = {"address": service.url}, {"api_key": "a-key-of-theirs"}
        theirs = connect_built_in(app, make_organization(app), "rest-api", settings, secrets)
        _due(app, theirs, minutes)
        return theirs

    slow = [anywhere(hanging, 60) for _ in range(keeping.AT_ONCE_OF_ONE_CONNECTOR + 1)]
    other = anywhere(answering, 1)
    answering.answers("GET", "/", {"well": True})
    kept.work()
    assert row_of(app, other).check_result["well"]
    assert all(row_of(app, each).check_result is None for each in slow)


def work_twice(app: APIFlask, on_ready: OnReady) -> None:
    means = means_of(app)
    keeper = Keeper(means.engine, means.vault, means.settings, on_ready)
    for _ in range(2):
        keeper.work(threading.Event())


def test_nobodys_row_is_held_while_its_runs_are_told(
    app: APIFlask, empty_database: None, answering: RestService, organization: UUID
) -> None:
    (ready,) = to_be_looked_at(app, organization, answering, minutes=-60)
    change(app, ready, "ready_at = now()")
    told: list[UUID] = []

    def on_ready(_database: Connection, ids: Sequence[UUID]) -> None:
        with engine_of(app).begin() as other:  # as a turn does that has the lanes already
            lock = text("SELECT 1 FROM connections WHERE id = ANY(:ids) FOR UPDATE NOWAIT")
            told.extend(ids if other.execute(lock, {"ids": list(ids)}).all() else [])

    work_twice(app, on_ready)
    assert told == [ready]
    assert row_of(app, ready).ready_at is None


def test_what_became_ready_again_while_it_was_told_is_told_again(
    app: APIFlask, empty_database: None, answering: RestService, organization: UUID
) -> None:
    (ready,) = to_be_looked_at(app, organization, answering, minutes=-60)
    change(app, ready, "ready_at = now()")
    told: list[UUID] = []

    def on_ready(_database: Connection, ids: Sequence[UUID]) -> None:
        if not told:
            change(app, ready, "ready_at = clock_timestamp()")
        told.extend(ids)

    work_twice(app, on_ready)
    assert told == [ready, ready]
    assert row_of(app, ready).ready_at is None


def test_who_could_not_be_seen_dying_begins_nothing(
    app: APIFlask, kept: Kept, answering: RestService
) -> None:
    manifest = seating(answering, f"tool-{ids.new_id().hex[-8:]}", **OPEN_TO_ALL)
    connection_id = connect(app, make_organization(app), manifest)
    change(app, connection_id, "check_due_at = now()")
    means = means_of(app)
    owner = OwnerLock(means.engine)
    keeper = Keeper(
        means.engine, means.vault, means.settings, lambda _database, _ids: None, owner=owner
    )
    keeper.work(threading.Event())
    assert answering.asked == []
    owner.acquire()
    keeper.work(threading.Event())
    owner.release()
    assert [each.path for each in answering.asked] == ["/me"]
