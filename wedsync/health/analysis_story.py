"""How one thing did over some days, as its page tells it: a sentence, figures, bars, numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wedsync.health.analytics import Analysis, Point
from wedsync.health.measures import length, pace
from wedsync.platform.wording import Wording, capital, number, percent
from wedsync.rollups.tallies import Tally

WIDTH, HEIGHT = 320, 56
SPANS = {1: "24 hours", 7: "7 days", 30: "30 days", 90: "90 days"}
"""The days that can be looked at, in words."""

_LEAST = 1.0
_WHAT = {
    "connection": ("try", "tries"),
    "endpoint": ("try", "tries"),
    "workflow": ("run", "runs"),
}
Figure = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Bar:
    """One step: the whole bar, and of it the part that did not work, from the base up."""

    x: float
    width: float
    y: float
    height: float
    bad_y: float
    bad_height: float


@dataclass(frozen=True, slots=True)
class AnalysisStory:
    """Everything the page says. `rows` are the numbers behind the bars, the latest first."""

    title: str
    news: str
    figures: tuple[Figure, ...]
    bars: tuple[Bar, ...]
    rows: tuple[tuple[str, ...], ...]
    began: str
    ended: str
    what: str
    is_empty: bool


def tell(found: Analysis, days: int, words: Wording) -> AnalysisStory:
    """The story of these days, for somebody who looks at `words.now`."""
    one, many = _WHAT[found.thing.series.kind]
    return AnalysisStory(
        title=_title(found),
        news=_news(found, days, one, many),
        figures=tuple(_figures(found, many)),
        bars=tuple(_bars(found.points)),
        rows=tuple(_rows(found, days, words)),
        began=_when(found.points[0], days, words),
        ended=_when(found.points[-1], days, words),
        what=capital(many),
        is_empty=found.total.tried == 0,
    )


def _title(found: Analysis) -> str:
    total = found.total
    if not total.judged:
        return "Nothing to judge it by"
    if total.succeeded in (0, total.judged):
        return "Everything worked" if total.succeeded else "Nothing worked"
    return f"{percent(total.succeeded / total.judged)} worked"


def _news(found: Analysis, days: int, one: str, many: str) -> str:
    total, span = found.total, f"In the last {SPANS[days]}"
    if not total.tried:
        return f"{span} there was nothing to do for it."
    said = f"{span} {number(total.tried)} {one if total.tried == 1 else many} came to an end"
    failed = f"{number(total.failed)} did not work" if total.failed else "none of them failed"
    later = f", {number(total.put_off)} had to come later" if total.put_off else ""
    return f"{said}: {failed}{later}."


def _figures(found: Analysis, many: str) -> Iterator[Figure]:
    total, told = found.total, pace(found.total)
    yield capital(many), number(total.tried), ""
    yield "Did not work", number(total.failed), ""
    for label, ms in (("Half within", told.half_ms), ("95 % within", told.most_ms)):
        if ms is not None:
            figure, _, unit = length(ms).rpartition(" ")
            yield label, figure, unit


def _bars(points: Sequence[Point]) -> Iterator[Bar]:
    most = max((point.tally.tried for point in points), default=0)
    step = WIDTH / len(points)
    for place, point in enumerate(points):
        height = max(_part(point.tally.tried, most), _LEAST)
        bad = _part(point.tally.failed, most)
        yield Bar(
            x=round(place * step, 1),
            width=round(step * 0.7, 1),
            y=round(HEIGHT - height, 1),
            height=height,
            bad_y=round(HEIGHT - bad, 1),
            bad_height=bad,
        )


def _part(some: int, most: int) -> float:
    return round(some / most * HEIGHT, 1) if most else 0.0


def _rows(found: Analysis, days: int, words: Wording) -> Iterator[tuple[str, ...]]:
    """By the hour of one day, else by day; those in which nothing ended are left out."""
    told: dict[str, Tally] = {}
    for point in reversed(found.points):
        if point.tally.tried:
            told.setdefault(_when(point, days, words), Tally()).add(point.tally)
    for when, tally in told.items():
        counts = (number(tally.tried), number(tally.succeeded), number(tally.failed))
        yield (when, *counts, pace(tally).most_in_words or "–")


def _when(point: Point, days: int, words: Wording) -> str:
    return words.moment(point.at) if days == 1 else words.day(words.local(point.at).date())
