"""Who is asked by an approval, and so may answer it.

`who` is `{"role": "owner" | "editor" | "viewer"}`, `{"user": id}` or `{"email": address}`. Whoever
it names may be gone by the time the question comes up: then the owners are asked, so that no run
waits for nobody. An owner may always answer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.orm import Session, scoped_session

from wedsync.accounts.models import Membership, User
from wedsync.platform import ids
from wedsync.platform.identity import Identity
from wedsync.platform.wording import listing

Executor = Connection | Session | scoped_session[Any]
Who = Mapping[str, Any]

# Enough to write to; anything that could break out of a header is none.
_ADDRESS = re.compile(r"[^\s@<>,;:\"\x00-\x1f]{1,64}@[^\s@<>,;:\"\x00-\x1f]{1,190}")

ROLES = ("owner", "editor", "viewer")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to write to; `user_id` is None for an address from outside the team."""

    email: str
    name: str
    user_id: UUID | None


def asked(executor: Executor, organization_id: UUID, who: Who) -> list[Person]:
    """Those to write to, each once."""
    found = _members(executor, organization_id, _named(who))
    email = who.get("email")
    if not found and isinstance(email, str) and _ADDRESS.fullmatch(email):
        return [Person(email, email, None)]
    return found or _members(executor, organization_id, Membership.role == "owner")


def asked_words(executor: Executor, organization_id: UUID, who: Who) -> str:
    """`Imogen and Beth`, `everybody who may edit`, `ana@example.com`."""
    role = who.get("role")
    if role in ROLES:
        return {"owner": "the owners", "editor": "the editors", "viewer": "the team"}[role]
    return listing([person.name for person in asked(executor, organization_id, who)][:5])


def may_answer(executor: Executor, me: Identity, asked_of: Sequence[Who]) -> bool:
    """Whether one of these names this member, or they are an owner."""
    return me.has_role("owner") or any(_names(executor, who, me) for who in asked_of)


def _names(executor: Executor, who: Who, me: Identity) -> bool:
    role = who.get("role")
    if role in ROLES:
        return me.has_role(role)
    if me.user_id is None:
        return False
    members = _members(executor, me.organization_id, _named(who))
    return any(person.user_id == me.user_id for person in members)


def _named(who: Who) -> ColumnElement[bool]:
    if (role := who.get("role")) in ROLES:
        return Membership.role == str(role)
    if "user" in who:
        return User.id == ids.read(who["user"])
    return func.lower(User.email) == str(who.get("email", "")).lower()


def _members(executor: Executor, organization_id: UUID, which: ColumnElement[bool]) -> list[Person]:
    people = (
        select(User.email, User.name, User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organization_id == organization_id, which)
        .order_by(User.id)
    )
    return [Person(row.email, row.name, row.id) for row in executor.execute(people)]
