"""Putting a message into the outbox, in the transaction of whatever it tells about."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session, scoped_session

from wedsync.platform import documents, ids, smtp
from wedsync.platform.vault import Vault, place

_Executor = Connection | Session | scoped_session[Any]

_INSERT = text(
    "INSERT INTO mail_messages (id, organization_id, kind, to_address, content, once_key)"
    " VALUES (:id, :organization_id, :kind, :to, :content, :once_key)"
    " ON CONFLICT (once_key) DO NOTHING"
)


def post(
    executor: _Executor,
    vault: Vault,
    *,
    kind: str,
    to: str,
    subject: str,
    text: str,
    organization_id: UUID | None = None,
    once_key: str | None = None,
) -> UUID | None:
    """Write a message to `to`; it leaves once the caller has committed (lane `mail`).

    `text` is plain: paragraphs with an empty line between them, links on lines of their own. A
    subject is one line: what breaks it becomes a space. Returns the message's id, or None when a
    message with this `once_key` was posted before.
    """
    message_id = ids.new_id()
    content = {"subject": smtp.as_one_line(subject), "text": text}
    row = {
        "id": message_id,
        "organization_id": organization_id,
        "kind": kind,
        "to": to,
        "content": vault.seal_for_platform(content_place(message_id), documents.write(content)),
        "once_key": once_key,
    }
    inserted: Any = executor.execute(_INSERT, row)
    return message_id if inserted.rowcount else None


def content_place(message_id: UUID) -> str:
    """Where a message's content is sealed to."""
    return place("mail_messages", message_id, "content")
