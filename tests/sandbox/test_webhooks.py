"""Whoever subscribes is told, signed so that the reference library verifies it."""

from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from tests.far_ends.practice_partner import HARBOUR
from tests.sandbox.receiver import Receiver
from tests.sandbox.vendor import Vendor
from tests.workers.scene import wait_until

DAY = "2031-06-14"


def subscribed(vendor: Vendor, receiver: Receiver, token: str, **more: Any) -> dict[str, Any]:
    made = vendor.call("POST", "/webhooks", token, {"url": receiver.url, **more})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def test_a_first_answer_tells_the_answer_the_allergy_and_the_count(
    vendor: Vendor, receiver: Receiver, token: str
) -> None:
    secret = subscribed(vendor, receiver, token)["secret"]
    vendor.partner.answer("g_ben", "accepted", party_size=2, meal="Sea bass", allergy="Nuts")
    receiver.wait_for(3)
    answer, allergy, count = receiver.verified(secret)
    wedding = vendor.call("GET", "/me", token).json()["wedding"]
    ben = {
        "id": "g_ben",
        "name": "Ben Carter",
        "email": "ben.carter@example.com",
        "household": "The Carters",
        "allergy": "Nuts",
    }
    assert answer["type"] == "rsvp.received"
    told = {name: answer["data"][name] for name in ("guest", "status", "party_size", "meal")}
    assert told == {"guest": ben, "status": "accepted", "party_size": 2, "meal": "Sea bass"}
    assert allergy["type"] == "allergy.reported"
    assert allergy["data"] == {"guest": ben, "wedding": wedding}
    assert count["type"] == "count.changed"
    assert count["data"]["accepted"] == count["data"]["before"] + 2
    assert count["data"]["meals_open"] is True


def test_a_later_answer_says_what_was_before(
    vendor: Vendor, receiver: Receiver, token: str
) -> None:
    secret = subscribed(vendor, receiver, token, events=["rsvp.received", "rsvp.changed"])["secret"]
    vendor.partner.answer("g_ben", "accepted")
    vendor.partner.answer("g_ben", "declined")
    vendor.partner.answer("g_ben", "declined")
    vendor.partner.answer("g_maya", "declined")
    receiver.wait_for(3)
    received, changed, other = receiver.verified(secret)
    assert (received["type"], changed["type"]) == ("rsvp.received", "rsvp.changed")
    assert "before" not in received["data"]
    assert changed["data"]["status"] == "declined"
    assert changed["data"]["before"]["status"] == "accepted"
    assert other["data"]["guest"]["id"] == "g_maya"


def test_enquiries_and_favourites_are_told(vendor: Vendor, receiver: Receiver, token: str) -> None:
    secret = subscribed(vendor, receiver, token)["secret"]
    vendor.partner.enquire("Lena & Omar", "lena@example.com", DAY)
    vendor.partner.choose(64)
    receiver.wait_for(2)
    enquiry, favourites = receiver.verified(secret)
    assert (enquiry["type"], enquiry["data"]["date"]) == ("enquiry.received", DAY)
    assert favourites["type"] == "favourites.submitted"
    assert favourites["data"]["enough"] is True


def test_what_the_api_changes_is_told_too(vendor: Vendor, receiver: Receiver, token: str) -> None:
    secret = subscribed(vendor, receiver, token, events=["allergy.reported"])["secret"]
    vendor.call("PATCH", "/guests/g_ben", token, {"allergy": "Sesame"})
    receiver.wait_for(1)
    assert receiver.verified(secret)[0]["data"]["guest"]["allergy"] == "Sesame"


def test_each_account_tells_its_own(vendor: Vendor, receiver: Receiver) -> None:
    token = vendor.tokens(HARBOUR)["access_token"]
    secret = subscribed(vendor, receiver, token)["secret"]
    vendor.partner.choose(1)
    vendor.partner.choose(2, account=HARBOUR)
    receiver.wait_for(1)
    assert [event["data"]["chosen"] for event in receiver.verified(secret)] == [2]


def test_a_refusal_is_tried_again_with_the_same_id(
    vendor: Vendor, receiver: Receiver, token: str
) -> None:
    receiver.statuses = [503, 302]
    secret = subscribed(vendor, receiver, token)["secret"]
    vendor.partner.choose(64)
    receiver.wait_for(3)
    assert len(set(receiver.ids())) == 1
    assert len(receiver.verified(secret)) == 3


def test_who_never_answers_does_not_keep_the_others_waiting_for_ever(
    vendor: Vendor, receiver: Receiver, token: str
) -> None:
    for url in ("http://127.0.0.1:9/away", "http://127.0.0.1:9/a b"):
        assert vendor.call("POST", "/webhooks", token, {"url": url}).status_code == 201
    subscribed(vendor, receiver, token)
    vendor.partner.choose(64)
    vendor.partner.choose(65)
    receiver.wait_for(2)


def test_gone_ends_the_subscription(vendor: Vendor, receiver: Receiver, token: str) -> None:
    receiver.statuses = [410]
    subscribed(vendor, receiver, token)
    vendor.partner.choose(64)
    wait_until(lambda: vendor.call("GET", "/webhooks", token).json() == {"webhooks": []})
    vendor.partner.choose(65)
    [told] = vendor.partner.seen()["webhooks"]
    assert (told["status"], told["attempts"]) == (410, 1)


def test_unsubscribing_ends_it_and_secrets_are_shown_once(
    vendor: Vendor, receiver: Receiver, token: str
) -> None:
    made = subscribed(vendor, receiver, token)
    [listed] = vendor.call("GET", "/webhooks", token).json()["webhooks"]
    assert "secret" not in listed
    assert vendor.call("DELETE", f"/webhooks/{made['id']}", token).status_code == 204
    assert vendor.call("DELETE", f"/webhooks/{made['id']}", token).status_code == 404
    vendor.partner.choose(64)
    assert vendor.partner.seen()["webhooks"] == []


def test_subscribing_an_address_again_replaces_its_subscription(
    vendor: Vendor, receiver: Receiver, token: str
) -> None:
    subscribed(vendor, receiver, token)
    again = subscribed(vendor, receiver, token)
    [listed] = vendor.call("GET", "/webhooks", token).json()["webhooks"]
    assert listed["id"] == again["id"]
    vendor.partner.choose(64)
    receiver.wait_for(1)
    assert len(receiver.verified(again["secret"])) == 1


def test_the_wrong_secret_can_be_used(vendor: Vendor, receiver: Receiver, token: str) -> None:
    vendor.partner.faults(hook_wrong_signature=True)
    secret = subscribed(vendor, receiver, token)["secret"]
    vendor.partner.choose(64)
    receiver.wait_for(1)
    with pytest.raises(WebhookVerificationError):
        receiver.verified(secret)


def test_copies_have_the_same_id(vendor: Vendor, receiver: Receiver, token: str) -> None:
    vendor.partner.faults(hook_copies=3)
    subscribed(vendor, receiver, token)
    vendor.partner.choose(64)
    receiver.wait_for(3)
    assert len(set(receiver.ids())) == 1


def test_the_later_one_can_overtake(vendor: Vendor, receiver: Receiver, token: str) -> None:
    vendor.partner.faults(hook_out_of_order=True)
    secret = subscribed(vendor, receiver, token)["secret"]
    vendor.partner.choose(1)
    vendor.partner.choose(2)
    receiver.wait_for(2)
    assert [event["data"]["chosen"] for event in receiver.verified(secret)] == [2, 1]
