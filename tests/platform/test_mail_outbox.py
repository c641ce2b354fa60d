"""A message is posted with the transaction of what it tells about, and is sealed on its way."""

from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.orm import Session

from wedsync.platform import documents, ids
from wedsync.platform.db import db
from wedsync.platform.mail import outbox
from wedsync.platform.runtime import Runtime
from wedsync.platform.vault import Vault


@pytest.fixture
def vault(app: APIFlask) -> Vault:
    runtime: Runtime = app.extensions["wedsync"]
    return runtime.vault


def post(session: Session, vault: Vault, **changes: Any) -> Any:
    message = {"kind": "notice", "to": "imogen@rosewood.example", "subject": "Hello", "text": "Hi."}
    return outbox.post(session, vault, **{**message, **changes})


def kept(database: Session, message_id: object) -> Any:
    query = text("SELECT * FROM mail_messages WHERE id = :id")
    return database.execute(query, {"id": message_id}).one_or_none()


def test_a_message_waits_sealed_until_it_is_sent(database: Session, vault: Vault) -> None:
    posted = post(database, vault, text="Your link: https://wedsync.example/reset/canary")
    row = kept(database, posted)
    assert (row.state, row.attempts, row.to_address) == ("due", 0, "imogen@rosewood.example")
    assert b"canary" not in bytes(row.content)
    opened = vault.open_for_platform(outbox.content_place(posted), bytes(row.content))
    assert b"canary" in opened


def test_a_message_leaves_only_if_its_transaction_commits(
    app: APIFlask, database: Session, vault: Vault
) -> None:
    with app.app_context():
        posted = outbox.post(
            db.session, vault, kind="notice", to="a@b.example", subject="Hello", text="Hi."
        )
        db.session.rollback()
    assert kept(database, posted) is None


def test_a_message_with_a_key_is_posted_once(database: Session, vault: Vault) -> None:
    key = f"notice:{ids.new_id()}"
    first, second = (post(database, vault, once_key=key) for _ in range(2))
    assert first is not None
    assert second is None


def test_messages_without_a_key_are_each_posted(database: Session, vault: Vault) -> None:
    assert len({post(database, vault) for _ in range(3)}) == 3


def test_a_subject_stays_one_line(database: Session, vault: Vault) -> None:
    posted = post(database, vault, subject="Hello\r\nBcc: everyone@rosewood.example")
    row = kept(database, posted)
    opened = vault.open_for_platform(outbox.content_place(posted), bytes(row.content))
    assert b"Hello Bcc: everyone" in opened


def test_signs_that_no_header_carries_keep_no_message_from_leaving(
    database: Session, vault: Vault
) -> None:
    posted = post(database, vault, subject="Join\x07\u2028Ana \U0001f469\u200d\U0001f468")
    opened = vault.open_for_platform(
        outbox.content_place(posted), bytes(kept(database, posted).content)
    )
    assert documents.read(opened)["subject"] == "Join Ana \U0001f469\u200d\U0001f468"
