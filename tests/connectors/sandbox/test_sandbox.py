"""Petal Practice's actions against Petal Practice itself, with the tokens it hands out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.connectors.carrying import CONNECTION, Carried
from tests.far_ends.practice_partner import PracticePartner
from tests.sandbox.receiver import Receiver, listening
from tests.sandbox.vendor import Vendor
from wedsync import connectors
from wedsync.connectors.choices import Choice
from wedsync.connectors.contract import Failed, Succeeded
from wedsync.connectors.filling import reached, url
from wedsync.connectors.opening import opened
from wedsync.connectors.rest import request_of
from wedsync.platform import documents, outbound
from wedsync.sandbox.hooks import TYPES
from wedsync.sandbox.oauth.grants import SCOPES

FREE = (datetime.now(UTC).date() + timedelta(days=500)).isoformat()
MANIFEST = connectors.manifests()["sandbox"]


@pytest.fixture
def carried(practice_partner: PracticePartner) -> Carried:
    token = Vendor(practice_partner).tokens()["access_token"]
    access = opened(
        MANIFEST, CONNECTION, {}, {"access_token": token}, sandbox_url=practice_partner.url
    )
    return Carried(MANIFEST, access)


def done(came: Succeeded | Failed) -> Any:
    assert isinstance(came, Succeeded), came
    return came.output


def test_its_account_is_asked_for(carried: Carried) -> None:
    assert carried.account() == ("acct_meadow", "Meadow Weddings")


def test_its_addresses_are_those_of_the_practice_partner(
    practice_partner: PracticePartner,
) -> None:
    oauth = MANIFEST.auth.oauth
    assert oauth is not None
    found = practice_partner.call("GET", "/.well-known/oauth-authorization-server")
    roots = {"sandbox": practice_partner.url}
    assert url(oauth.authorize_url, roots) == found["authorization_endpoint"]
    assert url(oauth.token_url, roots) == found["token_endpoint"]
    assert url(oauth.revoke_url, roots) == found["revocation_endpoint"]
    assert url(oauth.issuer, roots) == found["issuer"]


def test_it_asks_for_what_there_is_and_hears_of_all_that_happens() -> None:
    oauth = MANIFEST.auth.oauth
    assert oauth is not None
    assert [scope.name for scope in oauth.scopes] == list(SCOPES)
    assert tuple(trigger.event_type for trigger in MANIFEST.triggers) == TYPES


def test_a_guest_is_found_and_their_answer_written_down(carried: Carried) -> None:
    assert done(carried.out("find_guest", {"guest_id": "g_ben"}))["name"] == "Ben Carter"
    given = {"guest_id": "g_ben", "status": "accepted", "party_size": 2}
    assert done(carried.out("record_answer", given))["party_size"] == 2
    assert done(carried.out("find_guest", {"guest_id": "g_ben"}))["status"] == "accepted"


def test_a_seat_is_freed_once_however_often_it_is_sent(carried: Carried) -> None:
    given = {"guest_id": "g_ben"}
    first = done(carried.out("release_seat", given))
    assert first == {"guest_id": "g_ben", "released": "Table 1, seat 1"}
    assert done(carried.out("release_seat", given)) == first
    assert done(carried.out("release_seat", given, key="another"))["released"] is None


def test_meals_are_set_for_the_wedding_day_only(carried: Carried) -> None:
    day = wedding_day(carried)
    assert done(carried.out("set_meals", {"date": day, "count": 62}))["count"] == 62
    other = carried.out("set_meals", {"date": FREE, "count": 62})
    assert isinstance(other, Failed)
    assert other.kind == "permanent"


def test_a_confirmation_is_asked_for_and_a_task_made(carried: Carried) -> None:
    asked = done(carried.out("ask_acknowledgement", {"guest_id": "g_ben", "from": "chef@x.test"}))
    assert asked["state"] == "asked"
    given = {"title": "Lay out the album", "due": FREE}
    task = done(carried.out("create_task", given, key="task"))
    assert (task["title"], task["due"]) == ("Lay out the album", FREE)
    assert done(carried.out("create_task", given, key="task")) == task


def test_a_date_is_looked_at_held_and_let_go(carried: Carried) -> None:
    assert done(carried.out("check_date", {"date": FREE}))["free"] is True
    given = {"date": FREE, "for": "Lena & Omar", "days": 7}
    held = done(carried.out("hold_date", given))
    assert done(carried.out("hold_date", given)) == held
    assert done(carried.out("check_date", {"date": FREE}))["free"] is False
    taken = carried.out("hold_date", {"date": FREE, "for": "Somebody else"})
    assert isinstance(taken, Failed)
    assert taken.kind == "permanent"
    assert "Lena & Omar" in taken.message
    done(carried.out("release_date", {"date": FREE}))
    assert done(carried.out("check_date", {"date": FREE}))["free"] is True


@pytest.mark.parametrize(
    ("answers", "kind"),
    [("500", "maybe"), ("429", "rate_limit"), ("html", "maybe"), ("drop", "maybe")],
)
def test_a_bad_day_is_told_as_what_it_is(
    carried: Carried, practice_partner: PracticePartner, answers: str, kind: str
) -> None:
    practice_partner.faults(api_answers=answers, api_times=1, retry_after_s=7)
    failed = carried.out("release_seat", {"guest_id": "g_ben"})
    assert isinstance(failed, Failed)
    assert failed.kind == kind
    assert failed.retry_after_s == (7 if answers == "429" else None)
    again = done(carried.out("release_seat", {"guest_id": "g_ben"}))
    assert again["released"] == "Table 1, seat 1"


def test_ended_access_is_told_as_such(carried: Carried, practice_partner: PracticePartner) -> None:
    practice_partner.faults(expire_tokens=True)
    failed = carried.out("find_guest", {"guest_id": "g_ben"})
    assert isinstance(failed, Failed)
    assert failed.kind == "auth"


def test_its_hook_is_subscribed_and_unsubscribed(
    carried: Carried, practice_partner: PracticePartner
) -> None:
    hooks = MANIFEST.hooks
    assert hooks is not None
    assert hooks.subscribe is not None
    assert hooks.unsubscribe is not None
    with listening() as receiver:
        request = request_of(hooks.subscribe, carried.access, {"hook": {"url": receiver.url}})
        made = documents.read(body_of(request))
        secret, identifier = reached(made, hooks.secret_path), reached(made, hooks.id_path)
        everything_happens(practice_partner, receiver)
        told = {event["type"]: event["data"] for event in receiver.verified(secret)}
    for trigger in MANIFEST.triggers:
        assert fits(trigger.sample, told[trigger.event_type]), trigger.key
    gone = request_of(hooks.unsubscribe, carried.access, {"subscription": {"id": identifier}})
    assert body_of(gone) == b""


def everything_happens(partner: PracticePartner, receiver: Receiver) -> None:
    partner.answer("g_ben", "accepted", party_size=2, meal="Sea bass", allergy="Nuts")
    partner.answer("g_ben", "declined")
    partner.enquire("Lena & Omar", "lena@example.com", FREE, guests=90, message="Hello")
    partner.choose(64)
    receiver.wait_for(7)


def fits(sample: Any, sent: Any) -> bool:
    """Whether everything in the sample is in what is sent, with the same types."""
    if isinstance(sample, dict):
        absent = {"allergy"} if isinstance(sent, dict) and "allergy" not in sent else set()
        return all(name in absent or fits(part, sent.get(name)) for name, part in sample.items())
    return type(sample) is type(sent)


def test_its_guests_can_be_chosen_by_name(carried: Carried) -> None:
    offered = carried.offered("guests")
    assert len(offered) == 16
    assert Choice("g_ben", "Ben Carter", "The Carters") in offered
    entry = next(each for each in MANIFEST.actions if each.key == "find_guest")
    assert entry.choose_from == {"guest_id": "guests"}
    chosen = {"guest_id": offered[-1].value}
    assert done(carried.out("find_guest", chosen))["name"] == offered[-1].name


def body_of(request: outbound.Request) -> bytes:
    answer = outbound.request(request)
    assert isinstance(answer, outbound.Answer), answer
    assert answer.status in {201, 204}, answer
    return answer.body


def wedding_day(carried: Carried) -> str:
    account = MANIFEST.account
    assert account is not None
    answer = outbound.request(request_of(account.request, carried.access, {}))
    assert isinstance(answer, outbound.Answer)
    day: str = documents.read(answer.body)["wedding"]["date"]
    return day
