"""Who is acting in this request: a signed-in person, or a script with an API key."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from uuid import UUID

from flask import g

from wedsync.errors import NotSignedIn

Role = Literal["owner", "editor", "viewer"]
View = TypeVar("View", bound=Callable[..., Any])
_RANK: dict[str, int] = {"viewer": 0, "editor": 1, "owner": 2}


@dataclass(frozen=True, slots=True)
class Identity:
    """The acting party, always inside exactly one organization.

    `scopes` is None for people; for API keys every `<resource>:read|write` they open.
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
        return self.scopes is None or wanted in self.scopes


def current() -> Identity:
    """The identity the inbound check settled for this request."""
    identity: Identity | None = g.get("identity")
    if identity is None:
        raise NotSignedIn("Sign in to see this.")
    return identity


def organization_id() -> UUID:
    """The acting organization: what every query of this request is scoped by."""
    return current().organization_id


def requires(role: Role) -> Callable[[View], View]:
    """Mark a view with the least role it needs, where the inbound check's default does not fit.

    Reading needs a viewer and changing an editor, unless this says otherwise.
    """

    def mark(view: View) -> View:
        view.minimum_role = role  # type: ignore[attr-defined]
        return view

    return mark


def minimum_role(view: Callable[..., Any], default: Role) -> Role:
    """The role that `requires` marked the view with."""
    wanted: Role = getattr(view, "minimum_role", default)
    return wanted


def requires_admin(view: View) -> View:
    """Mark a view that is only for those who run this installation.

    To everybody else it is not there: 404, as somebody else's object is.
    """
    view.admins_only = True  # type: ignore[attr-defined]
    return view


def is_for_admins(view: Callable[..., Any]) -> bool:
    """Whether `requires_admin` marked the view."""
    return getattr(view, "admins_only", False)
