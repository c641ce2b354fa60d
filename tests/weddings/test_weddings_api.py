"""`/weddings`: the record by API."""

from typing import Any

from apiflask import APIFlask

from tests.personas import Persona
from tests.weddings.couples import ahead, marry
from wedsync.accounts.models import Organization
from wedsync.platform import ids
from wedsync.platform.db import db


def test_a_wedding_is_added_read_changed_and_put_away(owner: Persona) -> None:
    given = {
        "title": "Hannah & Josef",
        "partners": [{"name": "Hannah Byrne"}, {"name": "Josef Brandt"}],
        "date": "2031-06-14",
        "rsvp_deadline": "2031-06-20",
        "zone": "Europe/Rome",
        "currency": "EUR",
        "venue": "Villa Serena",
    }
    made = owner.api.post("/weddings", json=given)
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    body = made.json
    assert {name: body[name] for name in given} == given
    assert body["status"] == "booked"
    assert body["warnings"] == ["The RSVP deadline is not before the wedding."]
    url = f"/weddings/{body['id']}"
    changed = owner.api.patch(
        url, json={"final_count": 82, "rsvp_deadline": None}, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 200
    assert (changed.json["final_count"], changed.json["rsvp_deadline"]) == (82, None)
    assert changed.headers["ETag"] == '"2"'
    assert owner.api.get(url).json == changed.json
    assert owner.api.delete(url).json == {"id": body["id"], "deleted": True}
    assert owner.api.get(url).json["status"] == "archived"
    assert body["id"] not in listed(owner)
    assert body["id"] in listed(owner, "?status=archived")


def test_a_wedding_that_says_no_zone_is_where_its_vendor_is(app: APIFlask, owner: Persona) -> None:
    with app.app_context():
        db.session.get_one(Organization, owner.organization_id).zone = "Europe/Rome"
        db.session.commit()
    assert owner.api.post("/weddings", json={"title": "Ana"}).json["zone"] == "Europe/Rome"
    said = {"title": "Ben", "zone": "Asia/Tokyo"}
    assert owner.api.post("/weddings", json=said).json["zone"] == "Asia/Tokyo"


def listed(owner: Persona, query: str = "") -> list[Any]:
    return [each["id"] for each in owner.api.get(f"/weddings{query}").json["data"]]


def test_it_is_postponed_and_cancelled(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner, rsvp_deadline=ahead(300))
    postponed = owner.api.post(f"/weddings/{couple}/postpone", json={"date": "2032-06-12"})
    assert postponed.status_code == 200
    assert (postponed.json["status"], postponed.json["date"]) == ("postponed", "2032-06-12")
    assert postponed.json["rsvp_deadline"] is None
    again = owner.api.post(f"/weddings/{couple}/postpone", json={})
    assert again.json["date"] is None
    cancelled = owner.api.post(f"/weddings/{couple}/cancel")
    assert cancelled.json["status"] == "cancelled"
    assert owner.api.post(f"/weddings/{couple}/cancel").json == cancelled.json
    refused = owner.api.post(f"/weddings/{couple}/postpone", json={})
    assert (refused.status_code, refused.json["code"]) == (409, "wedding_status")


def test_the_list_goes_on_from_its_cursor(app: APIFlask, owner: Persona) -> None:
    made = [str(marry(app, owner, title=f"Couple {number}")) for number in range(5)]
    first = owner.api.get("/weddings?limit=2").json
    marry(app, owner, title="Came in between")
    second = owner.api.get(f"/weddings?limit=10&cursor={first['next_cursor']}").json
    assert [each["id"] for each in (*first["data"], *second["data"])] == made[::-1]
    assert second["next_cursor"] is None


def test_what_cannot_be_kept_is_told_by_its_field(owner: Persona) -> None:
    refused = owner.api.post(
        "/weddings",
        json={"title": " ", "date": "2027-02-30", "zone": "Mars", "currency": "xxx"},
    )
    assert refused.status_code == 422
    assert {each["pointer"] for each in refused.json["errors"]} == {
        "/title",
        "/date",
        "/zone",
        "/currency",
    }
    assert owner.api.post("/weddings", json={}).status_code == 422
    assert owner.api.post("/weddings", json={"title": "A", "age": 3}).status_code == 422
    long = owner.api.post("/weddings", json={"title": "x" * 300_000})
    assert long.status_code == 422


def test_who_read_an_older_one_gets_412_with_what_it_is_now(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    owner.api.patch(f"/weddings/{couple}", json={"venue": "Bath"}, headers={"If-Match": '"1"'})
    stale = owner.api.patch(
        f"/weddings/{couple}", json={"venue": "Rome"}, headers={"If-Match": '"1"'}
    )
    assert stale.status_code == 412
    assert stale.json["current"]["venue"] == "Bath"
    assert owner.api.get(f"/weddings/{couple}").json["venue"] == "Bath"


def test_a_stranger_s_wedding_is_not_there(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    couple = marry(app, stranger)
    for wanted in (couple, ids.new_id()):
        assert owner.api.get(f"/weddings/{wanted}").status_code == 404
        assert owner.api.patch(f"/weddings/{wanted}", json={"venue": "B"}).status_code == 404
        assert owner.api.post(f"/weddings/{wanted}/cancel").status_code == 404
        assert owner.api.delete(f"/weddings/{wanted}").status_code == 404
