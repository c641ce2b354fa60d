"""Links sent to a person's own e-mail: to confirm it, or to set a new password.

A link works once and for a while; its token is kept as a hash only. Looking at it spends nothing,
because scanners of mail follow every link. It is good for the address it was sent to.
"""

from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, select, text, update
from sqlalchemy.orm import Session, scoped_session

from wedsync.accounts import tokens
from wedsync.accounts.models import PersonLink, User
from wedsync.errors import NotFound, Refused
from wedsync.platform import clock
from wedsync.platform.db import db

Purpose = Literal["confirm_email", "reset_password"]
Executor = Connection | Session | scoped_session[Any]

PREFIXES: dict[Purpose, str] = {"confirm_email": "wse_", "reset_password": "wsr_"}
LIFETIMES: dict[Purpose, timedelta] = {
    "confirm_email": timedelta(hours=24),
    "reset_password": timedelta(minutes=30),
}
A_MOMENT = timedelta(minutes=2)
"""While a link is so young, nobody is sent another."""

_LATELY = text(
    "SELECT 1 FROM person_links WHERE user_id = :user_id AND purpose = :purpose"
    " AND used_at IS NULL AND created_at > :since LIMIT 1"
)
_INSERT = text(
    "INSERT INTO person_links (user_id, purpose, email, token_hash, expires_at)"
    " VALUES (:user_id, :purpose, :email, :token_hash, :expires_at)"
)


def make(executor: Executor, user_id: UUID, email: str, purpose: Purpose) -> str:
    """A new link's token, which nobody can be shown again; earlier links go on working."""
    raw = tokens.new(PREFIXES[purpose])
    row = {
        "user_id": user_id,
        "purpose": purpose,
        "email": email,
        "token_hash": tokens.hashed(raw),
        "expires_at": clock.now() + LIFETIMES[purpose],
    }
    executor.execute(_INSERT, row)
    return raw


def was_made_lately(executor: Executor, user_id: UUID, purpose: Purpose) -> bool:
    """Whether the person has an open link that was made a moment ago."""
    given = {"user_id": user_id, "purpose": purpose, "since": clock.now() - A_MOMENT}
    return executor.execute(_LATELY, given).first() is not None


def read(raw: str, purpose: Purpose) -> PersonLink | Refused:
    """The open link behind a token, not spent by this. Raises NotFound for a made-up token."""
    found = _find(raw, purpose)
    return _refusal(found, db.session.get_one(User, found.user_id)) or found


def spend(raw: str, purpose: Purpose) -> User | Refused:
    """Use a link up, and every other one of its purpose that the person has; whose it was.

    Of two who spend one link, or two links of one person, at once, one does. Raises NotFound for
    a made-up token.
    """
    found = _find(raw, purpose)
    user = db.session.scalars(
        select(User)
        .where(User.id == found.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    db.session.refresh(found)
    refused = _refusal(found, user)
    if refused is not None:
        return refused
    db.session.execute(
        update(PersonLink)
        .where(
            PersonLink.user_id == user.id,
            PersonLink.purpose == purpose,
            PersonLink.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
    return user


def _find(raw: str, purpose: Purpose) -> PersonLink:
    if not tokens.is_well_formed(raw, PREFIXES[purpose]):
        raise NotFound("This link is not complete. Copy the whole link.")
    found = db.session.scalar(
        select(PersonLink).where(
            PersonLink.token_hash == tokens.hashed(raw), PersonLink.purpose == purpose
        )
    )
    if found is None:
        raise NotFound("There is no such link.")
    return found


def _refusal(link: PersonLink, user: User) -> Refused | None:
    if link.used_at is not None:
        return Refused("link_used", "This link was used already.", status=410)
    if link.expires_at <= clock.now():
        return Refused("link_expired", "This link is too old by now.", status=410)
    if link.email != user.email:
        return Refused("link_outdated", "This link was sent to another e-mail.", status=410)
    return None
