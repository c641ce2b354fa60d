"""A script publishes an event: it is stored once, under a name that cannot be one of ours."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from wedsync.errors import Invalid
from wedsync.events import service, types
from wedsync.events.models import Event
from wedsync.platform.db import db
from wedsync.weddings.models import Wedding


def make_wedding(app: APIFlask, organization_id: UUID) -> UUID:
    with app.app_context():
        wedding = Wedding(organization_id=organization_id, title="Ana and Ben")
        db.session.add(wedding)
        db.session.commit()
        return wedding.id


def test_an_event_is_accepted_and_can_be_read(owner: Persona) -> None:
    accepted = owner.api.post(
        "/events",
        json={
            "type": "seating.guest_added",
            "data": {"guest": "Ana Lee"},
            "occurred_at": "2027-06-12T14:00:00+02:00",
        },
    )
    assert accepted.status_code == 202
    assert accepted.json["type"] == "seating.guest_added"
    assert accepted.json["state"] == "to_fan_out"
    read = owner.api.get(f"/events/{accepted.json['id']}").json
    assert read["data"] == {"guest": "Ana Lee"}
    assert read["source"] == "api"
    assert read["occurred_at"] == "2027-06-12T12:00:00Z"


def test_an_event_is_its_own_root(owner: Persona, database: Session) -> None:
    event_id = owner.api.post("/events", json={"type": "a.b", "data": 1}).json["id"]
    causation = database.scalar(select(Event.causation).where(Event.id == UUID(event_id)))
    assert causation == {"root": event_id, "depth": 0, "chain": []}


def test_an_accepted_event_wakes_the_fan_out(app: APIFlask, owner: Persona) -> None:
    redis = app.extensions["wedsync"].wake._redis
    redis.delete("bell:events")
    owner.api.post("/events", json={"type": "a.b", "data": None})
    assert redis.exists("bell:events")


@pytest.mark.parametrize("name", ["contract.fully_signed", "run.needs_attention", "wedding"])
def test_a_name_of_ours_is_stored_as_external(owner: Persona, name: str) -> None:
    accepted = owner.api.post("/events", json={"type": name, "data": {}})
    assert accepted.json["type"] == f"external.{name}"


def test_we_ourselves_use_our_names_as_they_are(app: APIFlask, organization: UUID) -> None:
    with app.app_context():
        event = service.publish(organization, "endpoint.disabled", {}, source="ours")
        assert event.type == "endpoint.disabled"


@pytest.mark.parametrize(
    ("given", "source", "stored"),
    [
        ("rsvp.received", "hook:1", "external.rsvp.received"),
        ("RSVP.received", "hook:1", "external.RSVP.received"),
        ("seating.changed", "hook:1", "seating.changed"),
        ("external.rsvp.received", "hook:1", "external.rsvp.received"),
        ("guestbook.signed", "api", "guestbook.signed"),
        ("rsvp.received", "ours", "rsvp.received"),
        ("rsvp.received", "workflow:1", "external.rsvp.received"),
    ],
)
def test_only_a_whole_first_word_of_ours_is_put_aside(given: str, source: str, stored: str) -> None:
    assert types.stored_event_type(given, source) == stored


def test_our_wedding_is_kept(app: APIFlask, owner: Persona) -> None:
    wedding_id = str(make_wedding(app, owner.organization_id))
    body = {"type": "a.b", "data": {}, "wedding_id": wedding_id}
    assert owner.api.post("/events", json=body).json["wedding_id"] == wedding_id


def test_somebody_elses_wedding_is_left_out(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    wedding_id = str(make_wedding(app, owner.organization_id))
    body = {"type": "a.b", "data": {}, "wedding_id": wedding_id}
    accepted = stranger.api.post("/events", json=body)
    assert accepted.status_code == 202
    assert accepted.json["wedding_id"] is None


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", "A.b", "a b", "a.b.", "a" * 121, "ünde.x", "9a.b", "a\nb"]
)
def test_a_name_that_cannot_be_one_is_refused_with_a_sentence(owner: Persona, name: str) -> None:
    refused = owner.api.post("/events", json={"type": name, "data": {}})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/type"


def test_data_over_256_kilobytes_is_refused(owner: Persona) -> None:
    refused = owner.api.post("/events", json={"type": "a.b", "data": "x" * 262_144})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/data"
    fits = owner.api.post("/events", json={"type": "a.b", "data": "x" * 262_142})
    assert fits.status_code == 202


def test_data_that_is_nested_too_deeply_is_refused(app: APIFlask, organization: UUID) -> None:
    deep: object = 1
    for _ in range(65):
        deep = [deep]
    with app.app_context(), pytest.raises(Invalid, match="deeper"):
        service.publish(organization, "a.b", deep, source="api")


@pytest.mark.parametrize("data", ["\x00", "\ud800", {"a": 2**70}, {1: 2}, object()])
def test_data_that_cannot_be_stored_is_refused(
    app: APIFlask, organization: UUID, data: object
) -> None:
    with app.app_context(), pytest.raises(Invalid):
        service.publish(organization, "a.b", data, source="api")


@pytest.mark.parametrize(
    "moment", ["1066-10-14T00:00:00Z", "9999-12-31T23:59:59-12:00", "2027-06-12", "tomorrow", 5]
)
def test_an_instant_off_the_calendar_is_refused(owner: Persona, moment: object) -> None:
    refused = owner.api.post("/events", json={"type": "a.b", "data": 1, "occurred_at": moment})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/occurred_at"


def test_events_are_listed_newest_first_and_narrowed(
    app: APIFlask, owner: Persona, database: Session
) -> None:
    first = owner.api.post("/events", json={"type": "a.one", "data": 1}).json["id"]
    second = owner.api.post("/events", json={"type": "a.two", "data": 2}).json["id"]
    event = database.get_one(Event, UUID(first))
    event.fanned_out_at = datetime.now(UTC)
    database.flush()

    def listed(query: str) -> list[str]:
        return [each["id"] for each in owner.api.get(f"/events{query}").json["data"]]

    assert listed("") == [second, first]
    assert listed("?type=a.one") == [first]
    assert listed("?state=to_fan_out") == [second]
    assert listed("?state=fanned_out&source=api") == [first]
    assert listed("?source=ours") == listed("?state=parked") == []


def test_a_parked_event_says_so(owner: Persona, database: Session) -> None:
    event_id = owner.api.post("/events", json={"type": "a.b", "data": 1}).json["id"]
    event = database.get_one(Event, UUID(event_id))
    event.parked_at, event.parked_reason = datetime.now(UTC), "loop"
    database.flush()
    read = owner.api.get(f"/events/{event_id}").json
    assert (read["state"], read["parked_reason"]) == ("parked", "loop")
    assert [each["id"] for each in owner.api.get("/events?state=parked").json["data"]] == [event_id]
