"""An endpoint's rate and its places hold across all workers; who has neither is never asked."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import event

from tests.webhooks.delivering_scene import begun_by, deliver_with_another, make_due
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    answered,
    make_endpoint,
    one,
    publish,
    rows,
    worker_of,
)
from wedsync.platform.shares import Shares
from wedsync.webhooks.delivering import claiming, limits
from wedsync.webhooks.delivering.claiming import Claimed


@contextmanager
def statements_of(worker: Worker) -> Iterator[list[str]]:
    """What a worker asks its database meanwhile."""
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(worker.engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(worker.engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("ordered_by", [None, "data.table"])
def test_no_more_are_in_flight_than_it_has_places_however_many_workers_there_are(
    app: APIFlask, worker: Worker, organization: UUID, ordered_by: str | None
) -> None:
    endpoint, _ = make_endpoint(
        app, organization, "http://127.0.0.1:65531/", max_in_flight=3, ordered_by=ordered_by
    )
    make_due(app, organization, worker, 20)
    with worker_of(app) as other:
        begun = begun_by(worker, other)
        assert len(begun) == 3
        mine, sending = begun[0]
        mine.come_home(mine.delivery_source, [(sending, answered())])
        # A place that became free is free at once, for everybody.
        assert len(begun_by(other, worker)) == 1
    in_flight = "SELECT count(*) AS n FROM deliveries WHERE state = 'in_flight'"
    assert one(app, in_flight).n == 3
    assert endpoint


def test_a_look_whether_it_is_back_is_not_spent_while_no_place_is_free(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, "http://127.0.0.1:65531/", max_in_flight=1)
    make_due(app, organization, worker, 2)
    ((_, sending),) = begun_by(worker)
    over = "UPDATE endpoints SET full_until = NULL, breaker_until = clock_timestamp()"
    until = rows(app, f"{over} WHERE id = :id RETURNING breaker_until", id=endpoint)
    assert begun_by(worker) == []
    assert rows(app, "SELECT breaker_until FROM endpoints WHERE id = :id", id=endpoint) == until
    worker.come_home(worker.delivery_source, [(sending, answered())])
    assert len(begun_by(worker)) == 1


@pytest.mark.parametrize("ordered_by", [None, "data.table"])
def test_with_few_places_everything_arrives_and_never_more_at_once(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, ordered_by: str | None
) -> None:
    endpoint, _ = make_endpoint(
        app, organization, sink.url("/slow/0.02/few"), max_in_flight=2, ordered_by=ordered_by
    )
    make_due(app, organization, worker, 30)
    deliver_with_another(app, worker)
    assert all(
        row.state == "delivered"
        for row in rows(app, "SELECT state FROM deliveries WHERE endpoint_id = :id", id=endpoint)
    )
    assert most_at_once(app) <= 2


def most_at_once(app: APIFlask) -> int:
    """The most attempts that were on their way at one moment."""
    found = one(
        app,
        "SELECT max(n) AS n FROM (SELECT sum(step) OVER (ORDER BY at, step DESC) AS n FROM"
        " (SELECT started_at AS at, 1 AS step FROM delivery_attempts UNION ALL"
        "  SELECT finished_at, -1 FROM delivery_attempts) s) t",
    )
    return int(found.n)


@pytest.mark.parametrize("ordered_by", [None, "data.table"])
def test_a_rate_holds_across_workers(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, ordered_by: str | None
) -> None:
    endpoint, _ = make_endpoint(
        app, organization, sink.url("/ok/rate"), rate_per_s=20, ordered_by=ordered_by
    )
    make_due(app, organization, worker, 30)
    deliver_with_another(app, worker)
    states = rows(app, "SELECT DISTINCT state FROM deliveries WHERE endpoint_id = :id", id=endpoint)
    assert [row.state for row in states] == ["delivered"]
    took = one(
        app,
        "SELECT extract(epoch FROM max(started_at) - min(started_at)) AS s FROM delivery_attempts",
    )
    # Two may leave at once; each of the others a twentieth of a second after one before.
    assert took.s >= 27 / 20


def test_what_a_rate_lets_leave_while_somebody_looks_is_looked_for_again_at_once(
    app: APIFlask, worker: Worker, organization: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_endpoint(app, organization, "http://127.0.0.1:65531/", rate_per_s=1)
    make_due(app, organization, worker, 2)
    assert len(worker.begin_deliveries()) == 1
    real = claiming.claim

    def on_a_slow_machine(*given: Any) -> Claimed:
        found = real(*given)
        time.sleep(1.2)  # the rate lets another leave meanwhile
        return found

    monkeypatch.setattr(claiming, "claim", on_a_slow_machine)
    assert worker.owner.id is not None
    turn = worker.delivery_source.turn(worker.owner.id, [], 100, Shares(100))
    assert (turn.claimed, turn.again_in_s) == (0, 0.0)


def test_what_a_rate_lets_through_after_a_quiet_time_is_a_tenth_of_a_seconds_worth(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    make_endpoint(app, organization, "http://127.0.0.1:65531/", rate_per_s=0.1)
    make_due(app, organization, worker, 5)
    assert len(begun_by(worker)) == 1
    let_pass(app, 9)
    assert begun_by(worker) == []
    let_pass(app, 1.5)
    assert len(begun_by(worker)) == 1
    let_pass(app, 3_600)
    assert len(begun_by(worker)) == 1


def test_full_endpoints_do_not_stand_in_the_way_of_others(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    """Far more lanes than a turn looks at, all of one endpoint that has no place left."""
    make_endpoint(
        app,
        organization,
        "http://127.0.0.1:65531/",
        max_in_flight=1,
        ordered_by="data.table",
        event_types=["seating.changed"],
    )
    make_due(app, organization, worker, 450)
    with worker_of(app) as holding:
        assert len(holding.begin_deliveries()) == 1
        fine, _ = make_endpoint(app, organization, sink.url("/ok/fine"), event_types=["table.set"])
        publish(app, organization, "table.set", {})
        worker.fan_out()
        turns = 0
        while not (begun := worker.begin_deliveries()):
            turns += 1
            assert turns < 3
        assert [sending.endpoint_id for sending, _ in begun] == [fine]


def test_endpoints_without_limits_are_not_asked_about(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    make_endpoint(app, organization, sink.url("/ok/free"))
    make_due(app, organization, worker, 5)
    with statements_of(worker) as said:
        worker.deliver()
    asked = {limits._LOCK.text, limits._PLACES.text, limits._SPEND.text}
    assert said
    assert not [each for each in said if any(each.startswith(one[:40]) for one in asked)]
