"""Back in without the password: the drain that answers, and the link that sets a new one."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import Connection, Engine, func, select, text

from wedsync.accounts import (
    api_keys,
    guessing,
    mails,
    organizations,
    passwords,
    people,
    person_links,
)
from wedsync.accounts.models import PersonLink, User
from wedsync.audit import service as audit
from wedsync.errors import Refused
from wedsync.platform import clock
from wedsync.platform.db import db

_AT_ONCE = 20
_TAKE = text(
    "UPDATE knocks SET waits = false WHERE id IN (SELECT id FROM knocks WHERE waits ORDER BY id"
    f" LIMIT {_AT_ONCE} FOR UPDATE SKIP LOCKED) RETURNING email"
)


class Answering:
    """Answers who asked at `/forgotten`: a link for who has an account, nothing for who has none.

    It runs beside the requests, so that theirs take the same time for everybody. Needs an app
    context for the words; `posted` is called after a commit that put mail into the outbox.
    """

    def __init__(self, engine: Engine, posted: Callable[[], None]) -> None:
        self._engine = engine
        self._posted = posted

    def work(self) -> int:
        """Answer until nobody waits; returns how many did."""
        answered = 0
        while taken := self._batch():
            answered += taken
            self._posted()
        return answered

    def _batch(self) -> int:
        with self._engine.begin() as connection:
            emails = list(connection.scalars(_TAKE))
            for email in emails:
                _send_link(connection, email)
        return len(emails)


def person_of(link: PersonLink) -> User:
    """Whose link it is."""
    return db.session.get_one(User, link.user_id)


def is_first_proof(user: User) -> bool:
    """Whether nobody has shown yet that the e-mail is theirs, and others are let into the team the
    person began meanwhile, by a membership or a key: whoever signed up may have been somebody else.
    """
    if user.email_confirmed_at is not None:
        return False
    teams = [each.organization_id for each in organizations.memberships_of(user.id)]
    return any(_has_let_in(organization_id, user.id) for organization_id in teams)


def confirm_email(raw: str) -> User | Refused:
    """Spend a link that shows an e-mail to be its person's own. Raises NotFound."""
    user = person_links.spend(raw, "confirm_email")
    if not isinstance(user, Refused):
        user.email_confirmed_at = user.email_confirmed_at or clock.now()
        _record(user, "user.email_confirmed")
    return user


def reset_password(raw: str, new: str) -> User | Refused:
    """Spend a link and set the password; every sign-in of the person ends.

    The link came to their e-mail, which is thereby confirmed. Raises NotFound, or Invalid for a
    weak password, which spends nothing.
    """
    link = person_links.read(raw, "reset_password")
    if isinstance(link, Refused):
        return link
    people.require_good(new, link.email, field="new")
    password_hash = passwords.hashed(new)
    user = person_links.spend(raw, "reset_password")
    if isinstance(user, Refused):
        return user
    user.password_hash = password_hash
    user.email_confirmed_at = user.email_confirmed_at or clock.now()
    people.end_sign_ins(user.id)
    guessing.forget(user.email)
    _record(user, "user.password_reset")
    mails.post_to(user, db.session, mails.password_changed(user.name))
    return user


def send_confirmation(user: User) -> None:
    """Write to the person's e-mail, with a link that confirms it."""
    token = person_links.make(db.session, user.id, user.email, "confirm_email")
    mails.post_to(user, db.session, mails.confirm_email(user.name, token))


def _send_link(connection: Connection, email: str) -> None:
    found = connection.execute(
        select(User.id, User.name, User.email).where(func.lower(User.email) == email)
    ).first()
    if found is None:
        return
    if person_links.was_made_lately(connection, found.id, "reset_password"):
        return  # it is on its way, or read at this moment
    token = person_links.make(connection, found.id, found.email, "reset_password")
    mails.post(connection, mails.reset_password(found.name, token), found.email)


def _has_let_in(organization_id: UUID, user_id: UUID) -> bool:
    """Whether the team that this person began lets somebody else in."""
    team = sorted(organizations.members(organization_id), key=lambda each: each.id)
    is_theirs = team[0].user_id == user_id
    return is_theirs and (len(team) > 1 or bool(api_keys.live(organization_id)))


def _record(user: User, action: str) -> None:
    """In the audit log of every team the person is in."""
    for membership in organizations.memberships_of(user.id):
        role = organizations.role_named(membership.role)
        by = organizations.acting(membership.organization_id, user.id, role)
        audit.record(action, "user", user.id, organization_id=by.organization_id, by=by)
