"""All deliveries on one page, and how one of them is told."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.page_words import words_of
from tests.personas import Persona
from tests.webhooks.deliveries_in_bulk import Bulk, many
from tests.workers.scene import (
    Sink,
    Worker,
    deliveries_of,
    make_endpoint,
    one,
    publish,
    rows,
)
from wedsync.accounts.organizations import acting
from wedsync.events import service as events
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.weddings import service as weddings
from workers import schedule


def page(persona: Persona, query: str = "", *, fragment: bool = False) -> str:
    answer = persona.browser.get(f"/webhooks/deliveries{query}", fragment=fragment)
    assert answer.status_code == 200
    return words_of(answer)


def endpoint_page(persona: Persona, endpoint_id: UUID, query: str = "") -> str:
    answer = persona.browser.get(f"/webhooks/endpoints/{endpoint_id}{query}")
    assert answer.status_code == 200
    return words_of(answer)


def told(
    app: APIFlask, worker: Worker, persona: Persona, url: str, data: Any, **fields: Any
) -> UUID:
    """An endpoint that was told of one thing; returns its id."""
    endpoint_id, _ = make_endpoint(app, persona.organization_id, url, **fields)
    publish(app, persona.organization_id, "seating.guest_added", data)
    worker.work()
    return endpoint_id


def stand(app: APIFlask, endpoint_id: UUID, **values: Any) -> None:
    """Let an endpoint stand as the drains leave it."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    rows(
        app, f"UPDATE endpoints SET {changes} WHERE id = :id RETURNING 1", id=endpoint_id, **values
    )


# --- all of them


def test_without_an_endpoint_the_page_says_what_it_is_for(owner: Persona, viewer: Persona) -> None:
    assert "Nobody is told anything yet" in page(owner)
    assert "Add an endpoint" in page(owner)
    assert "Add an endpoint" not in page(viewer)


def test_deliveries_of_every_endpoint_stand_together(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    told(app, worker, owner, sink.url("/ok/all"), {"guest": "Rosa"}, description="The kitchen")
    make_endpoint(app, owner.organization_id, sink.url("/ok/two"), description="The florist")
    assert "Nothing was sent yet." not in page(owner)
    publish(app, owner.organization_id, "invoice.paid", {"name": "Ben"})
    worker.work()
    said = page(owner)
    assert "Seating guest added, Rosa To The kitchen · seating.guest_added" in said
    assert "Invoice paid, Ben To The florist · external.invoice.paid" in said
    assert "All 3 Waiting 0 Arrived 3 Gave up 0 Stopped 0" in said
    assert "All 3" in words_of(owner.browser.get("/webhooks/deliveries?state=arrived"))


def test_each_filter_narrows_and_one_that_finds_nothing_leads_back(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    kitchen = told(app, worker, owner, sink.url("/status/503/f"), {"guest": "Rosa"})
    for query in ("state=waiting", "type=seating.guest_added", "error=http_503", "when=hour"):
        assert "Seating guest added, Rosa" in page(owner, f"?{query}"), query
    assert "Seating guest added, Rosa" in page(owner, f"?to={kitchen}")
    today = clock.now().date()
    assert "Seating guest added, Rosa" in page(owner, f"?since={today - timedelta(days=1)}")
    nothing = (
        "state=arrived",
        "type=invoice.paid",
        "error=timeout",
        f"to={owner.organization_id}",
        f"since={today + timedelta(days=2)}",
        f"until={today - timedelta(days=2)}",
        "q=nobody",
    )
    for query in nothing:
        said = page(owner, f"?{query}")
        assert "No delivery is like that." in said, query
        assert "Show all" in said
    assert "503, down for now" in page(owner, "?error=http_503")


@pytest.mark.parametrize(
    "query",
    [
        "?state=later&when=never&since=2026-02-30&until=x&before=y&delivery=z&to=w",
        "?q=%00&type=%00&error=%00",
        "?since=0001-01-01&until=9999-12-31",
        f"?q={'a' * 5_000}&type={'b' * 5_000}",
        "?q=%25_%5C",
    ],
    ids=["of no kind", "NUL", "the ends of time", "endless", "wildcards"],
)
def test_an_address_that_means_nothing_shows_what_there_is(
    app: APIFlask, owner: Persona, query: str
) -> None:
    make_endpoint(app, owner.organization_id, "https://kitchen.example/told")
    assert "Deliveries" in page(owner, query)


def test_a_couple_an_event_a_number_and_a_name_are_searched(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    kitchen = told(app, worker, owner, sink.url("/ok/search"), {"guest": "Rosa Osei"})
    with app.app_context():
        me = acting(owner.organization_id, owner.user_id, "owner")
        wedding = weddings.create(me, {"title": "Hannah & Josef"})
        events.publish(
            owner.organization_id, "invoice.paid", {}, source="api", wedding_id=wedding.id
        )
        db.session.commit()
    worker.work()
    assert "About Hannah & Josef. Look for the name “hannah” in what was sent" in page(
        owner, "?q=hannah"
    )
    assert "Invoice paid, Hannah & Josef" in page(owner, "?q=hannah")
    assert "“Seating guest added”." in page(owner, "?q=guest+added")
    assert "“Invoice paid”, about Hannah & Josef." in page(owner, "?q=paid+josef")
    said = page(owner, "?q=rosa")
    assert "With “rosa” in the name." in said
    assert "Seating guest added, Rosa Osei" in said
    assert "Nothing was found." in page(owner, "?q=hannah&names=1")
    delivery = deliveries_of(app, kitchen)[0]
    assert "By number. " in page(owner, f"?q={delivery.event_id}")


def test_a_page_goes_on_and_comes_back(app: APIFlask, owner: Persona) -> None:
    many(app, owner.organization_id, 64)
    first, second = listed(owner, "state=arrived"), []
    assert len(first) == 30
    assert first == sorted(first, reverse=True)
    second = listed(owner, f"state=arrived&before={first[-1]}")
    assert second == sorted(second, reverse=True)
    assert second[0] < first[-1]
    assert "Earlier deliveries" in page(owner, "?state=arrived")
    assert "Latest" in page(owner, f"?state=arrived&before={first[-1]}")


def listed(persona: Persona, query: str) -> list[str]:
    """The ids of what a page lists."""
    answer = persona.browser.get(f"/webhooks/deliveries?{query}")
    return re.findall(r'<li id="d-([0-9a-f-]+)"', answer.get_data(as_text=True))


def test_a_search_and_the_clock_get_the_part_that_changes(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner, sink.url("/ok/part"), {"guest": "Rosa"})
    for path in ("/webhooks/deliveries", f"/webhooks/endpoints/{endpoint_id}"):
        part = owner.browser.get(path, fragment=True).get_data(as_text=True)
        assert "<html" not in part
        assert 'id="found"' in part
        assert 'hx-trigger="every 10s"' in part
        assert '<hx-partial hx-target="#chips"' in part
        assert ('<hx-partial hx-target="#news"' in part) == ("endpoints" in path)
    searched = owner.browser.get("/webhooks/deliveries?q=rosa", fragment=True)
    assert "every 10s" not in searched.get_data(as_text=True)


def test_a_delivery_is_opened_where_it_stands(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona, stranger: Persona
) -> None:
    endpoint_id = told(app, worker, owner, sink.url("/ok/open"), {"guest": "Rosa"})
    delivery = deliveries_of(app, endpoint_id)[0]
    said = page(owner, f"?delivery={delivery.id}")
    assert "They took it at the first try (200)." in said
    assert "Send it again…" in said
    assert "200 OK" in said
    path = f"/webhooks/deliveries?delivery={delivery.id}"
    assert stranger.browser.get(path).status_code == 404


# --- an endpoint in trouble


def test_a_rest_is_told_with_its_end(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner, sink.url("/status/503/rest"), {"guest": "Rosa"})
    until = clock.now() + timedelta(minutes=7)
    stand(app, endpoint_id, breaker_until=until)
    said = endpoint_page(owner, endpoint_id)
    assert "We are giving them a rest until" in said
    assert "next try, after their rest; then" in said
    assert "What waits goes as soon as they answer. Nothing for you to do." in said


def test_a_warning_and_the_end_tell_when_and_lead_back(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona, viewer: Persona
) -> None:
    endpoint_id = told(app, worker, owner, sink.url("/status/503/warned"), {"guest": "Rosa"})
    ago = clock.now() - timedelta(days=4, hours=1)
    stand(app, endpoint_id, failing_since=ago, warned_at=clock.now())
    said = endpoint_page(owner, endpoint_id)
    assert "We are about to stop sending there Nothing has arrived since" in said
    assert "If nothing arrives before, we stop sending" in said
    stand(app, endpoint_id, state="disabled", state_reason="failing", disabled_at=clock.now())
    said = endpoint_page(owner, endpoint_id)
    assert "We stopped sending today" in said.replace("sending at", "sending today at")
    assert "What waited is kept." in said
    assert "next try, when the endpoint is turned on" in said
    assert "Turn on" in said
    assert "Turn on" not in endpoint_page(viewer, endpoint_id)


def test_an_address_that_is_gone_asks_for_another(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner, sink.url("/status/410/gone"), {"guest": "Rosa"})
    said = endpoint_page(owner, endpoint_id)
    assert "They closed this address" in said
    assert "Change the address" in said


# --- an order


def test_what_was_given_up_before_and_what_goes_first_are_named(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id, _ = make_endpoint(
        app, owner.organization_id, sink.url("/status/503/order"), ordered_by="data.table"
    )
    for guest in ("Rosa", "Ben", "Ada"):
        publish(app, owner.organization_id, "seating.guest_added", {"guest": guest, "table": 7})
    worker.work()
    first, _second, third = sorted(deliveries_of(app, endpoint_id), key=lambda row: row.seq)
    said = endpoint_page(owner, endpoint_id, f"?delivery={third.id}")
    assert "It waits its turn: two go before it." in said
    rows(
        app,
        "UPDATE deliveries SET state = 'exhausted', finished_at = now() WHERE id = :id RETURNING 1",
        id=first.id,
    )
    said = endpoint_page(owner, endpoint_id, f"?delivery={third.id}")
    assert "It waits its turn: one goes before it." in said
    assert "One was given up before this one: Seating guest added, Rosa." in said
    rows(app, "UPDATE deliveries SET blocks_lane = true WHERE id = :id RETURNING 1", id=first.id)
    said = endpoint_page(owner, endpoint_id, f"?delivery={third.id}")
    assert "It waits its turn, and one before it was given up." in said
    assert "Send that again, or go on without it" in said
    said = endpoint_page(owner, endpoint_id, f"?delivery={first.id}")
    assert "What comes after it in its order waits." in said
    assert "Go on without this?" in said


# --- what was sent


def test_what_is_not_for_everybody_is_hidden_and_named(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner, sink.url("/ok/hidden"), {"guest": "Rosa"})
    delivery = deliveries_of(app, endpoint_id)[0]
    with app.app_context():
        db.session.execute(
            text("UPDATE events SET data = CAST(:data AS jsonb) WHERE id = :id"),
            {"id": delivery.event_id, "data": '{"allergies": {"$sealed": "c2VhbGVk"}}'},
        )
        db.session.commit()
    said = endpoint_page(owner, endpoint_id, f"?delivery={delivery.id}")
    assert '"allergies": "hidden"' in said
    assert ", allergies hidden" in said
    assert "c2VhbGVk" not in said


def test_a_large_one_is_shown_from_its_beginning(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner, sink.url("/ok/large"), {"note": "x" * 50_000})
    delivery = deliveries_of(app, endpoint_id)[0]
    answer = owner.browser.get(f"/webhooks/endpoints/{endpoint_id}?delivery={delivery.id}")
    assert len(answer.get_data()) < 60_000
    assert "50.1 kB" in words_of(answer) or "50.2 kB" in words_of(answer)


def test_the_number_of_deliveries_of_an_hour_is_counted_as_they_are_made(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner, sink.url("/ok/hour"), {"guest": "Rosa"})
    publish(app, owner.organization_id, "seating.guest_added", {"guest": "Ben"})
    worker.work()
    made = one(
        app, "SELECT sum(made) AS made FROM delivery_hours WHERE endpoint_id = :id", id=endpoint_id
    )
    assert made.made == 2
    assert "2 deliveries in the last 24 hours, most of them between" in endpoint_page(
        owner, endpoint_id
    )


def test_bulk_is_of_its_organization(app: APIFlask, owner: Persona, stranger: Persona) -> None:
    bulk: Bulk = many(app, owner.organization_id, 5)
    assert "Nobody is told anything yet" in page(stranger)
    path = f"/webhooks/endpoints/{bulk.endpoint_id}"
    assert stranger.browser.get(path).status_code == 404


def test_hours_long_past_are_forgotten(app: APIFlask, worker: Worker, owner: Persona) -> None:
    bulk = many(app, owner.organization_id, 5)
    rows(
        app,
        "INSERT INTO delivery_hours (endpoint_id, organization_id, hour, made)"
        " VALUES (:id, :organization, now() - interval '9 days', 7) RETURNING 1",
        id=bulk.endpoint_id,
        organization=bulk.organization_id,
    )
    with worker.engine.begin() as connection:
        schedule.prune(connection)
    kept = "SELECT made FROM delivery_hours WHERE endpoint_id = :id"
    assert [row.made for row in rows(app, kept, id=bulk.endpoint_id)] == [5]
