"""A far end with tables to choose from, and how they are asked for, read and kept."""

import threading
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import engine_of, means_of
from tests.far_ends.rest_service import Asked as Request
from tests.far_ends.rest_service import Prepared, RestService
from tests.personas import Persona
from tests.workflows.connected import connect, seating
from wedsync.connections.choosing import choices
from wedsync.connections.choosing.kept_choices import Asked, Kept
from wedsync.platform import ids

TABLES = {
    "key": "tables",
    "label": "Tables",
    "request": {"method": "GET", "path": "/tables", "query": {"page": "{cursor.page}"}},
    "records": "tables",
    "next_path": "next",
}


class Book(RestService):
    """Tables in pages of `size`; answers only while it may."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = 3
        self.size = 100
        self.may_answer = threading.Event()
        self.may_answer.set()

    def answer_to(self, asked: Request) -> Prepared:
        if asked.path != "/tables" or (asked.method, asked.path) in self.prepared:
            return super().answer_to(asked)
        self.asked.append(asked)
        self.may_answer.wait(20)
        first = int(asked.query().get("page", 0))
        after = min(first + self.size, self.tables)
        listed = [{"id": number, "name": f"Table {number}"} for number in range(first, after)]
        self.answers("GET", "/page", {"tables": listed, "next": after if listed else None})
        return self.prepared["GET", "/page"]


def manifest(book: RestService) -> Any:
    return seating(book, f"tables-{ids.new_id().hex[-8:]}", choices=[TABLES])


def ask(
    app: APIFlask, persona: Persona, connection_id: UUID, key: str, *, refresh: bool = False
) -> Asked | None:
    with engine_of(app).begin() as database:
        return choices.ask(database, persona.organization_id, connection_id, key, refresh=refresh)


def load(app: APIFlask, persona: Persona, asked: Asked, within_s: float = 5.0) -> None:
    """As the request of a page does."""
    choices.load(means_of(app), persona.organization_id, asked.id, within_s=within_s, last=False)


def kept(app: APIFlask, persona: Persona, connection_id: UUID, key: str = "tables") -> Kept:
    means = means_of(app)
    with means.engine.begin() as database:
        return choices.kept(database, means.vault, persona.organization_id, connection_id, key)


def read(
    app: APIFlask,
    persona: Persona,
    connection_id: UUID,
    key: str = "tables",
    *,
    within_s: float = 5.0,
    refresh: bool = False,
) -> Kept:
    """Ask, read at once, and what is known then."""
    asked = ask(app, persona, connection_id, key, refresh=refresh)
    assert asked is not None
    if asked.is_wanted:
        load(app, persona, asked, within_s)
    return kept(app, persona, connection_id, key)


def by_a_drain(app: APIFlask, persona: Persona, connection_id: UUID) -> None:
    """Ask anew, and read as a drain does, with little time for it."""
    asked = ask(app, persona, connection_id, "tables", refresh=True)
    assert asked is not None
    means = means_of(app)
    choices.load(means, persona.organization_id, asked.id, within_s=3.0, last=True)


def limited(app: APIFlask, persona: Persona, book: Book, rate: dict[str, int]) -> UUID:
    """A connection to two tables on a page each, which may be asked only so often."""
    book.tables, book.size = 2, 1
    slug = f"tables-{ids.new_id().hex[-8:]}"
    offered = seating(book, slug, choices=[TABLES], limits={"connection": rate})
    return connect(app, persona.organization_id, offered)


def age(app: APIFlask, connection_id: UUID, seconds: int) -> None:
    """Let it be so long since anything was read, failed or asked for."""
    with engine_of(app).begin() as database:
        past = f"- interval '{seconds} seconds'"
        database.execute(
            text(
                f"UPDATE account_choices SET loaded_at = loaded_at {past},"
                f" failed_at = failed_at {past}, asked_at = asked_at {past},"
                f" due_at = due_at {past}, claimed_until = claimed_until {past}"
                " WHERE connection_id = :id"
            ),
            {"id": connection_id},
        )
