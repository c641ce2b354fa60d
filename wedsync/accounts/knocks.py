"""Counting who asks at the door for what makes us write an e-mail.

`remember` first and commit, then ask `refusal`: whoever comes at the same moment is counted too,
and nobody waits for anybody.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import func, select

from wedsync.accounts import people
from wedsync.accounts.models import Knock
from wedsync.errors import Refused
from wedsync.platform import clock
from wedsync.platform.db import db

Kind = Literal["sign_up", "forgotten", "confirm_email"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How often within `window`, for one e-mail and from one network address (None: as often as
    the other limits let)."""

    of_email: int
    of_address: int | None
    window: timedelta
    words: str


_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WAIT_FOR_MAIL = (
    "We were asked for several links already. Look in the folder for unwanted mail, or wait {} and "
    "try again."
)
LIMITS: dict[Kind, tuple[Limit, ...]] = {
    "sign_up": (
        Limit(
            10, 60, _HOUR, "Too many accounts were begun from here. Wait an hour, then try again."
        ),
    ),
    "forgotten": (
        Limit(5, 60, _HOUR, _WAIT_FOR_MAIL.format("an hour")),
        Limit(10, None, _DAY, _WAIT_FOR_MAIL.format("a day")),
    ),
    "confirm_email": (Limit(5, 30, _QUARTER, _WAIT_FOR_MAIL.format("a quarter of an hour")),),
}


def remember(kind: Kind, email: str, address: str) -> Knock:
    """Note that somebody asked; the caller commits before anything else is done about it."""
    knock = Knock(
        kind=kind, email=people.normal_email(email), address=address, created_at=clock.now()
    )
    db.session.add(knock)
    db.session.flush()
    return knock


def ask_for_answer(knock: Knock) -> None:
    """Let the drain answer (lane `recovery`), now that it was not too often."""
    knock.waits = True


def refusal(kind: Kind, email: str, address: str) -> Refused | None:
    """Why it was too often, the latest included; None when it was not."""
    for limit in LIMITS[kind]:
        if _is_over(limit, kind, email, address):
            wait_s = int(limit.window.total_seconds())
            return Refused("too_many", limit.words, status=429, retry_after_s=wait_s)
    return None


def _is_over(limit: Limit, kind: Kind, email: str, address: str) -> bool:
    recent = (
        select(func.count())
        .select_from(Knock)
        .where(Knock.kind == kind, Knock.created_at > clock.now() - limit.window)
    )
    of_email, of_address = db.session.execute(
        select(
            recent.where(Knock.email == people.normal_email(email)).scalar_subquery(),
            recent.where(Knock.address == address).scalar_subquery(),
        )
    ).one()
    from_there = limit.of_address is not None and of_address > limit.of_address
    return of_email > limit.of_email or from_there
