"""Who is acting in this request: a signed-in person, or a script with an API key."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from flask import g

from wedsync.errors import NotSignedIn

Role = Literal["owner", "editor", "viewer"]
_RANK: dict[str, int] = {"viewer": 0, "editor": 1, "owner": 2}


@dataclass(frozen=True, slots=True)
class Identity:
    """The acting party, always inside exactly one organization.

    `scopes` is None for people; for API keys the granted `<resource>:read|write`, or `*`.
    """

    organization_id: UUID
    user_id: UUID | None
    role: Role
    kind: Literal["person", "api_key"]
    credential_id: UUID
    scopes: frozenset[str] | None = None
    is_admin: bool = False

    def has_role(self, wanted: Role) -> bool:
        return _RANK[self.role] >= _RANK[wanted]

    def has_scope(self, wanted: str) -> bool:
        return self.scopes is None or "*" in self.scopes or wanted in self.scopes


def current() -> Identity:
    """The identity the inbound check settled for this request."""
    identity: Identity | None = g.get("identity")
    if identity is None:
        raise NotSignedIn("Sign in to see this.")
    return identity


def organization_id() -> UUID:
    """The acting organization: what every query of this request is scoped by."""
    return current().organization_id
