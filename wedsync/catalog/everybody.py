"""How an integration does for everybody together, on its page: in shares, never in numbers."""

from dataclasses import dataclass
from datetime import datetime

from wedsync.platform.wording import milliseconds, percent
from wedsync.rollups import bins, reading
from wedsync.rollups.tallies import SeriesName


@dataclass(frozen=True, slots=True)
class Everybody:
    """Of the last 24 hours: how much worked (`99.7 %`), and within how long half of that was done
    (`300 ms`; empty where nothing worked)."""

    worked: str
    half_within: str


def of(slug: str, now: datetime) -> Everybody | None:
    """None where so little was tried that it would tell of somebody rather than of all."""
    name = SeriesName(None, "connector", slug)
    day = reading.recent([name], now)[name].day
    if day.judged < reading.ENOUGH_OF_ALL:
        return None
    half = bins.percentile_ms(day.bins, 0.5)
    return Everybody(
        worked=percent(day.succeeded / day.judged),
        half_within=milliseconds(half) if half is not None else "",
    )
