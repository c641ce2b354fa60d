"""Endings added up: by series, by minute and by hour."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch
from wedsync.platform.batch import recordset
from wedsync.rollups import bins
from wedsync.rollups.endings import PUT_OFF, SUCCEEDED

_NAMES = UUID("0d7c2a52-6d0b-5c0e-9a53-0b1f6f0f5d5a")

# Each ending counts for its own series, its connection's, the connector's and the platform's.
_GROUPED = (
    "WITH e AS ({endings}) SELECT s.organization_id, s.kind, s.subject, s.part,"
    " date_trunc('minute', e.at, 'UTC') AS minute,"
    " e.outcome = ANY(:succeeded) AS has_succeeded, e.outcome = ANY(:put_off) AS is_put_off,"
    " CASE WHEN e.outcome = ANY(:succeeded)"
    "  THEN width_bucket(CAST(e.ms AS double precision), CAST(:bounds AS double precision[])) END"
    "  AS bin, sum(e.weight) AS number, count(*) AS taken FROM e"
    " LEFT JOIN connections c ON c.organization_id = e.organization_id AND c.id = e.connection_id"
    " CROSS JOIN LATERAL (VALUES (e.organization_id, e.kind, CAST(e.subject_id AS text), e.part),"
    "  (e.organization_id, 'connection', CAST(e.connection_id AS text), ''),"
    "  (NULL, 'connector', c.slug, ''), (NULL, 'platform', e.kind, ''))"
    "  AS s(organization_id, kind, subject, part)"
    " WHERE s.subject IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
)
_CLASSES = {
    "succeeded": list(SUCCEEDED),
    "put_off": list(PUT_OFF),
    "bounds": list(bins.BOUNDS_MS),
}
_AT_ONCE = 5_000
_SERIES = text(
    "INSERT INTO rollup_series (id, organization_id, kind, subject, part)"
    " SELECT id, organization_id, kind, subject, part FROM "
    + recordset("id uuid, organization_id uuid, kind text, subject text, part text")
    + " WHERE organization_id IS NULL OR EXISTS"
    "  (SELECT FROM organizations o WHERE o.id = t.organization_id)"
    " ON CONFLICT (id) DO NOTHING"
)
_ADD = (
    "INSERT INTO {table} AS kept (series_id, at, tried, succeeded, put_off, bins)"
    " SELECT t.series_id, t.at, t.tried, t.succeeded, t.put_off, t.bins FROM "
    + recordset(
        "series_id uuid, at timestamptz, tried bigint, succeeded bigint, put_off bigint, bins int[]"
    )
    + " JOIN rollup_series s ON s.id = t.series_id"
    " ON CONFLICT (series_id, at) DO UPDATE SET tried = kept.tried + excluded.tried,"
    " succeeded = kept.succeeded + excluded.succeeded, put_off = kept.put_off + excluded.put_off,"
    " bins = (SELECT coalesce(array_agg(coalesce(one, 0) + coalesce(other, 0) ORDER BY place),"
    "   '{{}}') FROM unnest(kept.bins, excluded.bins) WITH ORDINALITY AS u(one, other, place))"
)
_ADD_MINUTES = text(_ADD.format(table="rollup_minutes"))
_ADD_HOURS = text(_ADD.format(table="rollup_hours"))


@dataclass(frozen=True, slots=True)
class SeriesName:
    """What is counted; `organization_id` is None for what is counted across all."""

    organization_id: UUID | None
    kind: str
    subject: str
    part: str = ""


@dataclass(slots=True)
class Tally:
    """How many ended, as a rollup has it; from how many endings, where some took others back."""

    taken: int = 0
    tried: int = 0
    succeeded: int = 0
    put_off: int = 0
    bins: list[int] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """How many say something of the far end."""
        return self.tried - self.put_off

    @property
    def failed(self) -> int:
        return self.judged - self.succeeded

    def add(self, other: "Tally") -> None:
        self.taken += other.taken
        self.tried += other.tried
        self.succeeded += other.succeeded
        self.put_off += other.put_off
        self.bins = bins.add(self.bins, other.bins)


Tallies = dict[tuple[SeriesName, datetime], Tally]
"""By series and the beginning of the minute or hour."""


def series_id(name: SeriesName) -> UUID:
    """The id of a series, from what it is (RFC 9562, version 5)."""
    return uuid5(_NAMES, "\n".join((str(name.organization_id), name.kind, name.subject, name.part)))


def by_minute(connection: Connection, endings: str, given: dict[str, Any]) -> Tallies:
    """The endings that this statement gives (it may take them away, too), added up."""
    rows = connection.execute(text(_GROUPED.format(endings=endings)), given | _CLASSES)
    return _added_up(rows)


def hour_by_hour(connection: Connection, endings: str, given: dict[str, Any]) -> Iterator[Tallies]:
    """The same by minute, an hour after the other: no more than one is held at a time."""
    grouped = text(_GROUPED.format(endings=endings) + " ORDER BY minute")
    streamed = connection.execute(
        grouped, given | _CLASSES, execution_options={"yield_per": _AT_ONCE}
    )
    for _hour, rows in groupby(streamed, key=lambda row: row.minute.replace(minute=0)):
        yield _added_up(rows)


def endings_in(minutes: Tallies) -> int:
    """How many endings these were made of: each counts once for the platform."""
    return sum(tally.taken for (name, _at), tally in minutes.items() if name.kind == "platform")


def by_hour(minutes: Tallies) -> Tallies:
    """The same by the hour."""
    found: Tallies = {}
    for (name, minute), tally in minutes.items():
        found.setdefault((name, minute.replace(minute=0)), Tally()).add(tally)
    return found


def keep(connection: Connection, minutes: Tallies) -> None:
    """Add these to what is kept. What an organization that is gone left is dropped."""
    if not minutes:
        return
    names = {name for name, _at in minutes}
    connection.execute(_SERIES, batch.rows([_series_row(name) for name in _in_order(names)]))
    for statement, tallies in ((_ADD_MINUTES, minutes), (_ADD_HOURS, by_hour(minutes))):
        connection.execute(statement, batch.rows(list(_rows(tallies))))


def _added_up(rows: Iterable[Row[Any]]) -> Tallies:
    found: Tallies = {}
    for row in rows:
        name = SeriesName(row.organization_id, row.kind, row.subject, row.part)
        found.setdefault((name, row.minute), Tally()).add(_tally(row))
    return found


def _tally(row: Row[Any]) -> Tally:
    number = int(row.number)
    counted = [0] * row.bin + [number] if row.bin is not None else []
    return Tally(row.taken, number, number * row.has_succeeded, number * row.is_put_off, counted)


def _in_order(names: Iterable[SeriesName]) -> list[SeriesName]:
    return sorted(names, key=series_id)


def _series_row(name: SeriesName) -> dict[str, Any]:
    return {
        "id": series_id(name),
        "organization_id": name.organization_id,
        "kind": name.kind,
        "subject": name.subject,
        "part": name.part,
    }


def _rows(tallies: Tallies) -> Iterator[dict[str, Any]]:
    for (name, at), tally in tallies.items():
        yield {
            "series_id": series_id(name),
            "at": at,
            "tried": tally.tried,
            "succeeded": tally.succeeded,
            "put_off": tally.put_off,
            "bins": tally.bins,
        }
