"""Lanes of endpoints that nothing may leave for cost nobody anything, and nothing in them is
forgotten."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.personas import Persona
from tests.webhooks.plans import nodes_of, plan_of
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    rows,
    worker_of,
)
from wedsync.platform.db import db
from wedsync.platform.plans import along_an_index
from wedsync.platform.shares import Shares
from wedsync.webhooks.delivering import claiming, holding
from wedsync.webhooks.delivering.claiming import Claimed, FurtherLooks
from wedsync.webhooks.delivering.standing import FIRST_PAUSE_S
from wedsync.webhooks.endpoints import service as endpoints

MANY = 20_000
ROOM = 64
RESTS = {
    "off": "state = 'off'",
    "disabled": "state = 'disabled', state_reason = 'failing'",
    "breaker": "breaker_until = clock_timestamp() + interval '1 hour'",
}

_LANES = text(
    "INSERT INTO lanes (kind, key, organization_id, next_due_at, ordered, served_at)"
    " SELECT 'deliveries', CAST(:endpoint AS text) || ':' || n, :organization,"
    "  now() - interval '1 minute', true, now() - interval '1 day'"
    " FROM generate_series(1, :many) n"
)
_HELD = "SELECT count(*) AS n FROM lanes WHERE held_by = :id"


def held(app: APIFlask, endpoint: UUID) -> int:
    return int(one(app, _HELD, id=endpoint).n)


def switch(app: APIFlask, owner: Persona, endpoint: UUID, state: str) -> None:
    with app.app_context():
        endpoints.update(owner.identity, endpoint, {"state": state})
        db.session.commit()


def claimed(connection: Connection, owner: UUID) -> Claimed:
    allotment = Shares(ROOM).allotment(ROOM)
    return claiming.claim(connection, owner, allotment, 3, FurtherLooks())


def lanes_read(connection: Connection, statement: str) -> float:
    """The most rows one part of a look reads of lanes and endpoints."""
    given = {"kind": "deliveries", "full": [], "full_organizations": [], "limit": ROOM}
    with along_an_index(connection):
        plan = plan_of(connection, statement, **given)
    return max(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes_of(plan)
        if node.get("Relation Name") in ("lanes", "endpoints")
    )


@pytest.fixture
def crowd(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, request: pytest.FixtureRequest
) -> Iterator[Connection]:
    """An endpoint that rests with very many lanes, and another with something due that was made
    after all of them; undone afterwards."""
    resting, _ = make_endpoint(app, organization, sink.url("/ok/rest"), event_types=["x.y"])
    make_endpoint(app, organization, sink.url("/ok/healthy"))
    publish(app, organization, "seating.changed", {"table": 4})
    worker.fan_out()
    rest, known = request.param
    given = {"endpoint": resting, "organization": organization, "many": MANY}
    with app.app_context(), db.engine.connect() as connection:
        others = "UPDATE lanes SET next_due_at = NULL WHERE organization_id <> :organization"
        connection.execute(text(others), given)
        if known == "before":
            connection.execute(text("ANALYZE lanes, endpoints"))
        connection.execute(_LANES, given)
        connection.execute(text(f"UPDATE endpoints SET {RESTS[rest]} WHERE id = :endpoint"), given)
        if known == "since":
            connection.execute(text("ANALYZE lanes, endpoints"))
        yield connection
        connection.rollback()


@pytest.mark.parametrize(
    "crowd",
    [("off", "since"), ("disabled", "since"), ("breaker", "since"), ("breaker", "before")],
    indirect=True,
)
def test_after_a_few_rounds_no_claim_reads_lanes_of_endpoints_that_rest(
    crowd: Connection, worker: Worker
) -> None:
    assert worker.owner.id is not None
    first = claimed(crowd, worker.owner.id)
    assert [row.type for row in first.rows] == ["seating.changed"]  # they are before nobody
    assert lanes_read(crowd, claiming._LANES_MET.text) >= ROOM
    for _ in range(MANY // holding.MET_AT_ONCE + 1):
        claimed(crowd, worker.owner.id)
    for statement in (claiming._LANES_MET, claiming._LANES):
        assert lanes_read(crowd, statement.text) <= 2


@pytest.mark.parametrize("crowd", [("breaker", "since")], indirect=True)
def test_a_claim_holds_a_portion_only(crowd: Connection, worker: Worker) -> None:
    assert worker.owner.id is not None
    claimed(crowd, worker.owner.id)
    now = crowd.execute(text("SELECT count(*) FROM lanes WHERE held_by IS NOT NULL")).scalar_one()
    assert ROOM <= now <= holding.MET_AT_ONCE + ROOM


@pytest.mark.parametrize("crowd", [("off", "since")], indirect=True)
def test_what_is_turned_on_is_let_go_in_portions(crowd: Connection, worker: Worker) -> None:
    assert worker.owner.id is not None
    for _ in range(MANY // holding.MET_AT_ONCE + 1):
        claimed(crowd, worker.owner.id)
    crowd.execute(text("UPDATE endpoints SET state = 'on' WHERE has_held_lanes"))
    portions = []
    while portion := holding.let_go(crowd):
        portions.append(portion)
    assert max(portions) <= holding.LET_GO_AT_ONCE
    assert sum(portions) == MANY
    assert not crowd.execute(text("SELECT 1 FROM endpoints WHERE has_held_lanes")).all()


def publish_in_turn(app: APIFlask, organization: UUID, lanes: int, each: int) -> list[str]:
    """So many of each table, one after the other; their ids."""
    return [
        str(publish(app, organization, "seating.changed", {"table": table, "n": n}))
        for n in range(each)
        for table in range(lanes)
    ]


def test_all_of_it_arrives_in_order_once_it_is_turned_on_although_a_worker_dies(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/tables"), ordered_by="data.table")
    sent = publish_in_turn(app, organization, 30, 2)
    worker.fan_out()
    switch(app, owner, endpoint, "off")
    worker.deliver()
    assert held(app, endpoint) == 30
    assert not sink.paths()
    switch(app, owner, endpoint, "on")
    sent.append(str(publish(app, organization, "seating.changed", {"table": 0, "n": 2})))
    worker.fan_out()
    assert worker.begin_deliveries()  # claimed, and never heard of again
    worker.die()
    with worker_of(app) as other:
        assert other.sweep()
        other.deliver()
    assert {row.state for row in deliveries_of(app, endpoint)} == {"delivered"}
    arrived = [key for _, key, _ in sink.arrivals()]
    for table in range(30):
        of_table = sent[table::30]
        assert [key for key in arrived if key in of_table] == of_table
    assert held(app, endpoint) == 0
    assert not one(app, "SELECT has_held_lanes AS n FROM endpoints WHERE id = :id", id=endpoint).n


def test_after_a_rest_a_few_lanes_are_let_go_for_the_probe_and_the_others_when_it_arrives(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/back"), ordered_by="data.table")
    publish_in_turn(app, organization, 40, 1)
    worker.fan_out()
    until = f"clock_timestamp() + interval '{FIRST_PAUSE_S} seconds'"
    rest = f"UPDATE endpoints SET breaker_until = {until} WHERE id = :id RETURNING 1"
    rows(app, rest, id=endpoint)
    worker.deliver()
    assert held(app, endpoint) == 40
    let_pass(app, FIRST_PAUSE_S)
    probe = worker.begin_deliveries()
    assert len(probe) == 1
    assert 25 <= held(app, endpoint) < 40
    assert worker.begin_deliveries() == []
    assert held(app, endpoint) == 39  # while it is away the others rest again
    worker.die()
    with worker_of(app) as other:
        other.sweep()
        let_pass(app, FIRST_PAUSE_S)
        other.deliver()
    assert {row.state for row in deliveries_of(app, endpoint)} == {"delivered"}
    assert held(app, endpoint) == 0


def test_a_new_address_lets_go_what_waited_for_the_old_one(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/old"), ordered_by="data.table")
    publish_in_turn(app, organization, 3, 1)
    worker.fan_out()
    rest = "UPDATE endpoints SET breaker_until = clock_timestamp() + interval '1 hour'"
    rows(app, f"{rest} WHERE id = :id RETURNING 1", id=endpoint)
    worker.deliver()
    assert held(app, endpoint) == 3
    with app.app_context():
        endpoints.update(owner.identity, endpoint, {"url": sink.url("/ok/new")})
        db.session.commit()
    worker.deliver()
    assert sink.paths() == {"/ok/new": 3}


def test_one_that_somebody_has_in_hand_is_let_go_by_the_next_claim(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/hand"))
    publish(app, organization, "seating.changed", {"table": 1})
    worker.fan_out()
    switch(app, owner, endpoint, "off")
    worker.deliver()
    switch(app, owner, endpoint, "on")
    with worker.engine.begin() as elsewhere:
        lane = "SELECT 1 FROM lanes WHERE held_by = :id FOR UPDATE"
        elsewhere.execute(text(lane), {"id": endpoint})
        worker.deliver()
        assert held(app, endpoint) == 1
        assert not sink.paths()
    worker.deliver()
    assert sink.paths() == {"/ok/hand": 1}


def test_one_that_was_turned_on_meanwhile_is_not_held(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/meanwhile"))
    publish(app, organization, "seating.changed", {"table": 1})
    worker.fan_out()
    with worker.engine.begin() as connection:
        assert holding.hold(connection, [str(endpoint)]) == 0
    assert held(app, endpoint) == 0
