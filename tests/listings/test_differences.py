"""What an admin reads of two versions: new permissions first, then the changes, in words."""

import time
from typing import Any

import pytest

from tests.listings.manifests import SEATWELL, seatwell
from wedsync.connectors.manifest import Manifest
from wedsync.listings import differences
from wedsync.listings.differences import Part, Permission


def manifest(**changes: Any) -> Manifest:
    return Manifest.model_validate(seatwell(**changes))


def shelf(**changes: Any) -> dict[str, Any]:
    return {"shelf": {**SEATWELL["shelf"], **changes}}


def changed(**changes: Any) -> dict[str, tuple[Part, ...]]:
    found = differences.changes(manifest(), manifest(**changes))
    return {each.subject: each.parts for each in found if each.changed}


def test_new_permissions_come_first_and_given_up_ones_last() -> None:
    after = manifest(**shelf(permissions=["See guests and their answers", "See allergies"]))
    assert differences.permissions(manifest(), after) == [
        Permission("in", "See allergies"),
        Permission("same", "See guests and their answers"),
        Permission("out", "Change tables"),
        Permission("out", "Cannot see money"),
    ]


def test_of_a_first_version_nothing_is_new() -> None:
    found = differences.permissions(None, manifest())
    assert {each.kind for each in found} == {"same"}
    assert not any(each.changed for each in differences.changes(None, manifest()))


def test_what_it_asks_the_other_side_for_is_a_permission_too() -> None:
    oauth = {
        "authorize_url": "https://seatwell.example/authorize",
        "token_url": "https://seatwell.example/token",
        "scopes": [{"name": "guests.read", "words": "Read the whole guest book"}],
    }
    after = manifest(auth={"kind": "oauth2_code", "oauth": oauth})
    [first, *_] = differences.permissions(manifest(), after)
    assert first == Permission("in", "Read the whole guest book")


def test_a_text_is_compared_word_by_word() -> None:
    found = changed(**shelf(description="Seats your guests as they answer, kindly."))
    assert found == {
        "What it is for": (
            Part("same", "Seats your guests as they answer"),
            Part("in", ", kindly"),
            Part("same", "."),
        )
    }


def test_a_list_is_compared_entry_by_entry() -> None:
    [action] = SEATWELL["actions"]
    more = {**action, "key": "clear_seat", "label": "Clear a seat"}
    parts = changed(actions=[action, more])["Can do"]
    assert parts == (Part("same", "Seat a guest"), Part("same", ", "), Part("in", "Clear a seat"))


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"base_url": "https://elsewhere.example"}, "Talks to"),
        ({"hooks": {**SEATWELL["hooks"], "scheme": "stripe"}}, "Tells us"),
        ({"name": "Other"}, "Is called"),
        (shelf(tried_against="nothing"), "Tried against"),
    ],
)
def test_what_an_admin_has_to_see_is_among_the_changes(
    changes: dict[str, Any], subject: str
) -> None:
    assert set(changed(**changes)) == {subject}


def test_a_request_that_goes_elsewhere_shows() -> None:
    [action] = SEATWELL["actions"]
    other = {**action, "request": {**action["request"], "path": "/somewhere/else"}}
    assert set(changed(actions=[other])) == {"Sends"}


def test_the_lines_of_the_file_show_where_it_changed() -> None:
    found = differences.lines(seatwell(), seatwell(summary="Another summary."))
    gone = [line for line in found if line.kind == "out"]
    come = [line for line in found if line.kind == "in"]
    assert [line.text.strip() for line in come] == ['"summary": "Another summary.",']
    assert gone[0].before == come[0].after
    assert len(found) <= 8


def test_a_first_version_is_shown_to_its_last_line() -> None:
    found = differences.lines(None, {f"key{number}": number for number in range(3_000)})
    assert len(found) == 3_002


def test_documents_that_repeat_themselves_are_compared_in_no_time() -> None:
    before = {"x": ["a", "b", "c"] * 60 + [f"k{number % 300}" for number in range(3_000)]}
    after = {"x": ["a", "x", "b", "c"] * 45 + [f"k{number % 290}" for number in range(3_000)]}
    begun = time.process_time()
    found = differences.lines(before, after)
    words = changed(shelf=shelf(description="one two three four five " * 300)["shelf"])
    assert time.process_time() - begun < 2
    assert {line.text.strip() for line in found if line.kind == "in"} >= {'"x",'}
    assert words["What it is for"]


def test_what_stayed_the_same_is_never_shown_as_changed() -> None:
    long = {"x": [f"k{number % 50}" for number in range(150)] * 20}
    assert differences.lines(long, long) == []
