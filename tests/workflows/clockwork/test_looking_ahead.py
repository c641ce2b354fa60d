"""What would follow if a wedding moved is told before anybody moves it."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.weddings.couples import marry
from tests.workers.scene import make_workflow, rows
from tests.workflows.clockwork.dated_waits import ON_EVENT, THEN, Work, wait
from tests.workflows.clockwork.ticking import MovedClock, around

pytestmark = pytest.mark.usefixtures("empty_database", "june")


@pytest.fixture
def planned(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, work: Work
) -> UUID:
    """A wedding on 1 September 2027, with a wait and two starts around it, one of them over."""
    make_workflow(app, organization, ON_EVENT, wait(late="ask"), THEN)
    wedding = marry(app, owner, date=date(2027, 9, 1))
    make_workflow(app, organization, around(-42, late="skip"), THEN)
    make_workflow(app, organization, around(-100, late="run"), THEN)
    work()
    return wedding


def moves(owner: Persona, wedding: UUID, **asked: Any) -> list[tuple[Any, ...]]:
    answer = owner.api.get(f"/weddings/{wedding}/moves", query_string=asked)
    assert answer.status_code == 200
    return [
        (each["step"], each["before"], each["after"], each["outcome"])
        for each in answer.json["data"]
    ]


START, WAIT = "2027-07-21T07:00:00Z", "2027-08-18T07:00:00Z"
STEP = "Two weeks before"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [(None, START, START, "stays"), (STEP, WAIT, WAIT, "stays")]),
        (
            {"date": "2027-09-11"},
            [
                (None, None, "2027-06-03T07:00:00Z", "asked"),
                (None, START, "2027-07-31T07:00:00Z", "moves"),
                (STEP, WAIT, "2027-08-28T07:00:00Z", "moves"),
            ],
        ),
        (
            {"date": "2027-06-10"},
            [
                (None, None, "2027-03-02T08:00:00Z", "left_out"),
                (None, START, "2027-04-29T07:00:00Z", "left_out"),
                (STEP, WAIT, "2027-05-27T07:00:00Z", "asked"),
            ],
        ),
        ({"date": ""}, [(None, START, None, "waits"), (STEP, WAIT, None, "waits")]),
        ({"status": "cancelled"}, [(None, START, None, "ends"), (STEP, WAIT, WAIT, "ends")]),
        (
            {"date": "2027-09-02", "postponed": "true"},
            [
                (None, None, "2027-05-25T07:00:00Z", "at_once"),
                (None, START, "2027-07-22T07:00:00Z", "moves"),
                (STEP, WAIT, "2027-08-19T07:00:00Z", "moves"),
            ],
        ),
    ],
)
def test_what_would_follow_is_told_and_nothing_is_touched(
    app: APIFlask, owner: Persona, planned: UUID, asked: dict[str, Any], found: list[Any]
) -> None:
    before = rows(app, "SELECT * FROM workflow_timers ORDER BY workflow_id, key")
    assert moves(owner, planned, **asked) == found
    assert rows(app, "SELECT * FROM workflow_timers ORDER BY workflow_id, key") == before


def test_a_row_about_a_wedding_elsewhere_says_whose_clock_it_means(
    owner: Persona, planned: UUID
) -> None:
    said = words_of(owner.browser.get(f"/workflows/runs-of-wedding/{planned}"))
    assert "Waiting until Wed 18 August, 09:00 in Rome (14 days before the wedding)." in said


def test_a_wait_without_a_name_is_called_by_what_it_does(
    app: APIFlask, owner: Persona, organization: UUID, moved_clock: MovedClock, work: Work
) -> None:
    make_workflow(app, organization, ON_EVENT, {**wait(), "label": None}, THEN)
    wedding = marry(app, owner, date=date(2027, 9, 1))
    work()
    said = words_of(owner.browser.get(f"/workflows/moves-of-wedding/{wedding}"))
    assert "Waits until 14 days before the wedding, at 09:00" in said


def test_the_weddings_page_shows_what_waits_and_what_would_move(
    owner: Persona, planned: UUID
) -> None:
    path = f"/workflows/moves-of-wedding/{planned}"
    plain = words_of(owner.browser.get(path))
    assert "Wed 18 August, 09:00 Seat the guests Waits at “Two weeks before”" in plain
    assert "Times are by the clocks in Rome." in plain
    moved = words_of(owner.browser.get(f"{path}?date=2027-06-10", fragment=True))
    assert "One asks you, two are left out." in moved
    assert "Thu 27 May, 09:00" in moved
    assert "That has passed, so it is left out." in moved
    ended = words_of(owner.browser.get(f"{path}?status=cancelled", fragment=True))
    assert "It is stopped where it waits." in ended


def test_a_wedding_nothing_waits_for_says_so(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    wedding = marry(app, owner)
    page = words_of(owner.browser.get(f"/workflows/moves-of-wedding/{wedding}"))
    assert "Nothing waits for these days." in page


@pytest.mark.parametrize("query", ["date=soon", "status=booked"])
def test_what_is_no_date_and_no_end_is_refused(owner: Persona, planned: UUID, query: str) -> None:
    path = f"/workflows/moves-of-wedding/{planned}?{query}"
    assert owner.browser.get(path).status_code == 422
    assert owner.api.get(f"/weddings/{planned}/moves?{query}").status_code == 422


def test_a_strangers_wedding_is_not_there(stranger: Persona, planned: UUID) -> None:
    assert stranger.browser.get(f"/workflows/moves-of-wedding/{planned}").status_code == 404
    assert stranger.api.get(f"/weddings/{planned}/moves").status_code == 404
