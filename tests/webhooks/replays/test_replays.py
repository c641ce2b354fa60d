"""Sending an endpoint once more what happened since a moment."""

from datetime import timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.webhooks.replaying_scene import (
    CHANGED,
    EVER,
    begin,
    came_to,
    go_on,
    look,
    replay_of,
    set_state,
    told,
)
from tests.workers.scene import (
    Sink,
    Worker,
    accept,
    deliveries_of,
    make_endpoint,
    make_hook,
    one,
    publish,
    rows,
)
from wedsync.events import service as events
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.webhooks.delivering import operational, samples
from wedsync.webhooks.hooks import samples as hook_samples
from wedsync.webhooks.hooks import service as hooks


def test_what_was_never_attempted_arrives(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint)
    assert go_on(worker) == 5
    worker.deliver()
    assert sorted(told(sink, organization)) == [0, 1, 2, 3, 4]
    found = replay_of(app, replay)
    assert (found.state, found.total, found.seen, found.queued) == ("done", 5, 5, 5)
    assert found.finished_at is not None


def test_what_arrived_comes_again_with_the_number_it_had(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, endpoint: UUID
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    worker.deliver()
    begin(app, organization, endpoint)
    assert go_on(worker) == 5
    worker.deliver()
    came = came_to(sink, organization)
    numbers = [each["headers"]["webhook-id"] for each in came]
    assert sorted(numbers[:5]) == sorted(numbers[5:])
    assert [each.attempts for each in deliveries_of(app, endpoint)] == [2] * 5


@pytest.mark.parametrize(
    ("which", "state", "goes_out"),
    [
        ("all", "delivered", True),
        ("all", "exhausted", True),
        ("all", "cancelled", True),
        ("all", "due", True),
        ("not_delivered", "delivered", False),
        ("not_delivered", "exhausted", True),
        ("not_delivered", "cancelled", True),
        ("not_delivered", "due", True),
        ("failed", "delivered", False),
        ("failed", "exhausted", True),
        ("failed", "cancelled", False),
        ("failed", "due", False),
    ],
)
def test_what_became_of_it_says_whether_it_goes_out(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    endpoint: UUID,
    which: str,
    state: str,
    goes_out: bool,
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    set_state(app, endpoint, state)
    seen = look(app, organization, endpoint, which=which)
    begin(app, organization, endpoint, which)
    assert go_on(worker) == (5 if goes_out else 0)
    assert seen.wanted == (5 if goes_out else 0)
    due_now = "SELECT count(*) AS n FROM deliveries WHERE endpoint_id = :id AND state = 'due'"
    due_now += " AND next_attempt_at <= clock_timestamp()"
    assert one(app, due_now, id=endpoint).n == (5 if goes_out else 0)


def test_what_is_sent_again_has_all_its_tries_before_it_and_counts_for_no_hour_again(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    set_state(app, endpoint, "exhausted")
    begin(app, organization, endpoint, "failed")
    assert go_on(worker) == 5
    assert {each.failures for each in deliveries_of(app, endpoint)} == {0}
    made = "SELECT sum(made) AS n FROM delivery_hours WHERE endpoint_id = :id"
    assert one(app, made, id=endpoint).n == 5


def test_those_that_never_had_a_delivery_did_not_give_up(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    replay = begin(app, organization, endpoint, "failed")
    assert go_on(worker) == 0
    assert (replay_of(app, replay).state, replay_of(app, replay).total) == ("done", 0)


def test_a_delivery_that_is_open_is_not_doubled(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, endpoint: UUID
) -> None:
    begin(app, organization, endpoint)
    go_on(worker)
    under_way = worker.begin_deliveries()
    assert len(under_way) > 0
    begin(app, organization, endpoint)
    go_on(worker)
    assert len(deliveries_of(app, endpoint)) == 5
    states = [each.state for each in deliveries_of(app, endpoint)]
    assert states.count("in_flight") == len(under_way)


def test_only_what_happened_in_that_time_is_sent(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    happened = rows(
        app, "SELECT id FROM events WHERE organization_id = :id ORDER BY id", id=organization
    )
    for number, row in enumerate(happened):
        moved = ids.UUID(int=ids.first_at(EVER + timedelta(days=number)).int + 7 * (1 << 76) + 1)
        rows(app, "UPDATE events SET id = :to WHERE id = :id RETURNING 1", to=moved, id=row.id)
    since, until = EVER + timedelta(days=1), EVER + timedelta(days=3)
    begin(app, organization, endpoint, since=since, until=until)
    assert go_on(worker) == 2


def test_what_is_chosen_and_what_the_endpoint_wants_both_count(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    for kind in (CHANGED, "seating.moved", "seating.cleared"):
        publish(app, organization, kind, {"table": kind})
    worker.fan_out()
    wanted = [CHANGED, "seating.moved"]
    two, _ = make_endpoint(app, organization, sink.url("/ok/two"), event_types=wanted)
    begin(app, organization, two)
    assert go_on(worker) == 2
    begin(app, organization, two, event_types=("seating.moved",))
    worker.deliver()
    assert go_on(worker) == 1


def test_the_condition_of_the_endpoint_holds_for_what_was_never_sent(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    hook = make_hook(app, organization)
    for table in range(4):
        accept(app, hook, {"table": table})
    worker.fan_out()
    late = {"filter": {">": [{"var": "trigger.data.table"}, 1]}}
    picky, _ = make_endpoint(app, organization, sink.url(f"/ok/{organization}"), **late)
    replay = begin(app, organization, picky)
    assert go_on(worker) == 2
    worker.deliver()
    assert sorted(told(sink, organization)) == [2, 3]
    assert replay_of(app, replay).seen == 4


def test_a_test_of_one_endpoint_is_nothing_for_another(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID, sink: Sink
) -> None:
    with app.app_context():
        samples.send_test(organization, endpoint)
        db.session.commit()
    other, _ = make_endpoint(app, organization, sink.url("/ok/other"))
    begin(app, organization, other)
    assert go_on(worker) == 5


def test_the_sample_of_a_hook_is_nothing_for_anybody(
    app: APIFlask, worker: Worker, organization: UUID, owner: Persona, endpoint: UUID
) -> None:
    with app.app_context():
        hook, _secret = hooks.create(organization, {"name": "x", "scheme": "github"})
        sample = hook_samples.send(owner.identity, hook.id)
        db.session.commit()
        assert sample.event is not None
    assert look(app, organization, endpoint).wanted == 5
    begin(app, organization, endpoint)
    assert go_on(worker) == 5


def test_an_endpoint_is_not_told_again_what_is_about_itself(
    app: APIFlask, worker: Worker, organization: UUID, endpoint: UUID
) -> None:
    for about in (endpoint, ids.new_id()):
        with app.app_context():
            data = {"endpoint_id": str(about)}
            events.announce(db.session, organization, operational.FAILING, data)
            db.session.commit()
    worker.fan_out()
    before = len(deliveries_of(app, endpoint))
    begin(app, organization, endpoint)
    go_on(worker)
    assert (before, len(deliveries_of(app, endpoint))) == (1, 6)
