"""Each switch does what its words say, as often as it is told to, and no longer."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.sandbox.receiver import Receiver
from tests.sandbox.vendor import Vendor


@pytest.mark.parametrize(("answers", "status"), [("500", 500), ("429", 429), ("html", 200)])
def test_the_api_answers_badly_without_acting(
    vendor: Vendor, token: str, answers: str, status: int
) -> None:
    vendor.partner.faults(api_answers=answers, api_times=1, retry_after_s=7)
    bad = vendor.call("POST", "/tasks", token, {"title": "Not made"})
    assert bad.status_code == status
    assert bad.headers.get("Retry-After") == ("7" if answers == "429" else None)
    assert bad.headers["Content-Type"].startswith("text/html") == (answers == "html")
    assert vendor.call("GET", "/tasks", token).json() == {"tasks": []}


def test_it_acts_and_then_hangs_up(vendor: Vendor, token: str) -> None:
    vendor.partner.faults(api_answers="drop", api_times=1)
    with pytest.raises(requests.ConnectionError):
        vendor.call("POST", "/tasks", token, {"title": "Made"}, Idempotency_Key="k")
    again = vendor.call("POST", "/tasks", token, {"title": "Made"}, Idempotency_Key="k")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert vendor.call("GET", "/tasks", token).json() == {"tasks": [again.json()]}


def test_only_the_named_addresses_are_bad(vendor: Vendor, token: str) -> None:
    vendor.partner.faults(api_answers="500", api_path="/seats")
    assert vendor.call("GET", "/me", token).status_code == 200
    release = {"guest_id": "g_ben"}
    assert vendor.call("POST", "/seats/release", token, release).status_code == 500
    assert vendor.call("POST", "/seats/release", token, release).status_code == 500
    vendor.partner.call("DELETE", "/faults")
    assert vendor.call("POST", "/seats/release", token, release).status_code == 200


def test_it_can_be_slow(vendor: Vendor, token: str) -> None:
    vendor.partner.faults(api_slow_s=0.3)
    began = time.monotonic()
    assert vendor.call("GET", "/me", token).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_all_access_can_end_and_be_renewed(vendor: Vendor) -> None:
    tokens = vendor.tokens()
    vendor.partner.faults(expire_tokens=True)
    assert vendor.call("GET", "/me", tokens["access_token"]).status_code == 401
    renewed = vendor.refresh(tokens["refresh_token"]).json()
    assert vendor.call("GET", "/me", renewed["access_token"]).status_code == 200


def test_permission_can_be_taken_back_while_news_go_on(vendor: Vendor, receiver: Receiver) -> None:
    tokens = vendor.tokens()
    vendor.call("POST", "/webhooks", tokens["access_token"], {"url": receiver.url})
    vendor.partner.faults(revoke_grants=True)
    assert vendor.call("GET", "/me", tokens["access_token"]).status_code == 401
    assert vendor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert vendor.partner.seen()["families"][0]["revoked"] == "withdrawn"
    vendor.partner.choose(64)
    receiver.wait_for(1)


def test_a_refresh_can_be_lost_after_it_happened(vendor: Vendor) -> None:
    refresh_token = vendor.tokens()["refresh_token"]
    vendor.partner.faults(token_answers="drop", token_times=1)
    with pytest.raises(requests.ConnectionError):
        vendor.refresh(refresh_token)
    assert vendor.partner.seen()["refreshes"] == 1
    assert vendor.refresh(refresh_token).json()["error"] == "invalid_grant"
    assert vendor.partner.seen()["reuse_attempts"] == 1


@pytest.mark.parametrize(("answers", "status"), [("500", 500), ("429", 429), ("html", 200)])
def test_the_token_address_answers_badly_without_acting(
    vendor: Vendor, answers: str, status: int
) -> None:
    refresh_token = vendor.tokens()["refresh_token"]
    vendor.partner.faults(token_answers=answers, token_times=1)
    assert vendor.refresh(refresh_token).status_code == status
    assert vendor.refresh(refresh_token).json()["refresh_token"] != refresh_token


def test_fields_can_be_missing_from_the_token_answer(vendor: Vendor) -> None:
    first = vendor.tokens()
    vendor.partner.faults(token_leaves_out=["expires_in", "refresh_token"], token_slow_s=0.1)
    renewed = vendor.refresh(first["refresh_token"]).json()
    assert set(renewed) == {"access_token", "token_type", "scope"}
    assert vendor.refresh(first["refresh_token"]).status_code == 200
    assert vendor.partner.seen()["reuse_attempts"] == 0


def test_the_consent_page_can_be_broken(vendor: Vendor) -> None:
    vendor.partner.faults(consent_answers="error_page")
    page = requests.get(vendor.authorize_url(), timeout=10)
    assert (page.status_code, page.headers["Content-Type"][:9]) == (500, "text/html")
    vendor.partner.faults(consent_answers="server_error")
    back = requests.get(vendor.authorize_url(), allow_redirects=False, timeout=10)
    assert back.status_code == 302
    assert "error=server_error" in back.headers["Location"]
    assert "state=st-1" in back.headers["Location"]


def test_the_page_switches_and_says_so(vendor: Vendor) -> None:
    address = f"{vendor.partner.url}/faults"
    assert "Everything works as it should" in requests.get(address, timeout=10).text
    form = {"api_answers": "500", "api_times": "2", "hook_out_of_order": "1", "api_slow_s": "0.0"}
    page = requests.post(address, form, timeout=10)
    assert "Something goes wrong here" in page.text
    now = vendor.partner.call("GET", "/faults")
    assert (now["api_answers"], now["api_times"], now["hook_out_of_order"]) == ("500", 2, True)
    assert "Everything works" in requests.post(f"{address}/off", timeout=10).text


@pytest.mark.parametrize(
    "switch",
    [
        {"nothing": 1},
        {"api_answers": "418"},
        {"api_times": -1},
        {"api_times": "x"},
        {"hook_copies": None},
        {"hook_wrong_signature": "yes"},
        {"token_leaves_out": ["scope"]},
        {"token_life_s": True},
    ],
)
def test_a_switch_that_is_not_there_is_refused(vendor: Vendor, switch: dict[str, object]) -> None:
    answer = requests.post(f"{vendor.partner.url}/faults", json=switch, timeout=10)
    assert answer.status_code == 422


def test_requests_are_counted_by_rule(vendor: Vendor, token: str) -> None:
    vendor.partner.call("DELETE", "/faults")
    for guest in ("g_ben", "g_maya"):
        vendor.call("GET", f"/guests/{guest}", token)
    assert vendor.partner.seen()["requests"]["GET /api/v1/guests/<guest_id>"] == 2


def test_its_calendar_can_be_ahead(vendor: Vendor, token: str) -> None:
    day = vendor.call("GET", "/me", token).json()["wedding"]["date"]
    free = (datetime.now(UTC).date() + timedelta(days=300)).isoformat()
    assert vendor.call("PUT", f"/holds/{free}", token, {"for": "Lena"}).status_code == 200
    vendor.partner.faults(days_ahead=80)
    locked = vendor.call("PUT", f"/meals/{day}", token, {"count": 84})
    assert (locked.status_code, locked.json()["error"]) == (409, "meals_locked")
    assert vendor.call("GET", f"/dates/{free}", token).json()["free"] is True
