"""The list of weddings: the next one first, those that were below."""

import re
from html import unescape
from uuid import uuid4

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.weddings.couples import ahead
from wedsync.platform.db import db
from wedsync.weddings.models import Guest, Household, Wedding
from wedsync.weddings.wedding_lists import PAGE

pytestmark = pytest.mark.usefixtures("moved_clock")  # it stands still: a day stays so far off


def marry(app: APIFlask, persona: Persona, title: str, days: int | None, guests: int = 0) -> None:
    """A wedding so many days ahead, its guests in one household."""
    with app.app_context():
        day = None if days is None else ahead(days)
        wedding = Wedding(
            organization_id=persona.organization_id, title=title, date=day, venue="Bath"
        )
        db.session.add(wedding)
        db.session.flush()
        home = {"organization_id": persona.organization_id, "wedding_id": wedding.id}
        household = Household(**home, name="The Byrnes")
        db.session.add(household)
        db.session.flush()
        for number in range(guests):
            db.session.add(Guest(**home, household_id=household.id, name=f"Guest {number}"))
        db.session.commit()


def test_the_next_wedding_comes_first_and_past_ones_last(app: APIFlask, owner: Persona) -> None:
    marry(app, owner, "Priya & Tom", 40)
    marry(app, owner, "Hannah & Josef", 11, guests=3)
    marry(app, owner, "Leila & Marcus", None)
    marry(app, owner, "Clara & Inès", -20)
    said = words_of(owner.browser.get("/weddings"))
    assert "Hannah & Josef are next, in 11 days." in said
    assert "Hannah & Josef Bath, 3 guests, in 11 days Booked" in said
    assert "No date yet Leila & Marcus" in said
    order = ["Hannah & Josef Bath", "Priya & Tom", "Leila & Marcus", "Past", "Clara & Inès"]
    places = [said.index(each) for each in order]
    assert places == sorted(places)


def test_a_stranger_s_weddings_are_not_in_it(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    marry(app, owner, "Hannah & Josef", 11)
    assert "Hannah" not in words_of(stranger.browser.get("/weddings"))


def test_the_first_wedding_is_expected(owner: Persona) -> None:
    assert "Your first wedding goes here" in words_of(owner.browser.get("/weddings"))


def test_a_long_list_is_read_a_page_at_a_time(app: APIFlask, owner: Persona) -> None:
    for number in range(PAGE + 1):
        marry(app, owner, f"Couple {number:03}", 10 + number // 2)
        marry(app, owner, f"Guest of then {number:03}", -10 - number // 2)
    marry(app, owner, "Undated & Unhurried", None)
    first = owner.browser.get("/weddings")
    said = words_of(first)
    assert "Couple 049" in said
    assert "Couple 050" not in said
    assert "Guest of then 049" in said
    assert "Guest of then 050" not in said
    later, earlier = re.findall(r'href="(/weddings\?[^"]*after=[^"]*)"', first.text)
    behind = words_of(owner.browser.get(unescape(later)))
    assert "Couple 050" in behind
    assert "Undated & Unhurried" in behind
    assert "Couple 049" not in behind
    assert "Guest of then" not in behind
    before = words_of(owner.browser.get(unescape(earlier)))
    assert "Guest of then 050" in before
    assert "Guest of then 049" not in before
    assert "From the start" in before


def test_a_search_finds_names_and_places_without_accents(app: APIFlask, owner: Persona) -> None:
    marry(app, owner, "Zoë & Ravi Núñez", 30)
    marry(app, owner, "Hannah & Josef", 11)
    found = words_of(owner.browser.get("/weddings?q=nunez+ZOE"))
    assert "Zoë & Ravi" in found
    assert "Hannah" not in found
    assert "Hannah & Josef" in words_of(owner.browser.get("/weddings?q=bath"))
    nothing = words_of(owner.browser.get("/weddings?q=100%25"))
    assert "No wedding is called “100%”, or takes place there." in nothing
    assert "Clear the search" in nothing


def test_a_page_behind_nothing_we_know_begins_at_the_start(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    marry(app, owner, "Hannah & Josef", 11)
    path = f"/weddings?when=coming&after={uuid4()}"
    assert "Hannah & Josef" in words_of(owner.browser.get(path))
    assert "Hannah & Josef" in words_of(owner.browser.get("/weddings?when=never&after=1"))
    assert "There are no more." in words_of(stranger.browser.get(path))
