"""The circuit breaker: who is down is left alone, one goes to look, and what waits uses no try."""

from datetime import timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.webhooks.delivering_scene import begun_by, make_due, standing, tried_in_vain
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    answered,
    deliveries_of,
    make_endpoint,
    rows,
    worker_of,
)
from wedsync.platform import clock
from wedsync.platform.outbound import Answer, Failure, Outcome, Timings
from wedsync.webhooks.delivering.limits import PROBE_S
from wedsync.webhooks.delivering.schedule import DELAYS_S
from wedsync.webhooks.delivering.standing import FIRST_PAUSE_S, LONGEST_PAUSE_S


def is_open(app: APIFlask, endpoint: UUID) -> bool:
    until = standing(app, endpoint).breaker_until
    return until is not None and until > clock.now()


def rest_s(app: APIFlask, endpoint: UUID) -> float:
    return float((standing(app, endpoint).breaker_until - clock.now()).total_seconds())


def states(app: APIFlask, endpoint: UUID) -> dict[tuple[str, int], int]:
    """How many deliveries are in each state after so many attempts."""
    found = rows(
        app,
        "SELECT state, attempts, count(*) AS n FROM deliveries WHERE endpoint_id = :id"
        " GROUP BY 1, 2",
        id=endpoint,
    )
    return {(row.state, row.attempts): row.n for row in found}


def later(asked_s: int) -> Outcome:
    """An answer that asks to be left alone for so many seconds."""
    return Answer(429, {"retry-after": str(asked_s)}, b"", Timings())


def tries_in_s(app: APIFlask, endpoint: UUID, delivery: UUID) -> float:
    """In how many seconds a delivery is tried again."""
    (found,) = [each for each in deliveries_of(app, endpoint) if each.id == delivery]
    return float((found.next_attempt_at - clock.now()).total_seconds())


def point_at(app: APIFlask, endpoint: UUID, url: str) -> None:
    """Where the endpoint is from now on, its standing as it is."""
    rows(app, "UPDATE endpoints SET url = :url WHERE id = :id RETURNING 1", id=endpoint, url=url)


def test_after_five_failures_in_a_row_nothing_leaves_and_no_try_is_used(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, asked = tried_in_vain(app, worker, sink, organization, "/status/503/down", 40)
    # What was under way when the fifth came home, a share of the window at most.
    assert 5 <= asked < 40
    assert is_open(app, endpoint)
    assert 0.85 * FIRST_PAUSE_S <= rest_s(app, endpoint) <= 1.1 * FIRST_PAUSE_S
    worker.deliver()
    assert sink.paths()["/status/503/down"] == asked
    assert states(app, endpoint) == {("due", 1): asked, ("due", 0): 40 - asked}


def test_one_goes_to_look_and_when_it_arrives_the_others_follow_at_once(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, tried = tried_in_vain(app, worker, sink, organization, "/status/500/away", 30)
    point_at(app, endpoint, sink.url("/ok/back"))
    let_pass(app, FIRST_PAUSE_S * 1.2)
    with worker_of(app) as other:
        assert len(worker.begin_deliveries()) == 1
        assert other.begin_deliveries() == []  # one looks, wherever it works
        assert 0 < rest_s(app, endpoint) <= PROBE_S
        worker.die()
        assert other.sweep() == 1
        let_pass(app, PROBE_S)
        other.deliver()
    assert states(app, endpoint) == {
        key: number for key, number in states(app, endpoint).items() if key[0] == "delivered"
    }
    assert sum(states(app, endpoint).values()) == 30
    assert sink.paths()["/status/500/away"] == tried
    now = standing(app, endpoint)
    assert (now.breaker_until, now.breaker_trips, now.consecutive_failures) == (None, 0, 0)


def test_each_look_in_vain_makes_the_next_pause_twice_as_long_up_to_ten_minutes(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, asked = tried_in_vain(app, worker, sink, organization, "/status/500/long", 40)
    for trips in range(1, 9):
        let_pass(app, LONGEST_PAUSE_S * 1.2)
        worker.deliver()
        assert sink.paths()["/status/500/long"] == asked + trips
        pause = min(FIRST_PAUSE_S * 2**trips, LONGEST_PAUSE_S)
        assert 0.85 * pause <= rest_s(app, endpoint) <= 1.1 * pause
        assert standing(app, endpoint).breaker_trips == trips + 1


@pytest.mark.parametrize("answer", ["/status/400/no", "/status/404/no", "/redirect/no"])
def test_who_answers_is_not_down_whatever_it_says(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, answer: str
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url(answer))
    make_due(app, organization, worker, 12)
    worker.deliver()
    assert states(app, endpoint) == {("due", 1): 12}
    assert not is_open(app, endpoint)
    assert standing(app, endpoint).failing_since is not None


def test_our_own_reasons_say_nothing_about_the_far_end(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/unsigned"))
    rows(app, "UPDATE endpoints SET secret = 'no secret' WHERE id = :id RETURNING 1", id=endpoint)
    make_due(app, organization, worker, 8)
    worker.deliver()
    assert states(app, endpoint) == {("due", 1): 8}
    assert not is_open(app, endpoint)


@pytest.mark.parametrize("code", ["url_refused", "request_refused", "address_refused"])
def test_what_we_do_not_send_says_nothing_about_the_far_end(
    app: APIFlask, worker: Worker, organization: UUID, code: str
) -> None:
    endpoint, _ = make_endpoint(app, organization, "http://127.0.0.1:65531/")
    make_due(app, organization, worker, 8)
    not_ours: Outcome = Failure("not_sent", code, "We do not send there.")
    begun = [(each, not_ours) for _, each in begun_by(worker)]
    worker.come_home(worker.delivery_source, begun)
    assert states(app, endpoint) == {("due", 1): 8}
    now = standing(app, endpoint)
    assert (now.breaker_until, now.consecutive_failures) == (None, 0)
    assert now.failing_since is not None


def test_who_answers_a_look_that_it_is_gone_is_not_left_alone_when_it_is_turned_on(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = tried_in_vain(app, worker, sink, organization, "/status/503/then-gone", 8)
    point_at(app, endpoint, sink.url("/status/410/gone"))
    let_pass(app, FIRST_PAUSE_S * 1.2)
    worker.deliver()
    now = standing(app, endpoint)
    assert (now.state, now.state_reason) == ("disabled", "gone")
    assert (now.breaker_until, now.breaker_trips, now.consecutive_failures) == (None, 0, 0)


@pytest.mark.parametrize(("asked_s", "rests_s"), [(120, 120), (7_200, LONGEST_PAUSE_S)])
def test_who_asks_to_be_left_alone_is_at_the_first_word(
    app: APIFlask, worker: Worker, organization: UUID, asked_s: int, rests_s: int
) -> None:
    endpoint, _ = make_endpoint(app, organization, "http://127.0.0.1:65531/")
    make_due(app, organization, worker, 3)
    begun = worker.begin_deliveries()
    worker.come_home(worker.delivery_source, [(begun[0][0], later(asked_s))])
    assert rests_s - 5 <= rest_s(app, endpoint) <= rests_s
    (asked,) = [each for each in deliveries_of(app, endpoint) if each.last_error == "http_429"]
    assert asked.next_attempt_at >= clock.now() + timedelta(seconds=asked_s - 5)
    assert worker.begin_deliveries() == []


def test_what_is_down_after_it_asked_to_be_left_alone_is_left_alone_as_long_as_it_asked(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, "http://127.0.0.1:65531/")
    make_due(app, organization, worker, 3)
    first, *others = [each for _, each in begun_by(worker)]
    worker.come_home(worker.delivery_source, [(first, later(120))])
    until = standing(app, endpoint).breaker_until
    worker.come_home(worker.delivery_source, [(each, answered(503)) for each in others])
    now = standing(app, endpoint)
    assert (now.breaker_until, now.breaker_trips) == (until, 0)
    for each in others:  # by its own schedule it would go in five seconds
        assert tries_in_s(app, endpoint, each.id) < DELAYS_S[0] * 1.1
    let_pass(app, 60)
    assert worker.begin_deliveries() == []
    let_pass(app, 61)
    assert len(begun_by(worker)) == 1


def test_who_asked_to_be_left_alone_and_then_is_down_is_treated_as_anybody_who_is(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, "http://127.0.0.1:65531/")
    make_due(app, organization, worker, 1)
    ((_, sending),) = begun_by(worker)
    worker.come_home(worker.delivery_source, [(sending, later(600))])
    assert tries_in_s(app, endpoint, sending.id) > 540
    let_pass(app, 601)
    ((_, probe),) = begun_by(worker)
    assert (probe.is_probe, probe.number, probe.failures) == (True, 2, 1)
    worker.come_home(worker.delivery_source, [(probe, answered(503))])
    assert 0.85 * FIRST_PAUSE_S <= rest_s(app, endpoint) <= 1.1 * FIRST_PAUSE_S
    assert standing(app, endpoint).breaker_trips == 1
    # What was asked for then is over: the second try's own delay counts, not the ten minutes.
    assert DELAYS_S[1] - 60 <= tries_in_s(app, endpoint, sending.id) <= DELAYS_S[1] * 1.1
    let_pass(app, DELAYS_S[1] * 1.1)
    ((_, again),) = begun_by(worker)
    worker.come_home(worker.delivery_source, [(again, answered(200))])
    now = standing(app, endpoint)
    assert (now.breaker_until, now.breaker_trips, now.consecutive_failures) == (None, 0, 0)
    assert states(app, endpoint) == {("delivered", 3): 1}


def test_failures_that_come_late_do_not_lengthen_the_pause(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, "http://127.0.0.1:65531/")
    make_due(app, organization, worker, 40)
    begun = [each for _, each in begun_by(worker)]
    nobody: Outcome = Failure("not_sent", "connect_failed", "Nobody listens there.")
    worker.come_home(worker.delivery_source, [(each, nobody) for each in begun[:6]])
    until = standing(app, endpoint).breaker_until
    worker.come_home(worker.delivery_source, [(each, nobody) for each in begun[6:]])
    now = standing(app, endpoint)
    assert (now.breaker_until, now.breaker_trips) == (until, 1)


def test_what_came_from_an_address_that_was_changed_says_nothing(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(app, organization, "http://127.0.0.1:65531/")
    make_due(app, organization, worker, 20)
    begun = [each for _, each in begun_by(worker)]
    point_at(app, endpoint, sink.url("/ok/new-address"))
    gone: Outcome = Answer(410, {}, b"", Timings())
    worker.come_home(worker.delivery_source, [(each, gone) for each in begun])
    now = standing(app, endpoint)
    assert (now.state, now.failing_since, now.breaker_until) == ("on", None, None)
    assert {(row.state, row.last_error) for row in deliveries_of(app, endpoint)} == {
        ("due", "http_410")
    }
    let_pass(app, DELAYS_S[0] * 1.2)
    worker.deliver()
    assert states(app, endpoint) == {("delivered", 2): 20}


def test_lanes_in_order_are_left_alone_together(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(
        app, organization, sink.url("/status/502/lanes"), ordered_by="data.table"
    )
    make_due(app, organization, worker, 60)
    while not is_open(app, endpoint):
        worker.deliver()
        let_pass(app, 0.01)
    asked = sink.paths()["/status/502/lanes"]
    let_pass(app, FIRST_PAUSE_S * 1.2)
    worker.deliver()
    assert sink.paths()["/status/502/lanes"] == asked + 1
