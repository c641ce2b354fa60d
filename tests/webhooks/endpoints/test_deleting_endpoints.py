"""A deleted endpoint is gone at once, for everybody; what it leaves goes in portions."""

from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import Persona
from tests.webhooks.arranging import NEVER
from tests.webhooks.deliveries_in_bulk import Bulk, many
from tests.webhooks.plans import nodes_of, plan_of
from tests.workers.scene import (
    Sink,
    Worker,
    answered,
    beside,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    rows,
    worker_of,
)
from wedsync.errors import NotFound
from wedsync.health import books, figures, needs, today_queries
from wedsync.platform.db import db
from wedsync.platform.plans import along_an_index
from wedsync.webhooks.delivering import taking_away
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.replays import replaying
from wedsync.webhooks.replays import service as replays
from wedsync.webhooks.replays.service import THE_BEGINNING, Wish
from workers import schedule

MANY = 9_000
_LEFT = (
    "SELECT (SELECT count(*) FROM endpoints WHERE id = :id) AS endpoints,"
    " (SELECT count(*) FROM deliveries WHERE endpoint_id = :id) AS deliveries,"
    " (SELECT count(*) FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id"
    "  WHERE d.endpoint_id = :id) AS attempts,"
    " (SELECT count(*) FROM delivery_hours WHERE endpoint_id = :id) AS hours,"
    " (SELECT count(*) FROM replays WHERE endpoint_id = :id) AS replays,"
    " (SELECT count(*) FROM lanes WHERE key LIKE CAST(:id AS text) || '%') AS lanes"
)


def left(app: APIFlask, endpoint: UUID) -> tuple[int, ...]:
    return tuple(one(app, _LEFT, id=endpoint))


def take_away(app: APIFlask) -> int:
    with app.app_context(), db.engine.begin() as connection:
        return taking_away.take_away(connection)


def take_all_away(app: APIFlask) -> list[int]:
    """The portions in which it went."""
    portions = []
    while portion := take_away(app):
        portions.append(portion)
    return portions


def delete(app: APIFlask, by: Persona, endpoint: UUID) -> None:
    with app.app_context():
        endpoints.delete(by.identity, endpoint)
        db.session.commit()


@pytest.fixture
def bulk(app: APIFlask, owner: Persona) -> Bulk:
    """An endpoint with many deliveries; nothing else is to be taken away."""
    take_all_away(app)
    return many(app, owner.organization_id, MANY)


def test_deleting_does_not_touch_its_deliveries_which_go_in_portions_and_then_its_row(
    app: APIFlask, owner: Persona, bulk: Bulk
) -> None:
    before = left(app, bulk.endpoint_id)
    answer = owner.api.delete(f"/endpoints/{bulk.endpoint_id}")
    assert answer.status_code == 200
    assert left(app, bulk.endpoint_id) == before
    portions = take_all_away(app)
    assert max(portions) <= taking_away.AT_ONCE
    assert sum(portions) == MANY + 1
    assert set(left(app, bulk.endpoint_id)) == {0}


def test_a_portion_reads_what_it_takes(app: APIFlask, owner: Persona, bulk: Bulk) -> None:
    delete(app, owner, bulk.endpoint_id)
    given = {"organization_id": bulk.organization_id, "id": bulk.endpoint_id, "most": 50}
    with app.app_context(), db.engine.connect() as connection:
        with along_an_index(connection):
            plan = plan_of(connection, taking_away._DELIVERIES.text, **given)
        connection.rollback()
    read = [each for each in nodes_of(plan) if each.get("Relation Name") == "deliveries"]
    assert sum(each["Actual Rows"] + each.get("Rows Removed by Filter", 0) for each in read) <= 50


def test_nobody_finds_it_or_what_was_sent_to_it(app: APIFlask, owner: Persona, bulk: Bulk) -> None:
    delivery = deliveries_of(app, bulk.endpoint_id)[0]
    kept, _ = make_endpoint(app, bulk.organization_id, "https://kept.example/")
    with app.app_context():
        replay = replays.begin(
            bulk.organization_id, bulk.endpoint_id, Wish(THE_BEGINNING), by=owner.identity
        )
        db.session.commit()
        replay_id = replay.id
    assert owner.api.get("/deliveries").json["data"]
    delete(app, owner, bulk.endpoint_id)
    gone = f"/endpoints/{bulk.endpoint_id}"
    for path in (gone, f"{gone}/replays", f"/deliveries/{delivery.id}", f"/replays/{replay_id}"):
        assert owner.api.get(path).status_code == 404, path
    for path in (f"{gone}/enable", f"{gone}/test", f"{gone}/rotate", f"/replays/{replay_id}/pause"):
        assert owner.api.post(path, json={}).status_code == 404, path
    for path in (f"/deliveries/{delivery.id}/resend", f"/deliveries/{delivery.id}/cancel"):
        assert owner.api.post(path, json={}).status_code == 404, path
    assert owner.api.delete(gone).status_code == 404
    assert [each["id"] for each in owner.api.get("/endpoints").json["data"]] == [str(kept)]
    for wanted in (
        "",
        f"?endpoint={bulk.endpoint_id}",
        "?state=due",
        f"?event={delivery.event_id}",
    ):
        assert owner.api.get(f"/deliveries{wanted}").json["data"] == [], wanted
    for page in ("/webhooks", "/webhooks/deliveries", "/health", "/today"):
        assert "The kitchen" not in owner.browser.get(page, follow_redirects=True).text, page
    for page in (f"/webhooks{gone}", f"/webhooks{gone}/edit", f"/webhooks{gone}/secrets"):
        assert owner.browser.get(page).status_code == 404, page
    assert owner.browser.get(f"/events/{delivery.event_id}").status_code == 200
    assert owner.browser.post(f"/webhooks{gone}/remove").status_code == 404


def test_it_is_counted_nowhere(app: APIFlask, owner: Persona, bulk: Bulk) -> None:
    organization = bulk.organization_id
    rows(
        app,
        "UPDATE endpoints SET state = 'disabled' WHERE id = :id RETURNING 1",
        id=bulk.endpoint_id,
    )
    with app.app_context():
        assert needs.count_needing(organization)
        endpoints.delete(owner.identity, bulk.endpoint_id)
        db.session.commit()
        counts = today_queries.counts(organization)
        assert (counts["endpoints"], counts["endpoints_needing"], counts["waiting"]) == (0, 0, 0)
        assert not needs.count_needing(organization)
        assert list(figures.endpoints(organization)) == []
        kept = books.ledger(organization)
        assert (kept.deliveries.total, kept.deliveries.unaccounted) == (0, 0)


def test_its_secrets_and_its_address_are_gone_at_once(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    url = "https://partner.example/hook/its-token"
    endpoint, _ = make_endpoint(app, organization, url, key_pair=True)
    with app.app_context():
        endpoints.rotate_secret(owner.identity, endpoint)
        endpoints.delete(owner.identity, endpoint)
        db.session.commit()
    row = one(app, "SELECT * FROM endpoints WHERE id = :id", id=endpoint)
    assert (row.state, row.url, bytes(row.secret)) == ("deleted", "", b"")
    assert not any((row.previous_secret, row.signing_key, row.previous_signing_key))


def test_nothing_more_is_made_or_sent_for_it_and_its_lanes_go(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    sink.forget()
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/going"), ordered_by="data.table")
    for table in range(3):
        publish(app, organization, "seating.changed", {"table": table})
    worker.fan_out()
    with app.app_context():
        replays.begin(organization, endpoint, Wish(THE_BEGINNING, which="all"))
        db.session.commit()
    on_its_way = worker.begin_deliveries()[:1]
    delete(app, owner, endpoint)
    publish(app, organization, "seating.changed", {"table": 9})
    worker.fan_out()
    worker.deliver()
    replaying.work(worker.engine, NEVER, lambda: None)
    assert len(deliveries_of(app, endpoint)) == 3
    assert not sink.paths()
    # What is on its way at this moment goes when it has come home.
    take_all_away(app)
    assert [row.state for row in deliveries_of(app, endpoint)] == ["in_flight"] * 3
    worker.come_home(worker.delivery_source, [(on_its_way[0][0], answered(500))])
    worker.die()
    with worker_of(app) as other:
        other.sweep()
        take_all_away(app)
        other.deliver()
    assert set(left(app, endpoint)) == {0}
    assert not sink.paths()


def test_what_is_given_up_at_that_moment_is_not_told(
    app: APIFlask, worker: Worker, sink: Sink, organization: UUID, owner: Persona
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/last"), event_types=["a.b"])
    publish(app, organization, "a.b", {})
    worker.fan_out()
    rows(app, "UPDATE deliveries SET failures = 9 WHERE endpoint_id = :id RETURNING 1", id=endpoint)
    ((sending, _),) = worker.begin_deliveries()
    delete(app, owner, endpoint)
    worker.come_home(worker.delivery_source, [(sending, answered(400))])
    assert [row.state for row in deliveries_of(app, endpoint)] == ["exhausted"]
    assert not rows(
        app,
        "SELECT 1 FROM events WHERE type = 'delivery.exhausted' AND organization_id = :id",
        id=organization,
    )


def test_a_notice_about_it_is_closed(
    app: APIFlask, worker: Worker, organization: UUID, owner: Persona
) -> None:
    endpoint, _ = make_endpoint(app, organization, "https://far.example/")
    failing = "state = 'disabled', state_reason = 'failing', disabled_at = clock_timestamp()"
    rows(app, f"UPDATE endpoints SET {failing} WHERE id = :id RETURNING 1", id=endpoint)
    open_ones = "SELECT count(*) AS n FROM notices WHERE about_id = :id AND closed_at IS NULL"
    for expected in (1, 0):
        with app.app_context(), db.engine.begin() as connection:
            schedule.look_after_endpoints(connection)
        assert one(app, open_ones, id=endpoint).n == expected
        if expected:
            delete(app, owner, endpoint)


# --- two at once


def test_of_two_who_delete_it_the_second_finds_nothing(
    app: APIFlask, organization: UUID, owner: Persona
) -> None:
    endpoint, _ = make_endpoint(app, organization, "https://far.example/")

    def again() -> None:
        with app.app_context():
            endpoints.delete(owner.identity, endpoint)

    with app.app_context():
        endpoints.delete(owner.identity, endpoint)
        with beside(again) as second:
            db.session.commit()
            with pytest.raises(NotFound):
                second.result()


def test_a_portion_that_somebody_has_in_hand_waits_for_nobody(
    app: APIFlask, owner: Persona, bulk: Bulk
) -> None:
    delete(app, owner, bulk.endpoint_id)
    lock = text("SELECT 1 FROM deliveries WHERE endpoint_id = :id LIMIT 3 FOR UPDATE")
    with app.app_context(), db.engine.connect() as elsewhere:
        elsewhere.execute(lock, {"id": bulk.endpoint_id})
        take_all_away(app)
        assert left(app, bulk.endpoint_id)[:2] == (1, 3)
        elsewhere.rollback()
    take_all_away(app)
    assert set(left(app, bulk.endpoint_id)) == {0}


def test_a_kill_costs_a_portion_and_it_goes_on(app: APIFlask, owner: Persona, bulk: Bulk) -> None:
    delete(app, owner, bulk.endpoint_id)
    take_away(app)
    with app.app_context(), db.engine.connect() as killed:
        taking_away.take_away(killed)
        killed.rollback()
    assert left(app, bulk.endpoint_id)[1] == MANY - taking_away.AT_ONCE
    take_all_away(app)
    assert set(left(app, bulk.endpoint_id)) == {0}


def test_the_clock_does_it(app: APIFlask, owner: Persona, organization: UUID) -> None:
    take_all_away(app)
    endpoint, _ = make_endpoint(app, organization, "https://far.example/")
    delete(app, owner, endpoint)
    (job,) = [each for each in schedule.TABLE if each.name == "take away deleted endpoints"]
    rows(app, "DELETE FROM schedule_slots WHERE name = :name RETURNING 1", name=job.name)
    with app.app_context():
        schedule.run_due(db.engine, (job,))
    assert set(left(app, endpoint)) == {0}
