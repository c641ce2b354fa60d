"""Reading weddings; every query inside one organization."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, select

from wedsync.platform.db import db
from wedsync.weddings.models import Guest, Wedding

_LIVE = ("inquiry", "tentative", "booked", "postponed")


@dataclass(frozen=True, slots=True)
class WeddingLine:
    """A wedding and how many people are invited."""

    wedding: Wedding
    guests: int


def coming(organization_id: UUID, today: date, *, limit: int = 50) -> list[WeddingLine]:
    """Weddings from `today` on, the next first; those without a date come last."""
    is_ahead = Wedding.date.is_(None) | (Wedding.date >= today)
    return _lines(
        _of(organization_id)
        .where(Wedding.status.in_(_LIVE), is_ahead)
        .order_by(Wedding.date.asc().nulls_last(), Wedding.id)
        .limit(limit)
    )


def past(organization_id: UUID, today: date, *, limit: int = 50) -> list[WeddingLine]:
    """Weddings that were, or will not be, the latest first."""
    is_behind = Wedding.status.not_in(_LIVE) | (Wedding.date < today)
    return _lines(
        _of(organization_id)
        .where(is_behind)
        .order_by(Wedding.date.desc().nulls_last(), Wedding.id)
        .limit(limit)
    )


def _of(organization_id: UUID) -> Select[Wedding]:
    return select(Wedding).where(Wedding.organization_id == organization_id)


def _lines(query: Select[Wedding]) -> list[WeddingLine]:
    found = list(db.session.scalars(query))
    counts = _guest_counts(found[0].organization_id, [each.id for each in found]) if found else {}
    return [WeddingLine(wedding, counts.get(wedding.id, 0)) for wedding in found]


def _guest_counts(organization_id: UUID, wedding_ids: Collection[UUID]) -> dict[UUID, int]:
    rows = db.session.execute(
        select(Guest.wedding_id, func.count())
        .where(
            Guest.organization_id == organization_id,
            Guest.wedding_id.in_(wedding_ids),
            Guest.kind != "vendor",
        )
        .group_by(Guest.wedding_id)
    )
    return dict(rows.all())
