"""What the tests of connections do again and again."""

import threading
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import wait_until
from wedsync.connections.keeping import Keeper
from wedsync.connections.means import Means
from wedsync.platform.db import db

SANDBOX = "/connect/sandbox"


@dataclass
class Kept:
    """A keeper over the test's database, and whom it told that something is usable."""

    keeper: Keeper
    told: list[UUID]

    def work(self) -> None:
        self.keeper.work(threading.Event())


def engine_of(app: APIFlask) -> Engine:
    with app.app_context():
        return db.engine


def means_of(app: APIFlask) -> Means:
    here = app.extensions["wedsync"]
    return Means(engine_of(app), here.vault, here.settings)


def wait_until_not_kept_yet(caplog: pytest.LogCaptureFixture) -> None:
    """Until what came home could not be written down once, for it stood longer at a lock than
    anybody waits for one."""
    wait_until(lambda: "is not kept yet" in caplog.text, 25)


def keeper_of(app: APIFlask) -> Kept:
    told: list[UUID] = []
    means = means_of(app)

    def on_ready(_database: DatabaseConnection, ids: Any) -> None:
        told.extend(ids)

    return Kept(Keeper(means.engine, means.vault, means.settings, on_ready), told)


def row_of(app: APIFlask, connection_id: UUID) -> Any:
    with engine_of(app).connect() as database:
        query = text("SELECT * FROM connections WHERE id = :id")
        return database.execute(query, {"id": connection_id}).one()


def change(app: APIFlask, connection_id: UUID, assignments: str, **values: Any) -> None:
    """Let something be so, such as a token that ended an hour ago."""
    with engine_of(app).begin() as database:
        query = text(f"UPDATE connections SET {assignments} WHERE id = :id")
        assert database.execute(query, {"id": connection_id, **values}).rowcount == 1


def only(app: APIFlask, persona: Persona) -> Any:
    """The one connection of an organization."""
    with engine_of(app).connect() as database:
        query = text("SELECT * FROM connections WHERE organization_id = :id")
        return database.execute(query, {"id": persona.organization_id}).one()


def events_of(app: APIFlask, persona: Persona) -> list[str]:
    query = text(
        "SELECT type FROM events WHERE organization_id = :id AND source = 'ours' ORDER BY id"
    )
    with engine_of(app).connect() as database:
        return list(database.scalars(query, {"id": persona.organization_id}))


def begin(persona: Persona, url: str = SANDBOX, **data: str) -> str:
    """Fill in the form and follow to the provider; the address of its consent page."""
    sent = persona.browser.post(url, data=data)
    assert sent.status_code == 303, words_of(sent)
    page = persona.browser.get(sent.location)
    return way_out(page)


def way_out(page: TestResponse) -> str:
    """Where the page on the way out leads."""
    marker = 'content="0;url='
    body = page.get_data(as_text=True)
    assert marker in body, body
    return unescape(body.split(marker)[1].split('"')[0])


def come_back(persona: Persona, location: str) -> TestResponse:
    """The browser comes back from the provider."""
    parts = urlsplit(location)
    return persona.browser.get(f"{parts.path}?{parts.query}")


def connected(app: APIFlask, persona: Persona, partner: PracticePartner, **allow: Any) -> UUID:
    """A connection of this person's organization to the practice partner."""
    answer = come_back(persona, partner.allow(begin(persona), **allow))
    assert answer.status_code == 303, words_of(answer)
    row = only(app, persona)
    assert row.state == "active", row.reason
    connection_id: UUID = row.id
    return connection_id
