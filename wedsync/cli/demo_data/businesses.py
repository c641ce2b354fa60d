"""The organizations of the demo, and who works there."""

from dataclasses import dataclass
from typing import cast

from sqlalchemy import select

from wedsync.accounts import organizations, people
from wedsync.accounts.models import Organization, User
from wedsync.audit import service as audit
from wedsync.cli.installation.logins import DEMO_PASSWORD, LOGINS, Login
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity, Role

ROSEWOOD, LUMEN, PETAL, PLATFORM = "rosewood", "lumen", "petal", "wedsync"


@dataclass(frozen=True, slots=True)
class Business:
    """An organization of the demo. `kind` is `vendor` or `partner`, `trade` what it does."""

    slug: str
    name: str
    kind: str
    trade: str | None = None
    zone: str = "Europe/London"


BUSINESSES = (
    Business(ROSEWOOD, "Rosewood Weddings", "vendor", "planner"),
    Business(LUMEN, "Lumen Photography", "vendor", "photographer", "Europe/Prague"),
    Business(PETAL, "Petal RSVP", "partner", zone="Europe/Madrid"),
    Business(PLATFORM, "WedSync", "partner"),
)


def is_open(business: Business) -> bool:
    """Whether it is there. Our own owns the built-in listings before anybody works in it."""
    found = _found(business)
    return found is not None and (
        business.slug != PLATFORM or bool(organizations.members(found.id))
    )


def open_business(business: Business) -> Identity:
    """Make the organization, unless it is there, with its team; returns its owner."""
    made = _found(business) or organizations.create(
        business.name,
        kind=business.kind,
        slug=business.slug,
        trade=business.trade,
        zone=business.zone,
    )
    team = [login for login in LOGINS if login.organization == business.slug]
    identities = [_join(made, login) for login in team]
    owner = next(one for one in identities if one.has_role("owner"))
    audit.record("organization.created", "organization", made.id, organization_id=made.id, by=owner)
    return owner


def _found(business: Business) -> Organization | None:
    return db.session.scalar(select(Organization).where(Organization.slug == business.slug))


def _join(organization: Organization, login: Login) -> Identity:
    user = _person(login)
    role = cast(Role, login.role)
    organizations.join(organization.id, user.id, role)
    return organizations.acting(organization.id, user.id, role)


def _person(login: Login) -> User:
    """Their account: the one they have, when they signed up by themselves before."""
    found = people.find(login.email)
    if found is not None:
        return found
    user = people.create(login.name, login.email, DEMO_PASSWORD)
    user.is_admin = login.is_admin
    user.email_confirmed_at = clock.now()
    return user
