"""Hooks and endpoints by API: secrets once, addresses to editors, edits that nobody loses."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.personas import Persona, Script
from wedsync.accounts import api_keys
from wedsync.events.models import Event
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.vault import MASK
from wedsync.webhooks import schemes
from wedsync.webhooks.models import Delivery, DeliveryAttempt

URL = "http://127.0.0.1:8999/webhooks"


def make_hook(owner: Persona, **fields: Any) -> Any:
    body = {"name": "Guest list", "scheme": "standard_webhooks"} | fields
    made = owner.api.post("/hooks", json=body)
    assert made.status_code == 201, made.json
    return made.json


def make_endpoint(owner: Persona, **fields: Any) -> Any:
    made = owner.api.post("/endpoints", json={"url": URL} | fields)
    assert made.status_code == 201, made.json
    return made.json


def test_a_hook_is_made_with_its_secret_shown_once(owner: Persona) -> None:
    made = make_hook(owner)
    assert made["secret"].startswith("whsec_")
    assert made["url"].endswith(f"/hooks/{made['token']}")
    assert (made["state"], made["last_seen_at"]) == ("on", None)
    read = owner.api.get(f"/hooks/{made['id']}").json
    assert read == made | {"secret": MASK}
    assert owner.api.get("/hooks").json["data"] == [read]


def test_a_reader_does_not_see_a_hooks_address(app: APIFlask, owner: Persona) -> None:
    hook = make_hook(owner)
    with app.app_context():
        _key, raw = api_keys.create(owner.organization_id, "reader", ["hooks:read"])
        db.session.commit()
    read = Script(app, raw).get(f"/hooks/{hook['id']}").json
    assert (read["token"], read["url"], read["name"]) == (None, None, "Guest list")


def test_a_hook_of_every_kind_is_made_and_says_what_it_needs(owner: Persona) -> None:
    options = {"header": "X-Sign", "algorithm": "sha256", "encoding": "hex"}
    for scheme in schemes.SCHEMES:
        fields = {"options": options, "event_type": "a.b"} if scheme == "hmac" else {}
        hook = make_hook(owner, scheme=scheme, **fields)
        is_theirs = schemes.named(scheme).new_secret() is None
        assert (hook["state"], hook["secret"] is None) == (
            "needs_secret" if is_theirs else "on", is_theirs,
        )  # fmt: skip
        assert (hook["handshake_until"] is not None) is schemes.named(scheme).HAS_HANDSHAKE
        assert (hook["verify_token"] is not None) is (scheme == "meta")
        assert hook["names_events"] is schemes.named(scheme).names_events(hook["options"])


def test_a_quota_is_within_bounds(owner: Persona) -> None:
    hook = make_hook(owner, quota_per_minute=60)
    assert hook["quota_per_minute"] == 60
    path = f"/hooks/{hook['id']}"
    assert owner.api.patch(path, json={"quota_per_minute": 600_000}).status_code == 200
    for wrong in (0, -1, 600_001):
        refused = owner.api.patch(path, json={"quota_per_minute": wrong})
        assert refused.status_code == 422
        assert refused.json["errors"][0]["pointer"] == "/quota_per_minute"
    assert owner.api.patch(path, json={"quota_per_minute": None}).json["quota_per_minute"] is None


def test_an_overlap_of_secrets_is_ended_early(owner: Persona) -> None:
    hook = make_hook(owner)
    rotated = owner.api.post(f"/hooks/{hook['id']}/rotate-secret").json
    assert rotated["secret_overlap_until"] is not None
    ended = owner.api.post(f"/hooks/{hook['id']}/end-overlap").json
    assert (ended["secret_overlap_until"], ended["secret"]) == (None, MASK)


def test_a_handshake_is_awaited_for_an_hour(owner: Persona) -> None:
    hook = make_hook(owner, scheme="graph")
    awaited = owner.api.post(f"/hooks/{hook['id']}/await-handshake").json
    left = datetime.fromisoformat(awaited["handshake_until"]) - clock.now()
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    refused = owner.api.post(f"/hooks/{make_hook(owner)['id']}/await-handshake")
    assert (refused.status_code, refused.json["code"]) == (409, "no_handshake")


def test_a_sample_shows_what_arrives(owner: Persona, database: Session) -> None:
    hook = make_hook(owner)
    arrived = owner.api.post(
        f"/hooks/{hook['id']}/send-sample", json={"body": '{"type":"seat.taken","data":{"n":7}}'}
    ).json
    assert (arrived["status"], arrived["type"]) == (202, "seat.taken")
    assert arrived["headers"]["webhook-signature"].startswith("v1,")
    assert arrived["command"].startswith(f"curl {hook['url']}")
    assert database.get_one(Event, UUID(arrived["event_id"])).data == {"n": 7}
    waiting = make_hook(owner, scheme="slack")
    refused = owner.api.post(f"/hooks/{waiting['id']}/send-sample", json={})
    assert (refused.status_code, refused.json["code"]) == (409, "no_sample")


def test_a_stripe_hook_waits_for_its_secret(owner: Persona) -> None:
    hook = make_hook(owner, scheme="stripe")
    assert (hook["state"], hook["secret"]) == ("needs_secret", None)
    patched = owner.api.patch(f"/hooks/{hook['id']}", json={"secret": "whsec_fromStripe0123456789"})
    assert (patched.json["state"], patched.json["secret"]) == ("on", MASK)


def test_a_hook_for_hmac_needs_to_know_what_its_events_are_called(owner: Persona) -> None:
    options = {"header": "X-Signature", "algorithm": "sha256", "encoding": "hex"}
    body = {"name": "h", "scheme": "hmac", "options": options}
    refused = owner.api.post("/hooks", json=body)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json["errors"]] == ["/event_type"]
    assert owner.api.post("/hooks", json=body | {"event_type": "rsvp.received"}).status_code == 201


def test_a_hooks_secret_is_rotated_and_shown_once_more(owner: Persona) -> None:
    hook = make_hook(owner)
    rotated = owner.api.post(f"/hooks/{hook['id']}/rotate-secret").json
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != hook["secret"]
    assert rotated["secret_overlap_until"] is not None
    stripe = make_hook(owner, scheme="stripe")
    assert owner.api.post(f"/hooks/{stripe['id']}/rotate-secret").status_code == 422


def test_a_hook_is_changed_switched_off_and_deleted(owner: Persona) -> None:
    path = f"/hooks/{make_hook(owner)['id']}"
    changed = owner.api.patch(path, json={"name": "Answers", "state": "off"}).json
    assert (changed["name"], changed["state"]) == ("Answers", "off")
    assert owner.api.patch(path, json={"state": "on"}).json["name"] == "Answers"
    assert owner.api.delete(path).json["deleted"] is True
    assert owner.api.get(path).status_code == 404


def test_an_edit_of_something_changed_since_is_refused(owner: Persona) -> None:
    for path in (f"/hooks/{make_hook(owner)['id']}", f"/endpoints/{make_endpoint(owner)['id']}"):
        tag = owner.api.get(path).headers["ETag"]
        first = owner.api.patch(path, json={"state": "off"}, headers={"If-Match": tag})
        assert first.status_code == 200
        second = owner.api.patch(path, json={"state": "on"}, headers={"If-Match": tag})
        assert (second.status_code, second.json["current"]["state"]) == (412, "off")
        assert second.json["current"]["secret"] == MASK
        fresh = {"If-Match": first.headers["ETag"]}
        assert owner.api.patch(path, json={"state": "on"}, headers=fresh).status_code == 200


def test_rejections_of_a_hook_are_told(owner: Persona, database: Session) -> None:
    hook = make_hook(owner)
    values = {"hook": hook["id"], "organization": owner.organization_id}
    database.execute(
        text(
            "INSERT INTO hook_rejections (hook_id, code, organization_id, count, last_at)"
            " VALUES (:hook, 'signature_invalid', :organization, 3, now())"
        ),
        values,
    )
    database.execute(
        text(
            "INSERT INTO hook_rejection_samples (hook_id, code, organization_id, headers, size)"
            " VALUES (:hook, 'signature_invalid', :organization, '{\"a\": \"b\"}', 12)"
        ),
        values,
    )
    told = owner.api.get(f"/hooks/{hook['id']}/rejections").json
    assert [(each["code"], each["count"]) for each in told["counts"]] == [("signature_invalid", 3)]
    assert [(each["headers"], each["size"]) for each in told["samples"]] == [({"a": "b"}, 12)]


def test_an_endpoint_is_made_with_its_secret_shown_once(owner: Persona) -> None:
    made = make_endpoint(owner, event_types=["a.b"], ordered_by="data.guest", description="Sink")
    assert made["secret"].startswith("whsec_")
    read = owner.api.get(f"/endpoints/{made['id']}").json
    assert read == made | {"secret": MASK}
    assert (read["event_types"], read["ordered_by"], read["state"]) == (
        ["a.b"],
        "data.guest",
        "on",
    )


def test_only_what_is_named_of_an_endpoint_changes(owner: Persona) -> None:
    condition = {"==": [{"var": "trigger.data.a"}, 1]}
    path = f"/endpoints/{make_endpoint(owner, event_types=['a.b'], filter=condition)['id']}"
    changed = owner.api.patch(path, json={"description": "New"}).json
    assert (changed["event_types"], changed["filter"]) == (["a.b"], condition)
    assert owner.api.patch(path, json={"filter": None}).json["filter"] is None
    assert owner.api.patch(path, json={"state": "off"}).json["state"] == "off"
    assert owner.api.post(f"{path}/enable").json["state"] == "on"
    assert owner.api.delete(path).status_code == 200
    assert owner.api.get(path).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://example.com"),
        ("url", "http://user:word@example.com/"),
        ("url", ""),
        ("event_types", ["not a name"]),
        ("event_types", ["a.b"] * 101),
        ("filter", {"unheard_of": [1]}),
        ("ordered_by", "elsewhere.id"),
        ("state", "disabled"),
    ],
)
def test_what_an_endpoint_cannot_be_is_refused(owner: Persona, field: str, value: Any) -> None:
    path = f"/endpoints/{make_endpoint(owner)['id']}"
    refused = owner.api.patch(path, json={field: value})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == f"/{field}"


def test_an_endpoints_secret_is_rotated(owner: Persona) -> None:
    endpoint = make_endpoint(owner)
    rotated = owner.api.post(f"/endpoints/{endpoint['id']}/rotate").json
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != endpoint["secret"]


def test_an_endpoint_is_tried_alone(owner: Persona, database: Session) -> None:
    endpoint, _other = make_endpoint(owner), make_endpoint(owner)
    tried = owner.api.post(f"/endpoints/{endpoint['id']}/test")
    assert (tried.status_code, tried.json["state"]) == (202, "due")
    assert (tried.json["event_type"], tried.json["attempts"]) == ("endpoint.test", [])
    assert len(owner.api.get("/deliveries").json["data"]) == 1
    event = database.get_one(Event, UUID(tried.json["event_id"]))
    assert event.fanned_out_at is not None
    lane = text("SELECT next_due_at FROM lanes WHERE kind = 'deliveries' AND key = :key")
    assert database.scalar(lane, {"key": endpoint["id"]}) is not None


def test_an_endpoint_that_is_off_is_not_tried(owner: Persona) -> None:
    path = f"/endpoints/{make_endpoint(owner)['id']}"
    owner.api.patch(path, json={"state": "off"})
    refused = owner.api.post(f"{path}/test")
    assert (refused.status_code, refused.json["code"]) == (409, "endpoint_off")


def test_deliveries_are_narrowed_and_tell_every_attempt(owner: Persona, database: Session) -> None:
    one, other = make_endpoint(owner), make_endpoint(owner)
    first = owner.api.post(f"/endpoints/{one['id']}/test").json
    second = owner.api.post(f"/endpoints/{other['id']}/test").json
    delivery = database.get_one(Delivery, UUID(first["id"]))
    delivery.state = "delivered"
    for number, status in ((1, 500), (2, 200)):
        database.add(
            DeliveryAttempt(
                delivery_id=delivery.id, number=number, organization_id=owner.organization_id,
                finished_at=clock.now(), status=status, timings={"total_ms": 12.4},
                error="http_500" if status == 500 else None, outcome="ok",
            )
        )  # fmt: skip
    database.flush()

    def listed(query: str) -> list[str]:
        return [each["id"] for each in owner.api.get(f"/deliveries?{query}").json["data"]]

    assert listed("") == [second["id"], first["id"]]
    assert listed(f"event={first['event_id']}") == [first["id"]]
    assert listed(f"endpoint={other['id']}") == [second["id"]]
    assert listed("state=delivered") == [first["id"]]
    told = owner.api.get(f"/deliveries/{first['id']}").json["attempts"]
    assert [(each["number"], each["status"], each["ms"], each["error"]) for each in told] == [
        (1, 500, 12, "http_500"),
        (2, 200, 12, None),
    ]


def test_a_delivery_is_given_up_and_sent_again(owner: Persona, database: Session) -> None:
    endpoint = make_endpoint(owner)
    due = owner.api.post(f"/endpoints/{endpoint['id']}/test").json
    path = f"/deliveries/{due['id']}"
    cancelled = owner.api.post(f"{path}/cancel").json
    assert (cancelled["state"], cancelled["next_attempt_at"]) == ("cancelled", None)
    refused = owner.api.post(f"{path}/cancel")
    assert (refused.status_code, refused.json["code"]) == (409, "delivery_not_open")
    again = owner.api.post(f"{path}/resend").json
    assert (again["state"], again["event_id"]) == ("due", due["event_id"])
    owner.api.patch(f"/endpoints/{endpoint['id']}", json={"state": "off"})
    assert owner.api.post(f"{path}/resend").json["code"] == "endpoint_off"


# --- what is said of sending, and what signs


def test_everything_about_sending_is_said_and_read_by_api(owner: Persona) -> None:
    said = {"ordered_by": "data.guest", "stops_at_failure": True, "rate_per_s": 2.5}
    made = make_endpoint(owner, max_in_flight=3, key_pair=True, **said)
    assert {name: made[name] for name in said} == said
    assert (made["receives"], made["max_in_flight"], made["key_pair"]) == ("posts", 3, True)
    assert made["public_key"].startswith("whpk_")
    path = f"/endpoints/{made['id']}"
    changed = owner.api.patch(path, json={"rate_per_s": None, "ordered_by": None}).json
    assert (changed["rate_per_s"], changed["stops_at_failure"]) == (None, False)
    assert changed["public_key"] == made["public_key"]
    assert owner.api.patch(path, json={"key_pair": False}).json["public_key"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rate_per_s", 0), ("rate_per_s", 1001), ("rate_per_s", "5"), ("max_in_flight", 0),
        ("max_in_flight", 101), ("max_in_flight", 1.5), ("stops_at_failure", True),
        ("stops_at_failure", "yes"), ("key_pair", 1), ("receives", "both"),
    ],
)  # fmt: skip
def test_bounds_of_sending_are_refused_at_their_field(
    owner: Persona, field: str, value: Any
) -> None:
    answer = owner.api.post("/endpoints", json={"url": URL, field: value})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json["errors"]] == [f"/{field}"]


def test_one_that_fetches_is_made_by_api(owner: Persona) -> None:
    body = {"receives": "polls", "description": "The till"}
    made = owner.api.post("/endpoints", json=body)
    assert made.status_code == 201, made.json
    assert (made.json["url"], made.json["secret"], made.json["receives"]) == (None, None, "polls")
    path = f"/endpoints/{made.json['id']}"
    rotated = owner.api.post(f"{path}/rotate")
    assert (rotated.status_code, rotated.json["code"]) == (409, "no_secret")
    assert owner.api.patch(path, json={"receives": "posts"}).status_code == 422
    unnamed = owner.api.post("/endpoints", json={"receives": "polls"})
    assert [each["pointer"] for each in unnamed.json["errors"]] == ["/description"]


def test_a_rotation_overlaps_for_as_long_as_is_asked_and_is_ended_early(owner: Persona) -> None:
    made = make_endpoint(owner, key_pair=True)
    path = f"/endpoints/{made['id']}"
    rotated = owner.api.post(f"{path}/rotate", json={"overlap": "7d"}).json
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_public_key"] == made["public_key"] != rotated["public_key"]
    week = datetime.fromisoformat(rotated["secret_overlap_until"]) - clock.now()
    assert timedelta(days=6, hours=23) < week <= timedelta(days=7)
    ended = owner.api.post(f"{path}/end-overlap").json
    assert (ended["secret_overlap_until"], ended["previous_public_key"]) == (None, None)
    assert ended["public_key"] == rotated["public_key"]
    at_once = owner.api.post(f"{path}/rotate", json={"overlap": "none"}).json
    assert at_once["secret_overlap_until"] is None
    assert owner.api.post(f"{path}/rotate", json={"overlap": "2h"}).status_code == 422
