"""The practice partner's API does what its README says, once per idempotency key."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import requests

from tests.far_ends.practice_partner import HARBOUR
from tests.sandbox.vendor import Vendor

FREE = (datetime.now(UTC).date() + timedelta(days=400)).isoformat()


def test_it_says_whose_account_it_is(vendor: Vendor, token: str) -> None:
    me = vendor.call("GET", "/me", token).json()
    assert (me["id"], me["name"]) == ("acct_meadow", "Meadow Weddings")
    day = date.fromisoformat(me["wedding"]["date"])
    assert day.weekday() == 5
    assert day - date.fromisoformat(me["wedding"]["meals_lock_date"]) == timedelta(days=14)


def test_guests_are_listed_found_and_changed(vendor: Vendor, token: str) -> None:
    everybody = vendor.call("GET", "/guests", token).json()["guests"]
    assert len(everybody) == 16
    assert {guest["status"] for guest in everybody} == {"invited", "accepted", "declined"}
    declined = vendor.call("GET", "/guests?status=declined", token).json()["guests"]
    assert [guest["status"] for guest in declined] == ["declined"]
    ben = vendor.call("GET", "/guests/g_ben", token).json()
    assert ben["name"] == "Ben Carter"
    assert (ben["status"], ben["allergy"]) == ("invited", None)
    changed = vendor.call("PATCH", "/guests/g_ben", token, {"status": "accepted", "party_size": 2})
    assert changed.json()["party_size"] == 2


def test_answers_are_listed_from_an_instant_on_oldest_first(vendor: Vendor, token: str) -> None:
    for guest, status in (("g_ben", "accepted"), ("g_ben", "declined")):
        vendor.call("POST", "/rsvps", token, {"guest_id": guest, "status": status})
    listed = vendor.call("GET", "/rsvps", token).json()["rsvps"]
    assert [(each["guest"]["id"], each["status"]) for each in listed] == [
        ("g_ben", "accepted"),
        ("g_ben", "declined"),
    ]
    since = listed[1]["answered_at"]
    later = vendor.call("GET", f"/rsvps?since={since}", token).json()["rsvps"]
    assert later == listed[1:]
    assert vendor.call("GET", "/rsvps?limit=1", token).json()["rsvps"] == listed[:1]


def test_a_seat_is_released_once(vendor: Vendor, token: str) -> None:
    first = vendor.call("POST", "/seats/release", token, {"guest_id": "g_ben"})
    assert first.json() == {"guest_id": "g_ben", "released": "Table 1, seat 1"}
    again = vendor.call("POST", "/seats/release", token, {"guest_id": "g_ben"})
    assert again.json()["released"] is None


def test_meals_are_ordered_for_the_wedding_day(vendor: Vendor, token: str) -> None:
    day = vendor.call("GET", "/me", token).json()["wedding"]["date"]
    assert vendor.call("GET", f"/meals/{day}", token).json()["count"] is None
    ordered = vendor.call("PUT", f"/meals/{day}", token, {"count": 84}).json()
    assert (ordered["count"], ordered["locked"]) == (84, False)
    assert vendor.call("PUT", f"/meals/{day}", token, {"count": 85}).json()["count"] == 85
    assert vendor.call("PUT", f"/meals/{FREE}", token, {"count": 1}).status_code == 404


def test_a_free_day_is_held_for_one_name(vendor: Vendor, token: str) -> None:
    assert vendor.call("GET", f"/dates/{FREE}", token).json()["free"] is True
    before = datetime.now(UTC).date()
    held = vendor.call("PUT", f"/holds/{FREE}", token, {"for": "Lena & Omar"}).json()
    weeks = {(day + timedelta(days=7)).isoformat() for day in (before, datetime.now(UTC).date())}
    assert held.pop("held_until") in weeks
    assert held == {"date": FREE, "for": "Lena & Omar"}
    assert vendor.call("PUT", f"/holds/{FREE}", token, {"for": "Lena & Omar"}).status_code == 200
    taken = vendor.call("PUT", f"/holds/{FREE}", token, {"for": "Somebody else"})
    assert (taken.status_code, taken.json()["error"]) == (409, "date_taken")
    found = vendor.call("GET", f"/dates/{FREE}", token).json()
    assert (found["free"], found["held_for"]) == (False, "Lena & Omar")
    assert vendor.call("DELETE", f"/holds/{FREE}", token).status_code == 204
    assert vendor.call("GET", f"/dates/{FREE}", token).json()["free"] is True


def test_the_wedding_day_and_the_past_are_not_free(vendor: Vendor, token: str) -> None:
    day = vendor.call("GET", "/me", token).json()["wedding"]["date"]
    found = vendor.call("GET", f"/dates/{day}", token).json()
    assert found["reason"] == "Ella & Noah marry that day."
    assert vendor.call("GET", "/dates/2020-06-13", token).json()["reason"] == "It is past."
    assert vendor.call("GET", "/dates/soon", token).status_code == 422


def test_requests_and_tasks_are_kept(vendor: Vendor, token: str) -> None:
    asked = {"guest_id": "g_ben", "from": "Chef Odile", "text": "No nuts"}
    made = vendor.call("POST", "/acknowledgements", token, asked).json()
    assert (made["from"], made["state"]) == ("Chef Odile", "asked")
    assert vendor.call("GET", "/acknowledgements", token).json()["acknowledgements"] == [made]
    vendor.partner.call("POST", "/practice/acknowledgements", {"id": made["id"]})
    given = vendor.call("GET", "/acknowledgements", token).json()["acknowledgements"]
    assert given == [{**made, "state": "given"}]
    task = vendor.call("POST", "/tasks", token, {"title": "Lay out the album", "due": FREE}).json()
    assert vendor.call("GET", "/tasks", token).json()["tasks"] == [task]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rsvps", {"guest_id": "g_ben", "status": "accepted"}),
        ("/seats/release", {"guest_id": "g_ben"}),
        ("/tasks", {"title": "Once"}),
        ("/acknowledgements", {"guest_id": "g_ben", "from": "Chef Odile"}),
        ("/enquiries", {"name": "Lena", "email": "lena@example.com", "date": FREE}),
        ("/favourites", {"chosen": 64}),
        ("/webhooks", {"url": "http://127.0.0.1:9/never"}),
    ],
)
def test_a_key_acts_once(vendor: Vendor, token: str, path: str, body: dict[str, str]) -> None:
    first = vendor.call("POST", path, token, body, Idempotency_Key="key-1")
    again = vendor.call("POST", path, token, body, Idempotency_Key="key-1")
    assert first.status_code in {200, 201}
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    other = vendor.call("POST", path, token, {**body, "more": 1}, Idempotency_Key="key-1")
    assert (other.status_code, other.json()["error"]) == (422, "key_reused")
    seen = vendor.partner.seen()["idempotency_keys"]["key-1"]
    assert seen == {"request": f"POST /api/v1{path}", "seen": 2, "acted": 1}


def test_a_key_acts_once_for_many_at_once(vendor: Vendor, token: str) -> None:
    def add(_: int) -> requests.Response:
        return vendor.call("POST", "/tasks", token, {"title": "Once"}, Idempotency_Key="k")

    with ThreadPoolExecutor(8) as pool:
        assert {answer.json()["id"] for answer in pool.map(add, range(8))} != set()
    assert len(vendor.call("GET", "/tasks", token).json()["tasks"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rsvps", {"guest_id": "g_ben", "status": "perhaps"}),
        ("/rsvps", {"guest_id": "g_ben", "status": "accepted", "party_size": -1}),
        ("/rsvps", {"guest_id": "g_ben", "status": "accepted", "party_size": True}),
        ("/rsvps", {"guest_id": "g_ben", "status": "accepted", "meal": 7}),
        ("/tasks", {}),
        ("/tasks", ["title"]),
        ("/enquiries", {"name": "Lena", "email": "lena", "date": FREE}),
        ("/enquiries", {"name": "Lena", "email": "lena@example.com", "date": "soon"}),
        ("/favourites", {"chosen": "many"}),
        ("/webhooks", {"url": "file:///etc/passwd"}),
        ("/webhooks", {"url": "http://127.0.0.1:9/", "events": ["everything"]}),
        ("/webhooks", {"url": "http://127.0.0.1:9/", "events": [{}]}),
    ],
)
def test_what_cannot_be_read_is_refused(
    vendor: Vendor, token: str, path: str, body: dict[str, object]
) -> None:
    answer = vendor.call("POST", path, token, body)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid")


def test_strangers_and_other_accounts_see_nothing(vendor: Vendor, token: str) -> None:
    assert vendor.call("GET", "/me", "made-up").json()["error"] == "invalid_token"
    refresh = vendor.tokens()["refresh_token"]
    assert vendor.call("GET", "/me", refresh).status_code == 401
    assert requests.get(f"{vendor.partner.url}/api/v1/me", timeout=10).status_code == 401
    harbour = vendor.tokens(HARBOUR)["access_token"]
    assert vendor.call("GET", "/guests/g_ben", harbour).status_code == 404
    assert vendor.call("GET", "/guests/g_marta", harbour).status_code == 200
    assert vendor.call("GET", "/nothing", token).json()["error"] == "not_found"
