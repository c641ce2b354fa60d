"""Signing in and out. A sign-in is a row: it can be listed, and revoking it ends it at once."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import joinedload

from wedsync.accounts import guessing, organizations, passwords, people
from wedsync.accounts.models import Membership, Organization, SignIn, User
from wedsync.audit import service as audit
from wedsync.errors import NotFound, Refused
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity

LIFETIME = timedelta(days=30)
IDLE = timedelta(days=14)
_SEEN_EVERY = timedelta(minutes=1)


def sign_in(email: str, password: str, *, device: str, address: str) -> SignIn | Refused:
    """Check a password and begin a sign-in, in the organization last used.

    A wrong password comes back as Refused so that the caller commits its memory: after 8 failures
    of one e-mail or 30 of one address within 15 minutes, nothing is checked until that has passed.
    """
    email = people.normal_email(email)
    refused = guessing.refusal(email, address)
    if refused is not None:
        return refused
    user = people.find(email)
    if not passwords.matches(user.password_hash if user else None, password) or user is None:
        guessing.remember(email, address)
        return Refused("wrong_password", "This e-mail and password do not go together.")
    guessing.forget(email)
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    return _begin_in_last_used(user, device, address)


def begin(user: User, organization: Organization, *, device: str, address: str) -> SignIn:
    """Begin a sign-in without a password: right after signing up or accepting an invitation."""
    now = clock.now()
    started = SignIn(
        user=user,
        organization=organization,
        device=device,
        address=address,
        last_seen_at=now,
        expires_at=now + LIFETIME,
    )
    db.session.add(started)
    db.session.flush()
    _record("sign_in.started", started, identity_of(started))
    return started


def load(sign_in_id: str) -> SignIn | None:
    """The live sign-in a cookie names, with its person, organization and membership; else None."""
    try:
        wanted = UUID(sign_in_id)
    except ValueError:
        return None
    now = clock.now()
    about = {"wanted": wanted, "now": now, "seen_after": now - IDLE}
    return db.session.scalar(_LIVE, about)


_LIVE = (
    select(SignIn)
    .where(
        SignIn.id == bindparam("wanted"),
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > bindparam("now"),
        SignIn.last_seen_at > bindparam("seen_after"),
    )
    .options(
        joinedload(SignIn.user, innerjoin=True),
        joinedload(SignIn.organization, innerjoin=True),
        joinedload(SignIn.membership, innerjoin=True),
    )
)


def acting(by: Identity) -> SignIn:
    """The sign-in somebody acts with; loaded already in a request of theirs."""
    return db.session.get_one(SignIn, by.credential_id)


def touch(sign_in: SignIn) -> bool:
    """Note that the person was here; True when that changed the row (once a minute at most)."""
    now = clock.now()
    if now - sign_in.last_seen_at < _SEEN_EVERY:
        return False
    sign_in.last_seen_at = now
    return True


def identity_of(sign_in: SignIn) -> Identity:
    """Who acts in requests of this sign-in."""
    return Identity(
        organization_id=sign_in.organization_id,
        user_id=sign_in.user_id,
        role=organizations.role_named(sign_in.membership.role),
        kind="person",
        credential_id=sign_in.id,
        is_admin=sign_in.user.is_admin,
    )


def live(user_id: UUID) -> list[SignIn]:
    """A person's live sign-ins, the one seen last first."""
    now = clock.now()
    return list(
        db.session.scalars(
            select(SignIn)
            .where(
                SignIn.user_id == user_id,
                SignIn.revoked_at.is_(None),
                SignIn.expires_at > now,
                SignIn.last_seen_at > now - IDLE,
            )
            .options(joinedload(SignIn.organization))
            .order_by(SignIn.last_seen_at.desc(), SignIn.id)
        )
    )


def sign_out(by: Identity) -> None:
    """End the acting sign-in itself."""
    revoke(by, by.credential_id)


def revoke(by: Identity, sign_in_id: UUID) -> None:
    """End one of one's own sign-ins. Raises NotFound for anybody else's."""
    found = db.session.scalar(
        select(SignIn).where(
            SignIn.id == sign_in_id, SignIn.user_id == by.user_id, SignIn.revoked_at.is_(None)
        )
    )
    if found is None:
        raise NotFound("This sign-in has ended already, or was never yours.")
    found.revoked_at = clock.now()
    _record("sign_in.ended", found, by)


def revoke_others(by: Identity) -> int:
    """End every sign-in of this person but the acting one; how many there were."""
    ended = db.session.scalars(
        update(SignIn)
        .where(
            SignIn.user_id == by.user_id,
            SignIn.id != by.credential_id,
            SignIn.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
        .returning(SignIn)
    ).all()
    for sign_in in ended:
        _record("sign_in.ended", sign_in, by)
    return len(ended)


def switch(sign_in: SignIn, organization_id: UUID) -> None:
    """Go on in another organization of the same person. Raises NotFound when not a member."""
    membership = db.session.scalar(
        select(Membership)
        .where(Membership.user_id == sign_in.user_id, Membership.organization_id == organization_id)
        .options(joinedload(Membership.organization))
    )
    if membership is None:
        raise NotFound("You are not in that team.")
    sign_in.organization = membership.organization
    db.session.flush()
    db.session.expire(sign_in, ["membership"])
    _record("sign_in.switched", sign_in, identity_of(sign_in))


def _begin_in_last_used(user: User, device: str, address: str) -> SignIn | Refused:
    last_used = (
        select(func.max(SignIn.last_seen_at))
        .where(SignIn.user_id == user.id, SignIn.organization_id == Membership.organization_id)
        .scalar_subquery()
    )
    organization = db.session.scalar(
        select(Organization)
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Membership.user_id == user.id)
        .order_by(last_used.desc().nulls_last(), Membership.id)
        .limit(1)
    )
    if organization is None:
        return Refused(
            "no_team", "You are not in a team any more. An owner of one can invite you again."
        )
    return begin(user, organization, device=device, address=address)


def _record(action: str, sign_in: SignIn, by: Identity) -> None:
    audit.record(action, "sign_in", sign_in.id, organization_id=sign_in.organization_id, by=by)
