"""What was counted, for whoever judges or shows it: lately, and over any time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.platform.db import db
from wedsync.rollups.tallies import SeriesName, Tally, series_id

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


def _bins(rows: Sequence[Row[Any]]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = {}
    for row in rows:
        bins = found.setdefault(row.series_id, [])
        bins.extend([0] * (row.place - 1 - len(bins)))
        bins.append(int(row.counted))
    return found
