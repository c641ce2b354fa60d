"""Reading weddings; every query inside one organization."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from wedsync.errors import NotFound
from wedsync.platform.db import db
from wedsync.weddings import wedding_search
from wedsync.weddings.models import Guest, Wedding
from wedsync.weddings.policy import LIVE


@dataclass(frozen=True, slots=True)
class WeddingLine:
    """A wedding and how many people are invited."""

    wedding: Wedding
    guests: int


def get_wedding(organization_id: UUID, wedding_id: UUID) -> Wedding:
    """One wedding, put away or not. Raises NotFound."""
    found = db.session.scalar(_of(organization_id).where(Wedding.id == wedding_id))
    if found is None:
        raise NotFound("There is no such wedding.")
    return found


def list_weddings(
    organization_id: UUID, *, before: UUID | None, limit: int, status: str | None = None
) -> Sequence[Wedding]:
    """The weddings, the latest added first; those put away only when asked for by `status`."""
    query = _of(organization_id).order_by(Wedding.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Wedding.id < before)
    shown = Wedding.status == status if status else Wedding.status != "archived"
    return db.session.scalars(query.where(shown)).all()


def guests_of(organization_id: UUID, wedding_id: UUID) -> int:
    """How many people are invited."""
    return _guest_counts(organization_id, [wedding_id]).get(wedding_id, 0)


def coming(
    organization_id: UUID,
    today: date,
    *,
    search: str = "",
    after: UUID | None = None,
    limit: int = 200,
) -> list[WeddingLine]:
    """Weddings from `today` on, the next first; those without a date come last. `search` narrows
    them to those with all its words in what they are called, who marries or where; `after` is the
    last one of the page before."""
    is_ahead = Wedding.date.is_(None) | (Wedding.date >= today)
    return _lines(
        _of(organization_id)
        .where(Wedding.status.in_(LIVE), is_ahead)
        .where(*wedding_search.with_words(search), *_behind(organization_id, after, later=True))
        .order_by(Wedding.date.asc().nulls_last(), Wedding.id)
        .limit(limit)
    )


def past(
    organization_id: UUID,
    today: date,
    *,
    search: str = "",
    after: UUID | None = None,
    limit: int = 200,
) -> list[WeddingLine]:
    """Weddings that were, or will not be, the latest first; narrowed as those that are coming."""
    is_over = Wedding.status.not_in(LIVE) | (Wedding.date < today)
    return _lines(
        _of(organization_id)
        .where(is_over, Wedding.status != "archived")
        .where(*wedding_search.with_words(search), *_behind(organization_id, after, later=False))
        .order_by(Wedding.date.desc().nulls_last(), Wedding.id)
        .limit(limit)
    )


def _behind(
    organization_id: UUID, after: UUID | None, *, later: bool
) -> tuple[ColumnElement[bool], ...]:
    """What stands behind one wedding in a list by date; all of it where there is no such one."""
    last = db.session.scalar(_of(organization_id).where(Wedding.id == after)) if after else None
    if last is None:
        return ()
    if last.date is None:
        return (Wedding.date.is_(None), Wedding.id > last.id)
    further = Wedding.date > last.date if later else Wedding.date < last.date
    same_day = and_(Wedding.date == last.date, Wedding.id > last.id)
    return (or_(further, same_day, Wedding.date.is_(None)),)


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
