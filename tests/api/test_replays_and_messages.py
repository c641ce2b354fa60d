"""Replays and fetched messages by API: begun, watched, paused; asked on and acknowledged."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask

from tests.personas import Persona, Script
from tests.webhooks.replaying_scene import go_on
from tests.workers.scene import Worker, publish
from wedsync.accounts import api_keys
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.webhooks.replays.service import THE_BEGINNING

SINCE = (clock.now() - timedelta(hours=1)).isoformat()


@pytest.fixture(autouse=True)
def _nothing_there_yet(worker: Worker) -> None:
    """The worker comes first: it begins with an empty database."""


@pytest.fixture
def endpoint(app: APIFlask, owner: Persona, worker: Worker) -> str:
    publish(app, owner.organization_id, "seating.changed", {"table": 4})
    worker.fan_out()
    made = owner.api.post("/endpoints", json={"url": "http://127.0.0.1:8999/late"})
    return str(made.json["id"])


@pytest.fixture
def fetching(owner: Persona) -> str:
    body = {"receives": "polls", "description": "Kitchen"}
    made = owner.api.post("/endpoints", json=body)
    assert made.status_code == 201, made.json
    return str(made.json["id"])


def key(app: APIFlask, owner: Persona, *scopes: str) -> Script:
    with app.app_context():
        _key, raw = api_keys.create(owner.organization_id, "partner", scopes)
        db.session.commit()
    return Script(app, raw)


# --- replays


def test_a_replay_is_begun_watched_and_done(owner: Persona, endpoint: str, worker: Worker) -> None:
    begun = owner.api.post(f"/endpoints/{endpoint}/replays", json={"since": SINCE})
    assert begun.status_code == 202
    assert begun.json["state"] == "running"
    assert begun.json["progress"] == {"total": None, "is_more": False, "seen": 0, "queued": 0}
    assert begun.json["which"] == "not_delivered"
    go_on(worker)
    read = owner.api.get(f"/replays/{begun.json['id']}").json
    assert (read["state"], read["progress"]["queued"]) == ("done", 1)
    assert read["finished_at"] is not None
    assert owner.api.get(f"/endpoints/{endpoint}/replays").json["data"] == [read]
    sent = owner.api.get(f"/deliveries?endpoint={endpoint}").json["data"]
    assert [each["state"] for each in sent] == ["due"]


def test_it_is_paused_goes_on_and_is_cancelled(owner: Persona, endpoint: str) -> None:
    begun = owner.api.post(f"/endpoints/{endpoint}/replays", json={"since": SINCE}).json
    acts = [("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")]
    for act, state in acts:
        done = owner.api.post(f"/replays/{begun['id']}/{act}")
        assert (done.status_code, done.json["state"]) == (200, state)
    refused = owner.api.post(f"/replays/{begun['id']}/cancel")
    assert (refused.status_code, refused.json["code"]) == (409, "replay_over")


def test_asked_twice_with_one_key_it_begins_once(owner: Persona, endpoint: str) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    twice = [
        owner.api.post(f"/endpoints/{endpoint}/replays", json={"since": SINCE}, headers=headers)
        for _ in range(2)
    ]
    assert twice[0].json == twice[1].json
    assert len(owner.api.get(f"/endpoints/{endpoint}/replays").json["data"]) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/since"),
        ({"since": "yesterday"}, "/since"),
        ({"since": "2027-05-10T09:00:00"}, "/since"),
        ({"since": "2999-05-10T09:00:00Z"}, "/since"),
        ({"since": SINCE, "which": "some"}, "/which"),
        ({"since": SINCE, "event_types": ["No name"]}, "/event_types"),
        ({"since": SINCE, "event_types": [""]}, "/event_types/0"),
    ],
    ids=["nothing", "words", "no zone", "to come", "which", "name", "empty name"],
)
def test_what_cannot_be_meant_is_refused(
    owner: Persona, endpoint: str, body: Any, pointer: str
) -> None:
    refused = owner.api.post(f"/endpoints/{endpoint}/replays", json=body)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json["errors"]] == [pointer]


@pytest.mark.parametrize(
    "wish",
    [
        {"since": "0001-01-01T00:00:00+14:00"},
        {"since": SINCE, "until": "9999-12-31T23:59:59-14:00"},
    ],
    ids=["since ever", "until the end"],
)
def test_what_lies_at_the_end_of_the_calendar_can_be_read_again(
    owner: Persona, endpoint: str, wish: Any
) -> None:
    """Written in the zone of the database such an instant has no year any more."""
    begun = owner.api.post(f"/endpoints/{endpoint}/replays", json=wish)
    assert begun.status_code == 202
    assert owner.api.get(f"/replays/{begun.json['id']}").json == begun.json
    assert owner.api.get(f"/endpoints/{endpoint}/replays").json["data"] == [begun.json]
    assert owner.browser.get(f"/webhooks/endpoints/{endpoint}").status_code == 200
    begin, end = (datetime.fromisoformat(begun.json[name]) for name in ("since", "until"))
    assert THE_BEGINNING <= begin < end <= clock.now()


def test_a_delivery_that_arrived_is_sent_again(
    app: APIFlask, owner: Persona, endpoint: str, worker: Worker
) -> None:
    owner.api.post(f"/endpoints/{endpoint}/replays", json={"since": SINCE})
    go_on(worker)
    (delivery,) = owner.api.get(f"/deliveries?endpoint={endpoint}").json["data"]
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE deliveries SET state = 'delivered', finished_at = now(), next_attempt_at = NULL"
        )
    again = owner.api.post(f"/deliveries/{delivery['id']}/resend")
    assert (again.status_code, again.json["state"]) == (200, "due")


# --- messages


def test_messages_are_fetched_and_acknowledged(
    app: APIFlask, owner: Persona, fetching: str, worker: Worker
) -> None:
    events = [
        publish(app, owner.organization_id, "seating.changed", {"table": table})
        for table in range(3)
    ]
    worker.fan_out()
    first = owner.api.get(f"/endpoints/{fetching}/messages?limit=2").json
    assert [UUID(each["id"]) for each in first["data"]] == events[:2]
    assert first["data"][0]["data"] == {"table": 0}
    assert not first["done"]
    said = owner.api.post(
        f"/endpoints/{fetching}/messages/acknowledge", json={"iterator": first["iterator"]}
    )
    assert (said.status_code, said.json) == (200, {"arrived": 2})
    rest = owner.api.get(f"/endpoints/{fetching}/messages").json
    assert ([UUID(each["id"]) for each in rest["data"]], rest["done"]) == (events[2:], True)


def test_a_key_for_messages_fetches_and_changes_no_endpoint(
    app: APIFlask, owner: Persona, fetching: str
) -> None:
    partner = key(app, owner, "messages:read", "messages:write")
    fetched = partner.get(f"/endpoints/{fetching}/messages")
    assert fetched.status_code == 200
    said = {"iterator": fetched.json["iterator"]}
    assert partner.post(f"/endpoints/{fetching}/messages/acknowledge", json=said).status_code == 200
    assert partner.get(f"/endpoints/{fetching}").status_code == 403
    assert partner.delete(f"/endpoints/{fetching}").status_code == 403
    reader = key(app, owner, "endpoints:read", "endpoints:write")
    refused = reader.get(f"/endpoints/{fetching}/messages")
    assert (refused.status_code, refused.json["code"]) == (403, "scope_missing")


def test_an_iterator_somebody_made_up_is_refused(owner: Persona, fetching: str) -> None:
    refused = owner.api.get(f"/endpoints/{fetching}/messages?iterator=AAAA")
    assert refused.status_code == 422
    assert [each["code"] for each in refused.json["errors"]] == ["iterator"]


def test_one_that_is_sent_to_has_nothing_to_fetch(owner: Persona, endpoint: str) -> None:
    refused = owner.api.get(f"/endpoints/{endpoint}/messages")
    assert (refused.status_code, refused.json["code"]) == (409, "endpoint_not_polled")


def test_a_stranger_finds_neither_messages_nor_replays(
    owner: Persona, stranger: Persona, fetching: str, endpoint: str
) -> None:
    begun = owner.api.post(f"/endpoints/{endpoint}/replays", json={"since": SINCE}).json
    for path in (
        f"/endpoints/{fetching}/messages",
        f"/endpoints/{endpoint}/replays",
        f"/replays/{begun['id']}",
    ):
        assert stranger.api.get(path).status_code == 404
    for path, body in (
        (f"/endpoints/{fetching}/messages/acknowledge", {"iterator": "AAAA"}),
        (f"/endpoints/{endpoint}/replays", {"since": SINCE}),
        (f"/replays/{begun['id']}/pause", None),
    ):
        assert stranger.api.post(path, json=body).status_code == 404
