"""What an endpoint is told, filled in: kinds of event, rows of a condition, pace, and who sends."""

from typing import Any

import pytest
from apiflask import APIFlask
from werkzeug.test import TestResponse

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import make_endpoint, one, publish
from tests.workflows.connected import connect_built_in
from wedsync.webhooks.endpoints.conditions import MOST_ROWS
from wedsync.webhooks.views import event_choices

NEW = "/webhooks/endpoints/new"
FILLED = {"url": "https://kitchen.example/told", "description": "The kitchen"}
ACCEPTED = {"==": [{"var": "trigger.data.status"}, "accepted"]}


def row(number: int, place: str, verb: str, value: str = "") -> dict[str, str]:
    name = f"only_when-{number}"
    return {f"{name}-place": place, f"{name}-verb": verb, f"{name}-value": value}


def made(app: APIFlask, owner: Persona, answer: TestResponse) -> Any:
    """The one endpoint there is."""
    assert answer.status_code in (200, 303), words_of(answer)
    query = "SELECT * FROM endpoints WHERE organization_id = :id"
    return one(app, query, id=owner.organization_id)


def value_of(answer: TestResponse, name: str) -> str:
    """What stands in an input of the page."""
    html = answer.get_data(as_text=True)
    (_before, found) = html.split(f'name="{name}"')[:2]
    return found.partition(">")[0].partition('value="')[2].partition('"')[0]


# --- works


def test_everything_can_be_filled_in_at_once(app: APIFlask, owner: Persona) -> None:
    data: dict[str, Any] = {
        **FILLED,
        "event_types": ["wedding.created", "seating.guest_added, seating.guest_left\n"],
        **row(0, "data.status", "is", "accepted"),
        **row(1, "data.seats", "more", "4"),
        "joined": "or",
        "ordered_by": "data.wedding_id",
        "at_failure": "stops",
        "rate_per_s": "2,5",
        "max_in_flight": "3",
        "key_pair": "y",
    }
    answer = owner.browser.post(NEW, data=data)
    assert "Public key" in words_of(answer)
    endpoint = made(app, owner, answer)
    names = ["wedding.created", "seating.guest_added", "seating.guest_left"]
    assert endpoint.event_types == names
    assert endpoint.filter == {"or": [ACCEPTED, {">": [{"var": "trigger.data.seats"}, 4]}]}
    assert (endpoint.ordered_by, endpoint.stops_at_failure) == ("data.wedding_id", True)
    assert (endpoint.rate_per_s, endpoint.max_in_flight) == (2.5, 3)
    assert endpoint.signing_key is not None


def test_what_was_filled_in_stands_there_again_and_is_kept_unchanged(
    app: APIFlask, owner: Persona
) -> None:
    said: dict[str, Any] = {
        "filter": {"and": [ACCEPTED, {">": [{"var": "trigger.data.seats"}, 4]}]},
        "event_types": ["seating.guest_added", "wedding.created"],
        "ordered_by": "data.wedding_id",
        "stops_at_failure": True,
        "rate_per_s": 0.5,
        "max_in_flight": 2,
        "key_pair": True,
    }
    endpoint_id, _ = make_endpoint(app, owner.organization_id, FILLED["url"], **said)
    before = one(app, "SELECT * FROM endpoints WHERE id = :id", id=endpoint_id)
    path = f"/webhooks/endpoints/{endpoint_id}/edit"
    page = owner.browser.get(path)
    shown = {
        name: value_of(page, name)
        for name in (
            "url", "only_when-0-place", "only_when-0-value", "only_when-1-place",
            "only_when-1-value", "ordered_by", "rate_per_s", "max_in_flight",
        )
    }  # fmt: skip
    verbs = {"only_when-0-verb": "is", "only_when-1-verb": "more"}
    types = {"event_types": said["event_types"]}
    sent = {**shown, **verbs, **types, "joined": "and", "at_failure": "stops"}
    assert owner.browser.post(path, data=sent).status_code == 303
    after = one(app, "SELECT * FROM endpoints WHERE id = :id", id=endpoint_id)
    assert after._mapping == before._mapping


def test_rows_come_and_go_and_what_was_filled_in_stays(app: APIFlask, owner: Persona) -> None:
    data = {**FILLED, **row(0, "data.status", "is", "accepted")}
    more = owner.browser.post(NEW, data={**data, "add_row": "1"})
    assert more.status_code == 200
    assert value_of(more, "only_when-0-place") == "data.status"
    assert value_of(more, "only_when-1-place") == ""
    assert value_of(more, "url") == FILLED["url"]
    both = {**data, **row(1, "data.seats", "more", "many")}
    fewer = owner.browser.post(NEW, data={**both, "drop_row": "0"})
    assert value_of(fewer, "only_when-0-place") == "data.seats"
    assert "only_when-1-place" not in fewer.get_data(as_text=True)
    none = "SELECT count(*) AS n FROM endpoints WHERE organization_id = :id"
    assert one(app, none, id=owner.organization_id).n == 0


def test_an_empty_row_says_nothing(app: APIFlask, owner: Persona) -> None:
    answer = owner.browser.post(NEW, data={**FILLED, **row(0, "", "is")})
    assert made(app, owner, answer).filter is None


def test_a_condition_of_another_shape_stays_until_it_is_taken_away(
    app: APIFlask, owner: Persona
) -> None:
    other = {"!": [ACCEPTED]}
    endpoint_id, _ = make_endpoint(app, owner.organization_id, FILLED["url"], filter=other)
    path = f"/webhooks/endpoints/{endpoint_id}/edit"
    assert "It came through the API" in words_of(owner.browser.get(path))
    owner.browser.post(path, data={**FILLED, **row(0, "data.status", "is", "x")})
    query = "SELECT filter FROM endpoints WHERE id = :id"
    assert one(app, query, id=endpoint_id).filter == other
    owner.browser.post(path, data={**FILLED, "drops_filter": "y"})
    assert one(app, query, id=endpoint_id).filter is None


def test_one_that_fetches_needs_a_name_only(app: APIFlask, owner: Persona) -> None:
    data = {"receives": "polls", "description": "The till", "url": "not used", "rate_per_s": "x"}
    answer = owner.browser.post(NEW, data={**data, "rate_per_s": "5", "ordered_by": "data.id"})
    endpoint = made(app, owner, answer)
    assert (endpoint.receives, endpoint.url, endpoint.rate_per_s) == ("polls", "", None)
    path = f"/webhooks/endpoints/{endpoint.id}"
    assert owner.browser.get(f"{path}/secrets").status_code == 404
    kept = owner.browser.post(f"{path}/edit", data={"description": "The new till"})
    assert kept.status_code == 303
    unnamed = owner.browser.post(NEW, data={"receives": "polls"})
    assert "Give it a name" in words_of(unnamed)


def test_what_can_be_chosen_is_what_we_say_what_accounts_tell_and_what_happened(
    app: APIFlask, built_in_listings: None, owner: Persona
) -> None:
    connect_built_in(app, owner.organization_id, "sandbox", {})
    publish(app, owner.organization_id, "seating.guest_added", {"guest": {"name": "Rosa"}})
    publish(app, owner.organization_id, "seating.guest_added", {"seats": 2, "tags": ["a"]})
    with app.app_context():
        groups = {each.title: each.choices for each in event_choices.offered(owner.organization_id)}
        places = {each.path: each.words for each in event_choices.places(owner.organization_id)}
    ours = {choice.name: choice.words for choice in groups["WedSync itself"]}
    assert ours["wedding.created"] == "A wedding is added"
    assert any(choice.name.startswith("external.rsvp") for choice in groups["Petal Practice"])
    assert [choice.words for choice in groups["Has happened"]] == ["Seating guest added"]
    names = [choice.name for choices in groups.values() for choice in choices]
    assert len(names) == len(set(names))
    assert places == {
        "data.guest.name": "Guest name, such as Rosa",
        "data.seats": "Seats, such as 2",
        "type": "Type, such as seating.guest_added",
    }


# --- refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (row(0, "data status", "is", "x"), "Name a place in what is sent"),
        (row(0, "data.status", "is"), "Say what to compare it with."),
        (row(0, "data.seats", "more", "many"), "Write a number here, such as 40."),
        (row(0, "data.seats", "like", "x"), "Choose how to compare."),
        (row(0, "secrets.key", "is", "x"), ""),
        ({"rate_per_s": "fast"}, "Write a number here, or nothing."),
        ({"rate_per_s": "0"}, "From 0.1 to 1,000 requests a second"),
        ({"max_in_flight": "101"}, "A whole number from 1 to 100"),
        ({"max_in_flight": "2.5"}, "A whole number from 1 to 100"),
        ({"max_in_flight": "inf"}, "A whole number from 1 to 100"),
        ({"at_failure": "stops"}, "Only where things go one after the other"),
        ({"receives": "both"}, "Not a valid choice"),
        ({"event_types": "two words"}, "words in small letters joined by dots"),
    ],
)
def test_what_cannot_be_is_said_beside_it_and_nothing_is_lost(
    owner: Persona, data: dict[str, str], words: str
) -> None:
    answer = owner.browser.post(NEW, data={**FILLED, **data})
    if data == row(0, "secrets.key", "is", "x"):
        assert answer.status_code == 200  # a place nobody sends is a condition that never holds
        return
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert value_of(answer, "description") == FILLED["description"]
    for name, typed in data.items():
        if name.endswith(("-value", "-place", "rate_per_s", "max_in_flight")):
            assert value_of(answer, name) == typed


def test_more_rows_than_are_read_are_refused(owner: Persona) -> None:
    rows: dict[str, str] = {}
    for number in range(MOST_ROWS + 1):
        rows |= row(number, "data.status", "is", "x")
    answer = owner.browser.post(NEW, data={**FILLED, **rows})
    assert answer.status_code == 422
    assert f"At most {MOST_ROWS} conditions." in words_of(answer)


# --- the page of its secrets


def test_a_viewer_sees_how_to_check_and_changes_nothing(
    app: APIFlask, viewer: Persona, owner: Persona
) -> None:
    endpoint_id, secret = make_endpoint(app, viewer.organization_id, FILLED["url"], key_pair=True)
    path = f"/webhooks/endpoints/{endpoint_id}"
    page = viewer.browser.get(f"{path}/secrets?in=php")
    said = words_of(page)
    assert "whpk_" in said
    assert "hash_hmac" in said
    assert secret not in page.get_data(as_text=True)
    assert "Make a new secret" not in said
    for action in ("rotate", "end-overlap", "key-pair/remove", "key-pair/add"):
        assert viewer.browser.post(f"{path}/{action}").status_code == 403
    assert owner.browser.get(f"{path}/secrets?in=cobol").status_code == 404


def test_an_overlap_is_chosen_told_and_ended_on_the_page(app: APIFlask, owner: Persona) -> None:
    endpoint_id, first = make_endpoint(app, owner.organization_id, FILLED["url"])
    path = f"/webhooks/endpoints/{endpoint_id}"
    changed = words_of(owner.browser.post(f"{path}/rotate", data={"overlap": "168"}))
    assert "counts until" in changed
    assert first not in changed
    assert "The secret before signs too, until" in words_of(owner.browser.get(f"{path}/secrets"))
    ended = owner.browser.post(f"{path}/end-overlap", follow_redirects=True)
    assert "Only the new secret signs now." in words_of(ended)
    assert "signs too, until" not in words_of(ended)
    at_once = words_of(owner.browser.post(f"{path}/rotate", data={"overlap": "0"}))
    assert "counts until" not in at_once
    wrong = owner.browser.post(f"{path}/rotate", data={"overlap": "2"})
    assert wrong.status_code == 422


def test_a_key_pair_is_added_and_taken_away_on_the_page(app: APIFlask, owner: Persona) -> None:
    endpoint_id, _ = make_endpoint(app, owner.organization_id, FILLED["url"])
    path = f"/webhooks/endpoints/{endpoint_id}"
    added = owner.browser.post(f"{path}/key-pair/add", follow_redirects=True)
    assert "whpk_" in words_of(added)
    gone = owner.browser.post(f"{path}/key-pair/remove", follow_redirects=True)
    assert "whpk_" not in words_of(gone)
    key = one(app, "SELECT signing_key FROM endpoints WHERE id = :id", id=endpoint_id)
    assert key.signing_key is None
