"""The pages of endpoints: making one, how it does, and its deliveries with every try."""

import re
import socket
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import (
    Sink,
    Worker,
    deliveries_of,
    make_endpoint,
    publish,
)
from wedsync.webhooks.models import Endpoint


def told(
    app: APIFlask, worker: Worker, organization_id: UUID, url: str, guest: str = "Rosa Osei"
) -> UUID:
    """An endpoint that was told of one guest; returns its id."""
    endpoint_id, _secret = make_endpoint(app, organization_id, url, description="The kitchen")
    publish(app, organization_id, "seating.guest_added", {"guest": guest, "seats": 2})
    worker.work()
    return endpoint_id


def page(persona: Persona, endpoint_id: UUID, query: str = "") -> str:
    answer = persona.browser.get(f"/webhooks/endpoints/{endpoint_id}{query}")
    assert answer.status_code == 200
    return words_of(answer)


def only_endpoint(database: Session, persona: Persona) -> Endpoint:
    database.expire_all()
    query = select(Endpoint).where(Endpoint.organization_id == persona.organization_id)
    return database.scalars(query).one()


# --- making one


def test_a_new_endpoint_shows_the_secret_that_signs_once(
    editor: Persona, database: Session
) -> None:
    answer = editor.browser.post(
        "/webhooks/endpoints/new",
        data={
            "url": "https://kitchen.example/told",
            "description": "The kitchen",
            "event_types": "seating.guest_added\nseating.guest_declined",
            "ordered_by": "data.wedding_id",
        },
    )
    said = words_of(answer)
    assert "The kitchen is ready" in said
    assert "whsec_" in said
    endpoint = only_endpoint(database, editor)
    assert endpoint.event_types == ["seating.guest_added", "seating.guest_declined"]
    later = page(editor, endpoint.id)
    assert "whsec_" not in later
    assert "seating guest added and seating guest declined" in later
    assert "one after the other for each wedding" in later


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"url": ""}, "Where should it be sent?"),
        ({"url": "ftp://kitchen.example"}, "Address"),
        ({"url": "https://10.0.0.7/told"}, "Address"),
        ({"url": "https://kitchen.example", "event_types": "not a name"}, "What it is told about"),
        ({"url": "https://kitchen.example", "ordered_by": "guest..name"}, "One after the other by"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused_beside_its_field(
    editor: Persona, data: dict[str, str], field: str
) -> None:
    answer = editor.browser.post("/webhooks/endpoints/new", data=data)
    assert answer.status_code == 422
    assert field in words_of(answer)
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)


def test_an_endpoint_is_changed_and_removed(
    app: APIFlask, owner: Persona, database: Session
) -> None:
    endpoint_id, _ = make_endpoint(app, owner.organization_id, "https://kitchen.example/told")
    owner.browser.post(
        f"/webhooks/endpoints/{endpoint_id}/edit",
        data={"url": "https://kitchen.example/new", "description": "The new kitchen"},
    )
    assert only_endpoint(database, owner).url == "https://kitchen.example/new"
    gone = owner.browser.post(f"/webhooks/endpoints/{endpoint_id}/remove", follow_redirects=True)
    assert "The endpoint is gone." in words_of(gone)
    assert owner.browser.get(f"/webhooks/endpoints/{endpoint_id}").status_code == 404


def test_a_new_secret_signs_beside_the_old_one(app: APIFlask, owner: Persona) -> None:
    endpoint_id, _ = make_endpoint(app, owner.organization_id, "https://kitchen.example/told")
    answer = owner.browser.post(f"/webhooks/endpoints/{endpoint_id}/rotate")
    assert "whsec_" in words_of(answer)
    assert "its new secret, and what was before until" in page(owner, endpoint_id)


# --- how it does


def test_what_arrived_is_told_with_how_long_it_took(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    said = page(owner, told(app, worker, owner.organization_id, sink.url("/ok/told")))
    assert "The one delivery of the last 24 hours arrived." in said
    assert "Seating guest added, Rosa Osei" in said
    assert "Arrived" in said


def test_what_is_tried_again_is_open_with_its_tries_and_the_next_one(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    said = page(owner, told(app, worker, owner.organization_id, sink.url("/status/503/told")))
    assert "Their server says that it is down for now (503)" in said
    assert "The same number goes with every try; they cannot count it twice." in said
    assert "503, down for now" in said
    assert "next try, in" in said
    assert "Try now" in said
    assert '"guest": "Rosa Osei"' in said
    assert re.search(r"webhook-signature: v1,\S{4}… ", said)


def test_an_address_that_cannot_be_reached_is_said_in_plain_words(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    said = page(owner, told(app, worker, owner.organization_id, f"http://127.0.0.1:{closed}/x"))
    assert "Nothing is listening at this address." in said
    assert "Nothing came back" in said


def test_any_delivery_can_be_opened_and_the_log_narrowed(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner.organization_id, sink.url("/ok/told"))
    delivery_id = deliveries_of(app, endpoint_id)[0].id
    opened = page(owner, endpoint_id, f"?delivery={delivery_id}")
    assert "They took it at the first try (200)." in opened
    assert "No delivery is like that." in page(owner, endpoint_id, "?state=gave-up")
    assert "Seating guest added" in page(owner, endpoint_id, "?state=arrived")
    elsewhere = told(app, worker, owner.organization_id, sink.url("/ok/else"))
    path = f"/webhooks/endpoints/{elsewhere}?delivery={delivery_id}"
    assert owner.browser.get(path).status_code == 404


def test_trying_now_sends_at_once(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner.organization_id, sink.url("/flaky/1/now"))
    delivery_id = deliveries_of(app, endpoint_id)[0].id
    answer = owner.browser.post(f"/deliveries/{delivery_id}/try", follow_redirects=True)
    assert "It is being tried now." in words_of(answer)
    worker.deliver()
    assert deliveries_of(app, endpoint_id)[0].state == "delivered"
    again = owner.browser.post(f"/deliveries/{delivery_id}/try", follow_redirects=True)
    assert "It is being tried now." in words_of(again)


def test_a_delivery_is_given_up_and_sent_again_later(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner.organization_id, sink.url("/flaky/1/later"))
    delivery_id = deliveries_of(app, endpoint_id)[0].id
    stopped = owner.browser.post(f"/deliveries/{delivery_id}/stop", follow_redirects=True)
    assert "It is not tried any more." in words_of(stopped)
    assert deliveries_of(app, endpoint_id)[0].state == "cancelled"
    twice = owner.browser.post(f"/deliveries/{delivery_id}/stop", follow_redirects=True)
    assert "This is not waiting to be sent." in words_of(twice)
    owner.browser.post(f"/deliveries/{delivery_id}/try")
    worker.deliver()
    assert deliveries_of(app, endpoint_id)[0].state == "delivered"


def test_one_that_is_sent_again_joins_the_tail_of_its_order(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id, _ = make_endpoint(
        app, owner.organization_id, sink.url("/status/503/order"), ordered_by="data.table"
    )
    for guest in ("first", "second"):
        publish(app, owner.organization_id, "seating.guest_added", {"guest": guest, "table": 7})
    worker.work()
    first, second = sorted(deliveries_of(app, endpoint_id), key=lambda row: row.seq)
    owner.browser.post(f"/deliveries/{first.id}/stop")
    owner.browser.post(f"/deliveries/{first.id}/try")
    seqs = {row.id: row.seq for row in deliveries_of(app, endpoint_id)}
    assert seqs[first.id] > seqs[second.id]


def test_an_endpoint_that_is_off_tells_nothing_and_is_turned_on_again(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    endpoint_id = told(app, worker, owner.organization_id, sink.url("/status/503/off"))
    delivery_id = deliveries_of(app, endpoint_id)[0].id
    owner.browser.post(f"/webhooks/endpoints/{endpoint_id}/off")
    assert "It is off: nothing is sent. One is waiting" in page(owner, endpoint_id)
    answer = owner.browser.post(f"/deliveries/{delivery_id}/try", follow_redirects=True)
    assert "This endpoint is off. Turn it on first." in words_of(answer)
    on = owner.browser.post(f"/webhooks/endpoints/{endpoint_id}/on", follow_redirects=True)
    assert "It is on. What waited is sent now." in words_of(on)


def test_a_test_is_sent_to_this_endpoint_alone(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    here, _ = make_endpoint(app, owner.organization_id, sink.url("/ok/test"))
    elsewhere, _ = make_endpoint(app, owner.organization_id, sink.url("/ok/other"))
    owner.browser.post(f"/webhooks/endpoints/{here}/test")
    worker.work()
    assert "Endpoint test" in page(owner, here)
    assert deliveries_of(app, elsewhere) == []


# --- who may


def test_a_viewer_reads_the_log_and_is_offered_nothing_to_press(
    app: APIFlask, worker: Worker, sink: Sink, viewer: Persona
) -> None:
    endpoint_id = told(app, worker, viewer.organization_id, sink.url("/status/503/view"))
    said = page(viewer, endpoint_id)
    assert "down for now (503)" in said
    for button in ("Try now", "Send a test", "Turn off", "New secret", "Remove"):
        assert button not in said
    delivery_id = deliveries_of(app, endpoint_id)[0].id
    assert viewer.browser.post(f"/deliveries/{delivery_id}/try").status_code == 403


def test_a_stranger_can_neither_see_nor_try_a_delivery(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona, stranger: Persona
) -> None:
    endpoint_id = told(app, worker, owner.organization_id, sink.url("/status/503/strange"))
    delivery_id = deliveries_of(app, endpoint_id)[0].id
    assert stranger.browser.get(f"/webhooks/endpoints/{endpoint_id}").status_code == 404
    for action in ("try", "stop"):
        assert stranger.browser.post(f"/deliveries/{delivery_id}/{action}").status_code == 404
