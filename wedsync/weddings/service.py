"""What people and scripts do with weddings."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from wedsync.accounts.models import Organization
from wedsync.audit import service as audit
from wedsync.errors import FieldError, Invalid
from wedsync.events import service as events
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.weddings import changing, policy, queries
from wedsync.weddings.changing import Changed, today_at
from wedsync.weddings.fields import DATES, checked
from wedsync.weddings.models import Wedding

_NEW = ("inquiry", "tentative", "booked", "completed")


def create(by: Identity, given: Mapping[str, Any]) -> Wedding:
    """Add a wedding; `title` is needed, and without a `zone` it is in that of the organization.
    Raises Invalid."""
    if "title" not in given:
        message = "“title” is needed."
        raise Invalid(message, errors=[FieldError("/title", "missing", message)])
    own_zone = db.session.get_one(Organization, by.organization_id).zone
    kept = {"zone": own_zone, **checked(given)}
    _check_new_status(kept)
    wedding = Wedding(id=ids.new_id(), organization_id=by.organization_id, **kept)
    db.session.add(wedding)
    db.session.flush()
    data = {"wedding_id": str(wedding.id), "status": wedding.status, "date": _iso(wedding.date)}
    _announce(by)("wedding.created", data, wedding.id)
    audit.record(
        "wedding.created", "wedding", wedding.id, organization_id=by.organization_id, by=by
    )
    return wedding


def change(
    by: Identity,
    wedding_id: UUID,
    given: Mapping[str, Any],
    *,
    expected_revision: int | None = None,
) -> Changed:
    """Change what is named; see `changing.change` for what it raises."""
    changed = changing.change(
        db.session,
        _announce(by),
        by.organization_id,
        wedding_id,
        given,
        now=clock.now(),
        by=by,
        expected_revision=expected_revision,
    )
    db.session.expire_all()
    return changed


def postpone(
    by: Identity,
    wedding_id: UUID,
    new_dates: Mapping[str, date | None],
    *,
    expected_revision: int | None = None,
) -> Changed:
    """Postpone it to new dates; those that are not named are not known yet."""
    dates = {name: new_dates.get(name) for name in DATES}
    given = {**dates, "status": "postponed"}
    return change(by, wedding_id, given, expected_revision=expected_revision)


def cancel(by: Identity, wedding_id: UUID, *, expected_revision: int | None = None) -> Changed:
    """Cancel it: nothing is sent about it any more, and what waits for its dates ends."""
    return change(by, wedding_id, {"status": "cancelled"}, expected_revision=expected_revision)


def archive(by: Identity, wedding_id: UUID) -> Changed:
    """Put it away: it stays, and nothing happens about it."""
    return change(by, wedding_id, {"status": "archived"})


def moved_along(wedding: Wedding, day: date | None) -> dict[str, date | None]:
    """Its dates when the wedding moves to `day`: the others move by as many days.

    Without a day none is known; a date that is not set stays so.
    """
    if day is None:
        return dict.fromkeys(DATES)
    by_days = day - wedding.date if wedding.date else None
    others = {name: getattr(wedding, name) for name in DATES}
    if by_days is not None:
        others = {name: old + by_days if old else None for name, old in others.items()}
    return {**others, "date": day}


def get(organization_id: UUID, wedding_id: UUID) -> Wedding:
    """The wedding as it is now. Raises NotFound."""
    return queries.get_wedding(organization_id, wedding_id)


def _check_new_status(kept: Mapping[str, Any]) -> None:
    status = kept.get("status", "booked")
    if status not in _NEW:
        message = f"A new wedding cannot be {policy.WORDS[status].lower()} yet."
        raise Invalid(message, errors=[FieldError("/status", "wrong_value", message)])
    if status == "completed":
        today = today_at(kept["zone"], clock.now())
        policy.check_step("booked", status, kept.get("date"), today)


def _announce(by: Identity) -> changing.Announce:
    return partial(events.announce, db.session, by.organization_id)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
