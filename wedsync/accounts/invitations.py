"""Invitations: a link into a team that works once, for seven days. Its token is kept hashed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from wedsync.accounts import organizations, people, tokens
from wedsync.accounts.models import Invitation, Membership, Organization, User
from wedsync.audit import service as audit
from wedsync.audit.models import AuditEntry
from wedsync.errors import Conflict, NotFound, Refused, TooMany
from wedsync.platform import clock, ids, runtime
from wedsync.platform.db import db
from wedsync.platform.identity import Identity

PREFIX = "wsi_"
LIFETIME = timedelta(days=7)
NOTED_AGAIN_AFTER = timedelta(hours=1)
A_DAY = 100
"""How many people a team may invite within 24 hours."""


def invite(by: Identity, email: str, role: str) -> tuple[Invitation, str]:
    """Invite somebody; the string is the token of the link, which nobody can be shown again.

    An earlier open invitation of the same e-mail stops working. Raises Conflict for a member, or
    while who invites has not shown their own e-mail to be theirs, and TooMany for a team that
    invites as nobody does: each invitation is an e-mail to a stranger.
    """
    email = people.normal_email(email)
    _require_confirmed(by)
    _require_few(by.organization_id)
    if _is_member(by.organization_id, email):
        raise Conflict("This person is in your team already.", code="already_member")
    _revoke_open(by.organization_id, email)
    raw = tokens.new(PREFIX)
    invitation = Invitation(
        organization_id=by.organization_id,
        email=email,
        role=organizations.role_named(role),
        token_hash=tokens.hashed(raw),
        invited_by=by.user_id,
        expires_at=clock.now() + LIFETIME,
    )
    db.session.add(invitation)
    db.session.flush()
    _record("invitation.created", invitation, by, {"role": invitation.role})
    return invitation, raw


def open_ones(organization_id: UUID) -> list[Invitation]:
    """Invitations that can still be accepted, the newest first."""
    return list(
        db.session.scalars(
            select(Invitation)
            .where(
                Invitation.organization_id == organization_id,
                Invitation.accepted_at.is_(None),
                Invitation.revoked_at.is_(None),
                Invitation.expires_at > clock.now(),
            )
            .order_by(Invitation.id.desc())
        )
    )


def revoke(by: Identity, invitation_id: UUID) -> Invitation:
    """Make a link stop working. Raises NotFound for somebody else's, or one already used."""
    found: Invitation | None = db.session.scalar(
        update(Invitation)
        .where(
            Invitation.organization_id == by.organization_id,
            Invitation.id == invitation_id,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
        .returning(Invitation)
    )
    if found is None:
        raise NotFound("This invitation was used or revoked already.")
    _record("invitation.revoked", found, by)
    return found


def read(raw: str) -> Invitation | Refused:
    """The open invitation behind a link.

    Raises NotFound for a made-up token; a spent, revoked or expired link is Refused, and the
    audit log remembers that somebody tried it, once an hour.
    """
    if not tokens.is_well_formed(raw, PREFIX):
        raise NotFound("This invitation link is not complete. Copy the whole link.")
    found = db.session.scalar(
        select(Invitation).where(Invitation.token_hash == tokens.hashed(raw)).with_for_update()
    )
    if found is None:
        raise NotFound("There is no such invitation.")
    refused = _refusal(found)
    if refused is not None:
        if not _was_refused_lately(found):
            _record("invitation.refused", found, None, {"reason": refused.code})
        return refused
    return found


def organization_of(invitation: Invitation) -> Organization:
    """The team it leads into."""
    return db.session.get_one(Organization, invitation.organization_id)


def accept_as_new(raw: str, name: str, password: str) -> tuple[User, Organization] | Refused:
    """Make the invited person's account and take the place.

    Raises Invalid when the password is weak or the e-mail has an account already.
    """
    invitation = read(raw)
    if isinstance(invitation, Refused):
        return invitation
    user = people.create(name, invitation.email, password)
    return user, _take_place(invitation, user)


def accept_as(raw: str, user: User) -> Organization | Refused:
    """Take the place as somebody who has an account. Raises Conflict for a member."""
    invitation = read(raw)
    if isinstance(invitation, Refused):
        return invitation
    return _take_place(invitation, user)


def _take_place(invitation: Invitation, user: User) -> Organization:
    role = organizations.role_named(invitation.role)
    organizations.join(invitation.organization_id, user.id, role)
    invitation.accepted_at = clock.now()
    by = organizations.acting(invitation.organization_id, user.id, role)
    _record("invitation.accepted", invitation, by, {"role": role})
    return organization_of(invitation)


def _refusal(invitation: Invitation) -> Refused | None:
    if invitation.accepted_at is not None:
        return Refused("invitation_used", "This invitation was used already.", status=410)
    if invitation.revoked_at is not None:
        return Refused("invitation_revoked", "This invitation was taken back.", status=410)
    if invitation.expires_at <= clock.now():
        return Refused("invitation_expired", "This invitation was good for seven days.", status=410)
    return None


def _was_refused_lately(invitation: Invitation) -> bool:
    """Whether that was noted within the hour; the row is locked, so of two one is the first."""
    since = ids.first_at(datetime.now(UTC) - NOTED_AGAIN_AFTER)
    noted = select(AuditEntry.id).where(
        AuditEntry.organization_id == invitation.organization_id,
        AuditEntry.id > since,
        AuditEntry.object_id == invitation.id,
        AuditEntry.action == "invitation.refused",
    )
    return db.session.scalar(noted.limit(1)) is not None


def _require_confirmed(by: Identity) -> None:
    """Where we write the invitation, nobody unknown writes to strangers in our name. Without a
    mail server nobody could confirm anything, and the link goes by hand."""
    if runtime.settings().mail_url is None or by.user_id is None:
        return
    if db.session.get_one(User, by.user_id).email_confirmed_at is None:
        raise Conflict(
            "Confirm your own e-mail first: open the link we sent there, or have it sent again.",
            code="email_unconfirmed",
        )


def _require_few(organization_id: UUID) -> None:
    recent = (
        select(func.count())
        .select_from(Invitation)
        .where(
            Invitation.organization_id == organization_id,
            Invitation.created_at > clock.now() - timedelta(days=1),
        )
    )
    if (db.session.scalar(recent) or 0) >= A_DAY:
        raise TooMany("Your team has invited many people today. Go on tomorrow.")


def _is_member(organization_id: UUID, email: str) -> bool:
    return (
        db.session.scalar(
            select(Membership.id)
            .join(Membership.user)
            .where(Membership.organization_id == organization_id, func.lower(User.email) == email)
        )
        is not None
    )


def _revoke_open(organization_id: UUID, email: str) -> None:
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.organization_id == organization_id,
            Invitation.email == email,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
    )


def _record(
    action: str,
    invitation: Invitation,
    by: Identity | None,
    facts: dict[str, str] | None = None,
) -> None:
    audit.record(
        action,
        "invitation",
        invitation.id,
        organization_id=invitation.organization_id,
        by=by,
        facts=facts,
    )
