"""Days of nothing but failures: a warning, a day later the end, and what everybody is told."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.webhooks.delivering_scene import standing
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Sink,
    Worker,
    deliveries_of,
    make_endpoint,
    publish,
    rows,
)
from wedsync.platform.db import db
from wedsync.platform.outbound import Answer, Outcome, Timings
from wedsync.webhooks.delivering import failing
from wedsync.webhooks.delivering.schedule import DELAYS_S, MAX_ATTEMPTS
from wedsync.webhooks.endpoints import service as endpoints
from workers import schedule

DAY_S = 86_400


def look_after(app: APIFlask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        schedule.look_after_endpoints(connection)


def told(app: APIFlask, event_type: str) -> list[Any]:
    found = rows(app, "SELECT data FROM events WHERE type = :type ORDER BY id", type=event_type)
    return [row.data for row in found]


def notices_of(app: APIFlask, endpoint: UUID) -> list[tuple[str, bool]]:
    """The codes of what its people were told, and whether it still holds."""
    found = rows(
        app,
        "SELECT code, closed_at IS NULL AS is_open FROM notices WHERE about_kind = 'endpoint'"
        " AND about_id = :id ORDER BY id",
        id=endpoint,
    )
    return [(row.code, row.is_open) for row in found]


@pytest.fixture
def silent(app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona) -> UUID:
    """An endpoint where the first of many things has just failed."""
    endpoint, _ = make_endpoint(app, organization, sink.url("/status/500/days"))
    fail_once_more(app, worker, organization)
    return endpoint


def fail_once_more(app: APIFlask, worker: Worker, organization: UUID) -> None:
    publish(app, organization, "seating.changed", {"table": 1})
    worker.fan_out()
    let_pass(app, 601)
    worker.deliver()


def four_days_pass(app: APIFlask, worker: Worker, organization: UUID) -> None:
    for _ in range(4):
        let_pass(app, DAY_S)
        fail_once_more(app, worker, organization)
    look_after(app)


def test_after_four_days_its_people_are_warned_once(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, silent: UUID
) -> None:
    for _ in range(3):
        let_pass(app, DAY_S)
        fail_once_more(app, worker, organization)
    look_after(app)
    assert (standing(app, silent).warned_at, told(app, "endpoint.failing")) == (None, [])
    let_pass(app, DAY_S)
    fail_once_more(app, worker, organization)
    for _ in range(3):
        look_after(app)
    assert standing(app, silent).state == "on"
    (event,) = told(app, "endpoint.failing")
    assert event["endpoint_id"] == str(silent)
    assert notices_of(app, silent) == [("failing", True)]
    (notice,) = rows(app, "SELECT title FROM notices WHERE about_id = :id", id=silent)
    assert notice.title == f"Nothing has arrived at {sink.url('')} for four days"
    letters = rows(
        app, "SELECT kind FROM mail_messages WHERE organization_id = :id", id=organization
    )
    assert [row.kind for row in letters] == ["notice"]


def test_a_day_after_the_warning_it_is_disabled_and_keeps_what_is_open(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona, silent: UUID
) -> None:
    four_days_pass(app, worker, organization)
    look_after(app)
    assert standing(app, silent).state == "on"
    let_pass(app, DAY_S)
    fail_once_more(app, worker, organization)
    look_after(app)
    now = standing(app, silent)
    assert (now.state, now.state_reason) == ("disabled", "failing")
    assert now.disabled_at is not None
    assert [each["reason"] for each in told(app, "endpoint.disabled")] == ["failing"]
    assert notices_of(app, silent) == [("failing", False), ("disabled", True)]

    before = deliveries_of(app, silent)
    let_pass(app, 10 * DAY_S)
    publish(app, organization, "seating.changed", {"table": 2})
    worker.work()
    after = deliveries_of(app, silent)
    assert [row.id for row in after] == [row.id for row in before]  # no new rows
    assert {row.state for row in after} == {"due"}
    assert [row.attempts for row in after] == [row.attempts for row in before]

    with app.app_context():
        endpoints.update(owner.identity, silent, {"state": "on", "url": sink.url("/ok/days")})
        db.session.commit()
    look_after(app)
    worker.deliver()
    assert {row.state for row in deliveries_of(app, silent)} == {"delivered"}
    assert notices_of(app, silent) == [("failing", False), ("disabled", False)]


def test_one_that_was_not_tried_since_the_warning_is_not_disabled_until_it_fails_again(
    app: APIFlask, worker: Worker, organization: UUID, silent: UUID
) -> None:
    four_days_pass(app, worker, organization)
    let_pass(app, 1.5 * DAY_S)
    look_after(app)
    now = standing(app, silent)
    assert (now.state, now.warned_at is None) == ("on", False)
    fail_once_more(app, worker, organization)
    look_after(app)
    assert standing(app, silent).state == "disabled"


def test_one_arrival_ends_it_all(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona, silent: UUID
) -> None:
    four_days_pass(app, worker, organization)
    rows(app, "UPDATE endpoints SET url = :url RETURNING 1", url=sink.url("/ok/days"))
    let_pass(app, 601)
    publish(app, organization, "seating.changed", {"table": 3})
    worker.work()
    now = standing(app, silent)
    assert (now.failing_since, now.warned_at) == (None, None)
    let_pass(app, 5 * DAY_S)
    look_after(app)
    assert standing(app, silent).state == "on"
    assert notices_of(app, silent) == [("failing", False)]


def test_a_warning_does_not_hold_any_more_when_nothing_was_tried_for_two_days(
    app: APIFlask, worker: Worker, organization: UUID, silent: UUID
) -> None:
    four_days_pass(app, worker, organization)
    assert notices_of(app, silent) == [("failing", True)]
    let_pass(app, 3 * DAY_S)
    look_after(app)
    assert (standing(app, silent).state, standing(app, silent).warned_at) == ("on", None)
    assert notices_of(app, silent) == [("failing", False)]


def test_after_two_days_without_a_try_the_next_failure_is_the_first(
    app: APIFlask, worker: Worker, organization: UUID, silent: UUID
) -> None:
    four_days_pass(app, worker, organization)
    since = standing(app, silent).failing_since
    let_pass(app, 3 * DAY_S)
    worker.deliver()  # nobody has looked at the clock meanwhile
    now = standing(app, silent)
    assert now.failing_since > since
    assert now.warned_at is None
    look_after(app)
    assert standing(app, silent).state == "on"
    assert told(app, "endpoint.disabled") == []
    for _ in range(4):
        let_pass(app, DAY_S)
        fail_once_more(app, worker, organization)
    look_after(app)
    assert standing(app, silent).warned_at is not None


def test_where_nothing_waits_nobody_is_warned(
    app: APIFlask, worker: Worker, organization: UUID, silent: UUID
) -> None:
    for delay_s in (*DELAYS_S, 0):
        let_pass(app, 1.2 * delay_s)
        worker.deliver()
    assert [row.state for row in deliveries_of(app, silent)] == ["exhausted"]
    let_pass(app, DAY_S)
    look_after(app)
    assert (standing(app, silent).warned_at, notices_of(app, silent)) == (None, [])
    fail_once_more(app, worker, organization)
    look_after(app)
    assert standing(app, silent).warned_at is not None


def test_one_that_stopped_at_a_message_is_warned_of_only_where_something_else_is_tried(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    endpoint, _ = make_endpoint(
        app,
        organization,
        sink.url("/status/500/stops"),
        ordered_by="data.table",
        stops_at_failure=True,
    )
    for table in (1, 1, 1, 2):
        publish(app, organization, "seating.changed", {"table": table})
    worker.fan_out()
    worker.deliver()
    first, *_, other = deliveries_of(app, endpoint)
    given_up = "state = 'exhausted', blocks_lane = true, next_attempt_at = NULL"
    rows(app, f"UPDATE deliveries SET {given_up} WHERE id = :id RETURNING 1", id=first.id)
    days_ago = "failing_since = clock_timestamp() - interval '4 days 1 hour'"
    rows(app, f"UPDATE endpoints SET {days_ago} WHERE id = :id RETURNING 1", id=endpoint)
    for state, is_warned in (("delivered", False), ("due", True)):
        changed = "UPDATE deliveries SET state = :state WHERE id = :id RETURNING 1"
        rows(app, changed, state=state, id=other.id)
        look_after(app)
        assert (standing(app, endpoint).warned_at is not None) is is_warned


def test_one_that_says_it_is_gone_is_told_of_too(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/status/410/told"))
    publish(app, organization, "seating.changed", {})
    worker.work()
    look_after(app)
    (event,) = told(app, "endpoint.disabled")
    assert (event["endpoint_id"], event["reason"]) == (str(endpoint), "gone")
    assert notices_of(app, endpoint) == [("disabled", True)]
    assert standing(app, endpoint).disabled_at is not None


def test_what_is_open_when_it_is_gone_is_cancelled_to_the_last(
    app: APIFlask, worker: Worker, organization: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page at a time: what one page leaves the clock's next look takes."""
    monkeypatch.setattr("wedsync.webhooks.delivering.settling.CANCELLED_AT_ONCE", 10)
    endpoint, _ = make_endpoint(
        app, organization, "http://127.0.0.1:65531/", ordered_by="data.table"
    )
    for table in range(35):
        publish(app, organization, "seating.changed", {"table": table})
    worker.fan_out()
    begun = worker.begin_deliveries()
    gone: Outcome = Answer(410, {}, b"", Timings())
    worker.come_home(worker.delivery_source, [(begun[0][0], gone)])
    for _ in range(4):
        look_after(app)
    states = {row.id: row.state for row in deliveries_of(app, endpoint)}
    in_flight = {sending.id for sending, _ in begun[1:]}
    assert {states.pop(each) for each in in_flight} <= {"in_flight"}
    assert set(states.values()) == {"cancelled"}


def test_an_endpoint_is_never_sent_what_is_about_itself_but_others_are(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    sink.forget()
    gone, _ = make_endpoint(app, organization, sink.url("/status/410/about"))
    listening, _ = make_endpoint(
        app, organization, sink.url("/ok/about"), event_types=["endpoint.disabled"]
    )
    publish(app, organization, "seating.changed", {})
    worker.work()
    with app.app_context():
        endpoints.enable(owner.identity, gone)
        db.session.commit()
    worker.work()
    assert {row.event_type for row in deliveries_of(app, gone)} == {"seating.changed"}
    assert [row.event_type for row in deliveries_of(app, listening)] == ["endpoint.disabled"]
    assert sink.paths()["/ok/about"] == 1


@pytest.mark.parametrize("path", ["/status/410/T0P/s3cret", "/status/410/here?token=s3cret"])
def test_what_others_are_told_of_its_address_is_where_it_is(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, path: str
) -> None:
    make_endpoint(app, organization, sink.url(path), description="The kitchen")
    publish(app, organization, "seating.changed", {})
    worker.work()
    (event,) = told(app, "endpoint.disabled")
    assert (event["url"], event["description"]) == (sink.url(""), "The kitchen")
    assert "s3cret" not in str(event)


def test_two_that_are_down_do_not_keep_telling_each_other(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID
) -> None:
    for name in ("a", "b"):
        make_endpoint(app, organization, sink.url(f"/status/500/{name}"))
    publish(app, organization, "seating.changed", {})
    for _ in range(3 * MAX_ATTEMPTS):
        worker.work()
        let_pass(app, 2 * DAY_S)
    worker.work()
    given_up = told(app, "delivery.exhausted")
    assert [each["event_type"] for each in given_up] == ["seating.changed"] * 2
    states = rows(app, "SELECT event_type, state FROM deliveries ORDER BY event_type")
    assert [tuple(row) for row in states] == [
        ("delivery.exhausted", "exhausted"),
        ("delivery.exhausted", "exhausted"),
        ("seating.changed", "exhausted"),
        ("seating.changed", "exhausted"),
    ]


def test_the_periods_are_four_and_five_days() -> None:
    assert (failing.WARNED_AFTER, failing.DISABLED_AFTER) == ("4 days", "5 days")


def test_the_warning_stands_where_people_see_what_needs_them(
    app: APIFlask, worker: Worker, organization: UUID, owner: Persona, silent: UUID
) -> None:
    four_days_pass(app, worker, organization)
    page = owner.browser.get("/").get_data(as_text=True)
    assert "has arrived at" in page
    assert f'href="/webhooks/endpoints/{silent}"' in page
    assert owner.browser.get(f"/webhooks/endpoints/{silent}").status_code == 200
