"""The wedding somebody outside means is found by couple and day, and never guessed."""

from datetime import date

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.weddings.couples import marry
from wedsync.platform.db import db
from wedsync.weddings import couple_and_day
from wedsync.weddings.couple_and_day import Meant

DAY = date(2031, 6, 14)


def found(app: APIFlask, persona: Persona, couple: str, day: date = DAY) -> object:
    meant = Meant(persona.organization_id, couple, day)
    with app.app_context(), db.engine.connect() as connection:
        return couple_and_day.find(connection, {meant}).get(meant)


@pytest.mark.parametrize(
    "couple",
    [
        "Zoë & Noah",
        "noah and zoe",
        "ZOE + NOAH",
        "Zoe\u0308 & Noah",
        "Zoë Ferreira, Noah Lind",
        "Zoë & Noah’s big day",
    ],
)
def test_a_wedding_goes_by_its_title_its_names_and_first_names(
    app: APIFlask, owner: Persona, couple: str
) -> None:
    partners = [{"name": "Zoë Ferreira"}, {"name": "Noah Lind"}]
    wedding = marry(app, owner, title="Zoë & Noah’s big day", partners=partners, date=DAY)
    assert found(app, owner, couple) == wedding


@pytest.mark.parametrize("couple", ["Zoë", "Zoë & Ben", "", "&", "Zoë & Noah & Ben", "x" * 5000])
def test_another_couple_of_that_day_is_not_it(app: APIFlask, owner: Persona, couple: str) -> None:
    marry(app, owner, title="Zoë & Noah", date=DAY)
    assert found(app, owner, couple) is None


def test_the_same_couple_on_another_day_is_not_it(app: APIFlask, owner: Persona) -> None:
    marry(app, owner, title="Zoë & Noah", date=DAY)
    assert found(app, owner, "Zoë & Noah", date(2031, 6, 15)) is None


def test_of_two_that_could_be_meant_it_is_neither(app: APIFlask, owner: Persona) -> None:
    marry(app, owner, title="Zoë & Noah", date=DAY)
    marry(app, owner, title="Noah and Zoe", date=DAY)
    assert found(app, owner, "Zoë & Noah") is None


def test_a_strangers_wedding_is_never_it(app: APIFlask, owner: Persona, stranger: Persona) -> None:
    marry(app, stranger, title="Zoë & Noah", date=DAY)
    assert found(app, owner, "Zoë & Noah") is None
