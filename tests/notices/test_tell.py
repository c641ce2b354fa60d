"""An organization is told something once, and again only after it was over."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.accounts.ways import at_once
from tests.letters import letters_to
from tests.personas import Persona
from wedsync.notices import queries, service
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.runtime import runtime
from workers import schedule

TITLE = "Petal RSVP asks you to sign in again"
WORDS = "Petal RSVP no longer takes our sign-in. Two runs wait; they go on once you are back."


@pytest.fixture
def connection_id() -> UUID:
    return ids.new_id()


def tell(app: APIFlask, person: Persona, about: UUID, code: str = "needs_reauth") -> bool:
    """Tell it as a drain does, over a connection of its own."""
    with app.app_context(), db.engine.begin() as connection:
        return _tell(connection, person, about, code)


def _tell(executor: Any, person: Persona, about: UUID, code: str) -> bool:
    here = runtime()
    return service.tell(
        executor,
        here.vault,
        here.settings,
        person.organization_id,
        "connection",
        about,
        code,
        title=TITLE,
        words=WORDS,
        path=f"/connections/{about}",
    )


def close(app: APIFlask, person: Persona, about: UUID, code: str | None = None) -> int:
    with app.app_context(), db.engine.begin() as connection:
        return service.close(connection, person.organization_id, "connection", about, code)


def open_titles(app: APIFlask, person: Persona) -> list[str]:
    with app.app_context():
        return [notice.title for notice in queries.open_ones(person.organization_id)]


# --- works


def test_owners_and_editors_are_written_to_and_viewers_and_strangers_are_not(
    app: APIFlask,
    owner: Persona,
    editor: Persona,
    viewer: Persona,
    stranger: Persona,
    connection_id: UUID,
) -> None:
    assert tell(app, owner, connection_id)
    for person in (owner, editor):
        (letter,) = letters_to(app, person.email)
        assert (letter.kind, letter.subject) == ("notice", TITLE)
        assert letter.text.startswith(WORDS)
        assert letter.link == f"/connections/{connection_id}"
    assert letters_to(app, viewer.email) == letters_to(app, stranger.email) == []
    assert open_titles(app, owner) == [TITLE]
    assert open_titles(app, stranger) == []


def test_it_can_be_told_in_the_session_of_a_request(
    app: APIFlask, owner: Persona, connection_id: UUID
) -> None:
    with app.app_context():
        assert _tell(db.session, owner, connection_id, "needs_reauth")
        assert not _tell(db.session, owner, connection_id, "needs_reauth")
        db.session.commit()
    assert len(letters_to(app, owner.email)) == 1


def test_what_is_not_over_is_not_told_again(
    app: APIFlask, owner: Persona, connection_id: UUID
) -> None:
    assert [tell(app, owner, connection_id) for _ in range(3)] == [True, False, False]
    assert len(letters_to(app, owner.email)) == 1


def test_what_comes_again_after_it_was_over_is_told_again(
    app: APIFlask, owner: Persona, connection_id: UUID
) -> None:
    tell(app, owner, connection_id)
    assert close(app, owner, connection_id) == 1
    assert open_titles(app, owner) == []
    assert close(app, owner, connection_id) == 0
    assert tell(app, owner, connection_id)
    assert len(letters_to(app, owner.email)) == 2


def test_another_cause_or_another_thing_is_told_beside_it(
    app: APIFlask, owner: Persona, connection_id: UUID
) -> None:
    other = ids.new_id()
    assert tell(app, owner, connection_id)
    assert tell(app, owner, connection_id, "mail_refused")
    assert tell(app, owner, other)
    assert close(app, owner, connection_id, "mail_refused") == 1
    assert len(open_titles(app, owner)) == 2
    assert close(app, owner, connection_id) == 1
    assert len(open_titles(app, owner)) == 1


def test_nothing_is_told_when_the_transaction_comes_to_nothing(
    app: APIFlask, owner: Persona, connection_id: UUID
) -> None:
    with app.app_context(), db.engine.connect() as connection:
        assert _tell(connection, owner, connection_id, "needs_reauth")
        connection.rollback()
    assert letters_to(app, owner.email) == []
    assert tell(app, owner, connection_id)


# --- somebody else's


def test_closing_is_for_the_organization_it_is_about(
    app: APIFlask, owner: Persona, stranger: Persona, connection_id: UUID
) -> None:
    tell(app, owner, connection_id)
    assert close(app, stranger, connection_id) == 0
    assert tell(app, stranger, connection_id)
    assert open_titles(app, owner) == [TITLE]


# --- at the same time


def test_of_many_who_tell_the_same_at_once_one_tells(
    app: APIFlask, owner: Persona, editor: Persona, connection_id: UUID
) -> None:
    told = at_once(*[lambda: tell(app, owner, connection_id) for _ in range(6)])
    assert told.count(True) == 1
    assert len(letters_to(app, owner.email)) == len(letters_to(app, editor.email)) == 1


# --- kept for a while


def test_closed_notices_are_forgotten_after_ninety_days_and_open_ones_are_not(
    app: APIFlask, owner: Persona, database: Session
) -> None:
    old, recent, still_open = (ids.new_id() for _ in range(3))
    for about in (old, recent, still_open):
        tell(app, owner, about)
    for about, days in ((old, 91), (recent, 89)):
        database.execute(
            text(
                "UPDATE notices SET closed_at = now() - make_interval(days => :days)"
                " WHERE about_id = :about"
            ),
            {"about": about, "days": days},
        )
    with app.app_context(), db.engine.begin() as connection:
        schedule.prune(connection)
    kept = database.scalars(
        text("SELECT about_id FROM notices WHERE organization_id = :id"),
        {"id": owner.organization_id},
    )
    assert set(kept) == {recent, still_open}
