"""Slowing guesses of passwords down, at the door and where one's own is changed.

After 8 failures of one e-mail or 30 of one address within 15 minutes nothing is checked until
that has passed (OWASP ASVS 5.0, 6.3.1).
"""

from datetime import timedelta

from sqlalchemy import delete, func, select, text

from wedsync.accounts.models import SignInFailure
from wedsync.errors import Refused
from wedsync.platform import clock
from wedsync.platform.db import db

FAILURES_REMEMBERED = timedelta(minutes=15)
FAILURES_OF_EMAIL = 8
FAILURES_OF_ADDRESS = 30


def refusal(email: str, address: str) -> Refused | None:
    """Why a password is not even checked now; None when it may be.

    Guesses of one e-mail queue up until the caller commits, so that many at once are counted as
    many.
    """
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('sign in ' || :email, 0))"),
        {"email": email},
    )
    if not _too_often(email, address):
        return None
    return Refused(
        "too_many_sign_ins",
        "There were too many tries. Wait a quarter of an hour, then try again.",
        status=429,
        retry_after_s=int(FAILURES_REMEMBERED.total_seconds()),
    )


def remember(email: str, address: str) -> None:
    """Count a wrong password."""
    now = clock.now()
    forgotten = SignInFailure.created_at < now - FAILURES_REMEMBERED
    db.session.execute(delete(SignInFailure).where(forgotten))
    db.session.add(SignInFailure(email=email, address=address, created_at=now))


def forget(email: str) -> None:
    """Begin to count this e-mail anew: its person has shown who they are."""
    db.session.execute(delete(SignInFailure).where(SignInFailure.email == email))


def _too_often(email: str, address: str) -> bool:
    since = clock.now() - FAILURES_REMEMBERED
    recent = select(func.count()).select_from(SignInFailure).where(SignInFailure.created_at > since)
    of_email, of_address = db.session.execute(
        select(
            recent.where(SignInFailure.email == email).scalar_subquery(),
            recent.where(SignInFailure.address == address).scalar_subquery(),
        )
    ).one()
    return bool(of_email >= FAILURES_OF_EMAIL or of_address >= FAILURES_OF_ADDRESS)
