"""Endpoints that fetch what happened themselves, and say what they have."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import make_organization
from tests.webhooks.replaying_scene import CHANGED, begin, go_on
from tests.workers.scene import (
    Sink,
    Worker,
    accept,
    beside,
    deliveries_of,
    make_endpoint,
    make_hook,
    publish,
    rows,
    wait_until,
    worker_of,
)
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.webhooks import queries
from wedsync.webhooks.delivering import polling, positions, resending, samples
from wedsync.webhooks.delivering.polling import Fetched
from wedsync.webhooks.endpoints import service as endpoints


@pytest.fixture
def endpoint(app: APIFlask, organization: UUID) -> UUID:
    return polls(app, organization)


def polls(app: APIFlask, organization: UUID, **fields: Any) -> UUID:
    with app.app_context():
        made, _ = endpoints.create(
            organization, {"receives": "polls", "description": "Kitchen", **fields}
        )  # type: ignore[typeddict-item]
        db.session.commit()
        return made.id


def happen(app: APIFlask, worker: Worker, organization: UUID, *tables: int) -> None:
    for table in tables:
        publish(app, organization, CHANGED, {"table": table})
    worker.fan_out()


def fetch(
    app: APIFlask, organization: UUID, endpoint: UUID, iterator: str | None = None, limit: int = 50
) -> Fetched:
    with app.app_context():
        return polling.fetch(organization, endpoint, iterator=iterator, limit=limit)


def acknowledge(app: APIFlask, organization: UUID, endpoint: UUID, iterator: str) -> int:
    with app.app_context():
        arrived = polling.acknowledge(organization, endpoint, iterator)
        db.session.commit()
        return arrived


def tables(fetched: Fetched) -> list[int]:
    return [message.body["data"]["table"] for message in fetched.messages]


# --- works


def test_what_happened_is_fetched_in_order_and_page_by_page(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happen(app, worker, organization, 0, 1, 2)
    first = fetch(app, organization, endpoint, limit=2)
    assert (tables(first), first.done) == ([0, 1], False)
    rest = fetch(app, organization, endpoint, first.iterator)
    assert (tables(rest), rest.done) == ([2], True)
    nothing = fetch(app, organization, endpoint, rest.iterator)
    assert (tables(nothing), nothing.done) == ([], True)
    happen(app, worker, organization, 3)
    assert tables(fetch(app, organization, endpoint, nothing.iterator)) == [3]


def test_a_message_is_the_body_that_would_be_sent(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happen(app, worker, organization, 7)
    (message,) = fetch(app, organization, endpoint).messages
    assert sorted(message.body) == ["data", "id", "timestamp", "type"]
    assert (message.body["type"], message.body["data"]) == (CHANGED, {"table": 7})


def test_what_is_sealed_is_opened_for_them(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    hook = make_hook(app, organization)
    rows(
        app,
        """UPDATE hooks SET options = '{"sensitive": ["allergy"]}' WHERE id = :id RETURNING 1""",
        id=hook.id,
    )
    accept(app, hook, {"allergy": "nuts"})
    worker.fan_out()
    (message,) = fetch(app, organization, endpoint).messages
    assert message.body["data"] == {"allergy": "nuts"}


def test_a_page_ends_with_the_message_that_makes_it_large(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "MOST_BYTES", 600)
    large = "x" * 200
    for table in range(5):
        publish(app, organization, CHANGED, {"table": table, "note": large})
    worker.fan_out()
    first = fetch(app, organization, endpoint)
    second = fetch(app, organization, endpoint, first.iterator)
    assert (tables(first), first.done) == ([0, 1, 2], False)
    assert (tables(second), second.done) == ([3, 4], True)


def test_a_message_larger_than_a_page_is_given_alone(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "MOST_BYTES", 1)
    happen(app, worker, organization, 1, 2)
    first = fetch(app, organization, endpoint)
    second = fetch(app, organization, endpoint, first.iterator)
    assert (tables(first), first.done) == ([1], False)
    assert (tables(second), second.done) == ([2], True)


def test_what_was_not_acknowledged_is_given_again(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happen(app, worker, organization, 0, 1, 2)
    first = fetch(app, organization, endpoint, limit=2)
    assert acknowledge(app, organization, endpoint, first.iterator) == 2
    assert tables(fetch(app, organization, endpoint)) == [2]
    assert acknowledge(app, organization, endpoint, first.iterator) == 0
    states = [each.state for each in deliveries_of(app, endpoint)]
    assert states == ["delivered", "delivered", "due"]


def test_nothing_is_sent_to_it_and_nothing_counts_as_a_try(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happen(app, worker, organization, 0)
    worker.deliver()
    (delivery,) = deliveries_of(app, endpoint)
    assert (delivery.state, delivery.attempts, delivery.owner) == ("due", 0, None)
    lanes = rows(app, "SELECT 1 FROM lanes WHERE key LIKE :key", key=f"{endpoint}%")
    assert lanes == []


def test_its_kinds_and_its_condition_hold(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    high = {">": [{"var": "trigger.data.table"}, 1]}
    picky = polls(app, organization, event_types=[CHANGED], filter=high)
    publish(app, organization, "seating.moved", {"table": 9})
    happen(app, worker, organization, 0, 2)
    assert tables(fetch(app, organization, picky)) == [2]


def test_a_test_is_fetched_like_anything_else(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happen(app, worker, organization, 0)
    with app.app_context():
        samples.send_test(organization, endpoint)
        db.session.commit()
    kinds = [message.body["type"] for message in fetch(app, organization, endpoint).messages]
    assert kinds == [CHANGED, "endpoint.test"]


def test_what_is_sent_again_is_given_once_more_behind_the_rest(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, owner: Any
) -> None:
    happen(app, worker, organization, 0, 1)
    both = fetch(app, organization, endpoint)
    acknowledge(app, organization, endpoint, both.iterator)
    first = deliveries_of(app, endpoint)[0]
    with app.app_context():
        resending.try_now(organization, first.id, by=owner.identity)
        db.session.commit()
    happen(app, worker, organization, 2)
    assert tables(fetch(app, organization, endpoint, both.iterator)) == [0, 2]
    begin(app, organization, endpoint)
    go_on(worker)
    again = fetch(app, organization, endpoint)
    assert tables(again) == [0, 2, 1]


def test_what_was_given_up_is_not_given_any_more(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, owner: Any
) -> None:
    happen(app, worker, organization, 0, 1)
    with app.app_context():
        resending.give_up(organization, deliveries_of(app, endpoint)[0].id, by=owner.identity)
        db.session.commit()
    assert tables(fetch(app, organization, endpoint)) == [1]


def test_its_page_can_say_what_waits_and_when_they_last_said_that_they_have_it(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happen(app, worker, organization, 0, 1, 2)
    page = fetch(app, organization, endpoint, limit=1)
    acknowledge(app, organization, endpoint, page.iterator)
    with app.app_context():
        found = queries.get_endpoint(organization, endpoint)
        assert (polling.waiting(found, 100), polling.waiting(found, 1)) == (2, 1)
        assert found.acknowledged_at is not None
        assert found.acknowledged_at <= clock.now()


# --- negatives


def test_an_iterator_that_is_not_ours_or_not_of_this_endpoint_is_refused(
    app: APIFlask, organization: UUID, endpoint: UUID
) -> None:
    other = fetch(app, organization, polls(app, organization)).iterator
    whole = fetch(app, organization, endpoint).iterator
    for wrong in (other, whole[:-4], "", "é", "AAAA", whole.swapcase(), "A" * 68):
        with pytest.raises(Invalid):
            fetch(app, organization, endpoint, wrong)
        with pytest.raises(Invalid):
            acknowledge(app, organization, endpoint, wrong)


def test_a_stranger_finds_nothing(app: APIFlask, organization: UUID, endpoint: UUID) -> None:
    iterator = fetch(app, organization, endpoint).iterator
    stranger = make_organization(app)
    with pytest.raises(NotFound):
        fetch(app, stranger, endpoint)
    with pytest.raises(NotFound):
        acknowledge(app, stranger, endpoint, iterator)


def test_one_that_is_off_or_is_sent_to_gives_nothing(
    app: APIFlask, organization: UUID, endpoint: UUID, sink: Sink
) -> None:
    posts, _ = make_endpoint(app, organization, sink.url("/ok"))
    rows(app, "UPDATE endpoints SET state = 'off' WHERE id = :id RETURNING 1", id=endpoint)
    for which, code in ((posts, "endpoint_not_polled"), (endpoint, "endpoint_off")):
        with pytest.raises(Conflict) as refused:
            fetch(app, organization, which)
        assert refused.value.code == code


def test_whoever_reads_on_and_on_acknowledges_first(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "MOST_AHEAD", 3)
    happen(app, worker, organization, 0, 1, 2, 3)
    most = fetch(app, organization, endpoint, limit=3)
    with pytest.raises(Conflict) as refused:
        fetch(app, organization, endpoint, most.iterator)
    assert refused.value.code == "acknowledge_first"
    acknowledge(app, organization, endpoint, most.iterator)
    assert tables(fetch(app, organization, endpoint, most.iterator)) == [3]


def test_one_that_waits_to_be_fetched_cannot_be_sent(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, owner: Any
) -> None:
    happen(app, worker, organization, 0)
    with app.app_context(), pytest.raises(Conflict) as refused:
        resending.try_now(organization, deliveries_of(app, endpoint)[0].id, by=owner.identity)
    assert refused.value.code == "delivery_waits"


# --- concurrency


def test_a_reader_never_passes_what_is_not_committed_yet(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    """A fan-out has its positions and has not committed; the next one waits for it."""
    happen(app, worker, organization, 0)
    before = fetch(app, organization, endpoint).iterator
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    waits += " AND query LIKE '%last_position%'"
    with app.app_context(), db.engine.connect() as slow:
        assert positions.take(slow, {endpoint: 1}) == {endpoint: 2}
        with beside(lambda: happen(app, worker, organization, 1)) as later:
            wait_until(lambda: bool(rows(app, waits)))
            assert tables(fetch(app, organization, endpoint, before)) == []
            slow.rollback()
            later.result(10)
    assert tables(fetch(app, organization, endpoint, before)) == [1]


def test_readers_beside_many_writers_miss_nothing(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    """Two workers fan out while somebody reads along and acknowledges."""
    expected = 60
    for table in range(expected):
        publish(app, organization, CHANGED, {"table": table})
    is_done = threading.Event()
    seen: list[int] = []

    def read_along() -> None:
        iterator = None
        while not is_done.is_set() or len(seen) < expected:
            page = fetch(app, organization, endpoint, iterator, limit=7)
            seen.extend(tables(page))
            iterator = page.iterator
            if page.messages:
                acknowledge(app, organization, endpoint, iterator)

    with beside(read_along) as reader:
        with worker_of(app) as other, ThreadPoolExecutor(2) as pool:
            list(pool.map(Worker.fan_out, (worker, other)))
        is_done.set()
        reader.result(30)
    assert sorted(seen) == list(range(expected))
    assert {each.state for each in deliveries_of(app, endpoint)} == {"delivered"}


def test_two_who_acknowledge_at_once_count_each_message_once(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happen(app, worker, organization, *range(30))
    iterator = fetch(app, organization, endpoint).iterator
    with ThreadPoolExecutor(4) as pool:
        said = list(
            pool.map(lambda _: acknowledge(app, organization, endpoint, iterator), range(4))
        )
    assert sum(said) == 30
