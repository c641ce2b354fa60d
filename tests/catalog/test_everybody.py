"""How an integration does for everybody, on its page."""

from apiflask import APIFlask

from tests.health.history import make_connection, make_runs
from tests.listings.ways import listed, slug_of
from tests.page_words import words_of
from tests.personas import Persona
from wedsync.rollups.reading import ENOUGH_OF_ALL


def said_of(persona: Persona, slug: str) -> str:
    return words_of(persona.browser.get(f"/marketplace/{slug}"))


def test_its_page_says_how_much_worked_and_how_fast_and_never_how_much_there_was(
    app: APIFlask, partner: Persona, admin: Persona, owner: Persona, stranger: Persona
) -> None:
    slug = slug_of(app, partner, listed(app, partner, admin))
    theirs = make_connection(app, stranger.organization_id, "Seatwell of Marek", slug=slug)
    make_runs(app, stranger.organization_id, "Seat", 787, failed=13, connection_id=theirs)
    said = said_of(owner, slug)
    assert "Worked, for everybody 98.3 % in a day Half within 300 ms" in said
    assert "787" not in said


def test_a_few_tries_would_tell_of_somebody_and_are_kept_to_them(
    app: APIFlask, partner: Persona, admin: Persona, owner: Persona, stranger: Persona
) -> None:
    slug = slug_of(app, partner, listed(app, partner, admin))
    theirs = make_connection(app, stranger.organization_id, "Seatwell of Marek", slug=slug)
    make_runs(
        app, stranger.organization_id, "Seat", ENOUGH_OF_ALL - 1, failed=5, connection_id=theirs
    )
    assert "for everybody" not in said_of(owner, slug)
    make_runs(app, stranger.organization_id, "Seat once more", 1, connection_id=theirs)
    assert "Worked, for everybody 75 %" in said_of(owner, slug)
