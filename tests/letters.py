"""What we wrote to people: messages of the outbox, opened as the drain would open them."""

import re
from dataclasses import dataclass

import orjson
from apiflask import APIFlask
from sqlalchemy import text

from wedsync.accounts.recovery import Answering
from wedsync.platform.db import db
from wedsync.platform.mail.outbox import content_place
from wedsync.platform.runtime import vault

_LINK = re.compile(r"http://localhost:8000(/\S+)")
_TO = text("SELECT * FROM mail_messages WHERE to_address = :to ORDER BY id")


@dataclass(frozen=True)
class Letter:
    """One message, with its sealed content open; `sealed` is what the table holds."""

    kind: str
    subject: str
    text: str
    sealed: bytes

    @property
    def link(self) -> str:
        """The path of the one link in it."""
        (found,) = _LINK.findall(self.text)
        return str(found)


def letters_to(app: APIFlask, address: str) -> list[Letter]:
    """Every message to an address, the oldest first."""
    with app.app_context(), db.engine.connect() as connection:
        rows = connection.execute(_TO, {"to": address}).all()
        return [
            Letter(
                row.kind,
                sealed=bytes(row.content),
                **orjson.loads(vault().open_for_platform(content_place(row.id), row.content)),
            )
            for row in rows
        ]


def letter_to(app: APIFlask, address: str, kind: str) -> Letter:
    """The latest message of a kind to an address."""
    return [letter for letter in letters_to(app, address) if letter.kind == kind][-1]


def answer_who_forgot(app: APIFlask) -> int:
    """One round of the drain that answers who forgot their password."""
    with app.app_context():
        return Answering(db.engine, posted=lambda: None).work()
