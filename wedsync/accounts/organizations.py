"""Organizations and who is in them: signing up, roles, leaving. There is always an owner."""

import re
import secrets
import unicodedata
from typing import cast, get_args
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from wedsync.accounts import names, people
from wedsync.accounts.models import Invitation, Membership, Organization, SignIn, User
from wedsync.audit import service as audit
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity, Role
from wedsync.platform.runtime import vault

_SLUG_LENGTH = 40


def sign_up(
    *, name: str, email: str, password: str, business: str, kind: str = "vendor"
) -> tuple[User, Organization]:
    """A new person with a business of their own.

    Raises Invalid when a name leads elsewhere or is ours, the password is weak, or the e-mail has
    an account already.
    """
    names.require_good(business, "business")
    names.require_not_ours(business, "business")
    user = people.create(name, email, password)
    organization = create(business, kind=kind)
    join(organization.id, user.id, "owner")
    audit.record(
        "organization.created",
        "organization",
        organization.id,
        organization_id=organization.id,
        by=acting(organization.id, user.id, "owner"),
    )
    return user, organization


def create(
    name: str,
    *,
    kind: str = "vendor",
    slug: str | None = None,
    trade: str | None = None,
    zone: str = "Europe/London",
) -> Organization:
    """A new organization with its data key; nobody is in it yet. `zone` is an IANA time zone.

    Without a `slug` one is made from the name.
    """
    organization = Organization(name=name.strip(), kind=kind, trade=trade, zone=zone)
    _insert(organization, slug or _slug_of(name))
    vault().create_data_key(db.session, organization.id)
    return organization


def join(organization_id: UUID, user_id: UUID, role: Role) -> Membership:
    """Make a person a member. Raises Conflict for somebody who is one already."""
    membership = Membership(organization_id=organization_id, user_id=user_id, role=role)
    try:
        with db.session.begin_nested():
            db.session.add(membership)
    except IntegrityError as error:
        raise Conflict("This person is in the team already.", code="already_member") from error
    return membership


def find(slug: str) -> Organization:
    """The organization with this slug. Raises NotFound."""
    found = db.session.scalar(select(Organization).where(Organization.slug == slug))
    if found is None:
        raise NotFound(f"There is no organization “{slug}”.")
    return found


def members(organization_id: UUID) -> list[Membership]:
    """Everybody in the team, owners first, each with their `user`."""
    rank = func.array_position(list(get_args(Role)), Membership.role)
    return list(
        db.session.scalars(
            select(Membership)
            .where(Membership.organization_id == organization_id)
            .options(joinedload(Membership.user))
            .join(Membership.user)
            .order_by(rank, func.lower(User.name), Membership.id)
        )
    )


def memberships_of(user_id: UUID) -> list[Membership]:
    """Every team a person is in, each with its `organization`."""
    return list(
        db.session.scalars(
            select(Membership)
            .where(Membership.user_id == user_id)
            .options(joinedload(Membership.organization))
            .order_by(Membership.id)
        )
    )


def change_role(by: Identity, membership_id: UUID, role: str) -> Membership:
    """Give a member another role. Raises NotFound, Invalid, or Conflict for the last owner."""
    membership = _locked_member(by.organization_id, membership_id)
    wanted = role_named(role)
    if membership.role == wanted:
        return membership
    if membership.role == "owner":
        _require_another_owner(membership)
    facts = {"from": membership.role, "to": wanted}
    membership.role = wanted
    if wanted != "owner":
        _revoke_invitations_of(membership)
    _record(by, "member.role_changed", membership, facts)
    return membership


def remove(by: Identity, membership_id: UUID) -> Membership:
    """Take somebody out of the team; their sign-ins there end, and the links they made.

    Raises NotFound, or Conflict for the last owner.
    """
    membership = _locked_member(by.organization_id, membership_id)
    if membership.role == "owner":
        _require_another_owner(membership)
    db.session.execute(
        update(SignIn)
        .where(
            SignIn.user_id == membership.user_id,
            SignIn.organization_id == by.organization_id,
            SignIn.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
    )
    _revoke_invitations_of(membership)
    _record(by, "member.removed", membership, {"role": membership.role})
    db.session.delete(membership)
    return membership


def _revoke_invitations_of(membership: Membership) -> None:
    """A link somebody made as an owner must not be their way back."""
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.organization_id == membership.organization_id,
            Invitation.invited_by == membership.user_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
    )


def role_named(name: str) -> Role:
    """The role with this name. Raises Invalid."""
    if name not in get_args(Role):
        raise Invalid("A role is owner, editor or viewer.")
    return cast(Role, name)


def acting(organization_id: UUID, user_id: UUID, role: Role) -> Identity:
    """A person who acts before being signed in: by signing up, or by taking an invitation."""
    return Identity(organization_id, user_id, role, "person", credential_id=user_id)


def _locked_member(organization_id: UUID, membership_id: UUID) -> Membership:
    """A member of the organization, whose team nobody else changes until this commits."""
    db.session.execute(
        select(Organization.id).where(Organization.id == organization_id).with_for_update()
    )
    found = db.session.scalar(
        select(Membership)
        .where(Membership.organization_id == organization_id, Membership.id == membership_id)
        .options(joinedload(Membership.user))
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("Nobody like that is in your team.")
    return found


def _require_another_owner(membership: Membership) -> None:
    others = select(func.count()).where(
        Membership.organization_id == membership.organization_id,
        Membership.role == "owner",
        Membership.id != membership.id,
    )
    if not db.session.scalar(others):
        raise Conflict(
            f"{membership.user.name} is the only owner. Make somebody else an owner first.",
            code="last_owner",
        )


def _record(by: Identity, action: str, membership: Membership, facts: dict[str, str]) -> None:
    audit.record(
        action,
        "user",
        membership.user_id,
        organization_id=membership.organization_id,
        by=by,
        facts=facts,
    )


def _insert(organization: Organization, slug: str) -> None:
    """Add it under `slug`, or under the slug with a few characters more when that is taken."""
    organization.slug = slug
    taken = select(Organization.id).where(Organization.slug == slug)
    if db.session.scalar(taken) is not None:
        organization.slug = f"{slug}-{secrets.token_hex(3)}"
    db.session.add(organization)
    db.session.flush()


def _slug_of(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:_SLUG_LENGTH].strip("-")
    return slug or f"business-{secrets.token_hex(3)}"
