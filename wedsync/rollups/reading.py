"""What was counted, for whoever judges or shows it: lately, and over any time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, text

from wedsync.platform.db import db
from wedsync.rollups.tallies import SeriesName, Tally, series_id

ENOUGH_OF_ALL = 20
"""Fewer tries across all organizations would tell of one of them."""

MINUTES = timedelta(minutes=10)
HOURS = 24

_COUNTS = "sum(tried) AS tried, sum(succeeded) AS succeeded, sum(put_off) AS put_off"
_LATELY = text(
    "SELECT series_id, at >= :minutes AS is_of_minutes,"
    f" {_COUNTS} FROM rollup_minutes"
    " WHERE series_id = ANY(:ids) AND at >= :hour GROUP BY 1, 2"
)
_BY_HOUR = text(
    "SELECT series_id, at, tried, succeeded, put_off FROM rollup_hours"
    " WHERE series_id = ANY(:ids) AND at >= :day ORDER BY series_id, at"
)
_BINS = (
    "SELECT series_id, place, sum(counted) AS counted FROM {table}"
    " CROSS JOIN LATERAL unnest(bins) WITH ORDINALITY AS u(counted, place)"
    " WHERE series_id = ANY(:ids) AND at >= :{since} AND counted <> 0 GROUP BY 1, 2 ORDER BY 1, 2"
)
_BINS_OF_MINUTES = text(_BINS.format(table="rollup_minutes", since="minutes"))
_BINS_OF_DAY = text(_BINS.format(table="rollup_hours", since="day"))

_AT = "date_trunc(:unit, at, :zone)"
_THESE = "WHERE series_id = :id AND at >= :first AND at < :after"
_OVER = f"SELECT {_AT} AS at, {_COUNTS} FROM {{table}} {_THESE} GROUP BY 1"
_BINS_OVER = (
    f"SELECT {_AT} AS at, place, sum(counted) AS counted FROM {{table}}"
    " CROSS JOIN LATERAL unnest(bins) WITH ORDINALITY AS u(counted, place)"
    f" {_THESE} AND counted <> 0 GROUP BY 1, 2 ORDER BY 1, 2"
)

Unit = Literal["minute", "hour", "day"]


@dataclass(slots=True)
class Recent:
    """One series lately: in the last ten minutes, the last hour (without bins), and the last day,
    which is also there hour by hour (without bins; hours in which nothing ended are left out)."""

    minutes: Tally = field(default_factory=Tally)
    hour: Tally = field(default_factory=Tally)
    day: Tally = field(default_factory=Tally)
    hours: dict[datetime, Tally] = field(default_factory=dict)


def recent(names: Iterable[SeriesName], now: datetime) -> Mapping[SeriesName, Recent]:
    """What was counted of each of these lately; nothing is nothing counted."""
    by_id = {series_id(name): name for name in names}
    found = {series: Recent() for series in by_id}
    asked = {"ids": list(by_id), **_beginnings(now)}
    for row in db.session.execute(_LATELY, asked):
        tally = _tally(row)
        found[row.series_id].hour.add(tally)
        if row.is_of_minutes:
            found[row.series_id].minutes.add(tally)
    for row in db.session.execute(_BY_HOUR, asked):
        tally = _tally(row)
        found[row.series_id].hours[row.at] = tally
        found[row.series_id].day.add(tally)
    for series, bins in _bins(db.session.execute(_BINS_OF_MINUTES, asked).all()).items():
        found[series].minutes.bins = bins
    for series, bins in _bins(db.session.execute(_BINS_OF_DAY, asked).all()).items():
        found[series].day.bins = bins
    return {by_id[series]: told for series, told in found.items()}


def over(
    name: SeriesName, first: datetime, after: datetime, unit: Unit, zone: str
) -> Mapping[datetime, Tally]:
    """What ended from `first` until before `after`, by the beginning of each minute, hour or day.

    Days are those of `zone`; an hour (of UTC) that midnight falls into counts for the day in which
    it begins. Times in which nothing ended are left out.
    """
    kept = "rollup_minutes" if unit == "minute" else "rollup_hours"
    asked = {"id": series_id(name), "first": first, "after": after, "unit": unit, "zone": zone}
    counts = db.session.execute(text(_OVER.format(table=kept)), asked)
    found = {row.at: _tally(row) for row in counts}
    timed = db.session.execute(text(_BINS_OVER.format(table=kept)), asked).all()
    for at, bins in _bins(timed).items():
        if at in found:  # what was first counted between the two is told the next time
            found[at].bins = bins
    return found


def _beginnings(now: datetime) -> dict[str, datetime]:
    """Of the last ten whole minutes, sixty whole minutes and twenty-four hours, this one included;
    what ends in the running minute counts with those before."""
    this_minute = now.replace(second=0, microsecond=0)
    return {
        "minutes": this_minute - MINUTES,
        "hour": this_minute - timedelta(hours=1),
        "day": this_minute.replace(minute=0) - timedelta(hours=HOURS - 1),
    }


def _tally(row: Row[Any]) -> Tally:
    return Tally(0, int(row.tried), int(row.succeeded), int(row.put_off))


def _bins(rows: Sequence[Row[Any]]) -> dict[Any, list[int]]:
    """Bins by what the first column says, from rows in the order of their places."""
    found: dict[Any, list[int]] = {}
    for row in rows:
        bins = found.setdefault(row[0], [])
        bins.extend([0] * (row.place - 1 - len(bins)))
        bins.append(int(row.counted))
    return found
