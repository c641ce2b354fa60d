"""The list of weddings: the next one first, those that were below."""

from datetime import timedelta

from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.weddings.models import Guest, Household, Wedding


def marry(app: APIFlask, persona: Persona, title: str, days: int | None, guests: int = 0) -> None:
    """A wedding so many days ahead, its guests in one household."""
    with app.app_context():
        day = None if days is None else clock.now().date() + timedelta(days=days)
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
