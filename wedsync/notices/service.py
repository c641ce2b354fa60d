"""Telling an organization something once, and closing it when its cause is gone."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session, scoped_session

from wedsync.accounts.models import Membership, User
from wedsync.platform.mail import outbox
from wedsync.platform.vault import Vault
from wedsync.settings import Settings

Executor = Connection | Session | scoped_session[Any]

TOLD_ROLES = ("owner", "editor")
"""Who can mend something, and so is written to; a viewer sees it on the page."""

_OPEN = text(
    "INSERT INTO notices (organization_id, about_kind, about_id, code, title, words, path)"
    " VALUES (:organization_id, :about_kind, :about_id, :code, :title, :words, :path)"
    " ON CONFLICT (organization_id, about_kind, about_id, code) WHERE closed_at IS NULL"
    " DO NOTHING RETURNING id"
)
_CLOSE = text(
    "UPDATE notices SET closed_at = clock_timestamp() WHERE organization_id = :organization_id"
    " AND about_kind = :about_kind AND about_id = :about_id AND closed_at IS NULL"
    " AND (CAST(:code AS text) IS NULL OR code = :code)"
)


def tell(
    executor: Executor,
    vault: Vault,
    settings: Settings,
    organization_id: UUID,
    about_kind: str,
    about_id: UUID,
    code: str,
    *,
    title: str,
    words: str,
    path: str,
) -> bool:
    """Open a notice and write to every owner and editor; False when it is open already.

    `code` is the cause, `title` the news in a line, `words` what happened, what we did and what to
    do, `path` (`"/connections/…"`) the page where it can be mended. Of two who tell the same at
    once, one tells. The caller commits, and wakes the lane `mail`.
    """
    row = {
        "organization_id": organization_id,
        "about_kind": about_kind,
        "about_id": about_id,
        "code": code,
        "title": title,
        "words": words,
        "path": path,
    }
    notice_id: UUID | None = executor.execute(_OPEN, row).scalar()
    if notice_id is None:
        return False
    text = f"{words}\n\n{settings.public_url}{path}\n"
    _write_to_people(executor, vault, organization_id, notice_id, " ".join(title.split()), text)
    return True


def close(
    executor: Executor,
    organization_id: UUID,
    about_kind: str,
    about_id: UUID,
    code: str | None = None,
) -> int:
    """Close what is open about a thing (`code` None: whatever the cause); how many there were."""
    row = {
        "organization_id": organization_id,
        "about_kind": about_kind,
        "about_id": about_id,
        "code": code,
    }
    closed: int = executor.execute(_CLOSE, row).rowcount  # type: ignore[attr-defined]
    return closed


def _write_to_people(
    executor: Executor,
    vault: Vault,
    organization_id: UUID,
    notice_id: UUID,
    subject: str,
    text: str,
) -> None:
    for user_id, email in _to_tell(executor, organization_id):
        outbox.post(
            executor,
            vault,
            kind="notice",
            to=email,
            subject=subject,
            text=text,
            organization_id=organization_id,
            once_key=f"notice:{notice_id}:{user_id}",
        )


def _to_tell(executor: Executor, organization_id: UUID) -> list[tuple[UUID, str]]:
    people = (
        select(User.id, User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, Membership.role.in_(TOLD_ROLES))
        .order_by(User.id)
    )
    return [(row.id, row.email) for row in executor.execute(people)]
