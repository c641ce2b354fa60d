"""What health is judged from, as plain values: pure, whoever counted them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wedsync.platform.wording import duration, milliseconds
from wedsync.rollups import bins
from wedsync.rollups.reading import Recent
from wedsync.rollups.tallies import Tally

A_DAY = "in the last 24 hours"
_FEW = 5  # fewer have no half and no nineteen in twenty


@dataclass(frozen=True, slots=True)
class Pace:
    """How attempts went that said something of the far end: half of those that worked took at most
    `half_ms`, nineteen in twenty `most_ms`. `within` is the time they are of, in words."""

    attempts: int = 0
    succeeded: int = 0
    half_ms: float | None = None
    most_ms: float | None = None
    within: str = A_DAY

    @property
    def failed_share(self) -> float:
        return 1 - self.succeeded / self.attempts if self.attempts else 0.0

    @property
    def half_in_words(self) -> str:
        """`0.31 s`; empty when nothing was timed."""
        return "" if self.half_ms is None else length(self.half_ms)

    @property
    def most_in_words(self) -> str:
        """`1.2 s`; empty when nothing was timed."""
        return "" if self.most_ms is None else length(self.most_ms)

    @property
    def in_words(self) -> str:
        """`half within 0.31 s, 95 % within 1.2 s`; of a few, the longest; empty when none."""
        if self.half_ms is None or self.most_ms is None:
            return ""
        if self.attempts < _FEW:
            most = "" if self.attempts == 1 else "at most "
            return f"took {most}{self.most_in_words}"
        return f"half within {self.half_in_words}, 95 % within {self.most_in_words}"


def pace(tally: Tally, within: str = A_DAY) -> Pace:
    """The pace of what was counted."""
    half, most = (bins.percentile_ms(tally.bins, share) for share in (0.5, 0.95))
    return Pace(tally.judged, tally.succeeded, half, most, within)


def pace_lately(told: Recent, fewest: int) -> Pace:
    """Of the shortest time in which at least `fewest` said something; else of the day."""
    if told.minutes.judged >= fewest:
        return pace(told.minutes, "in the last ten minutes")
    if told.hour.judged >= fewest:
        return pace(told.hour, "in the last hour")
    return pace(told.day)


@dataclass(frozen=True, slots=True)
class ConnectionFigures:
    """`state` and `reason` as the connection keeps them; `waiting` runs stand by for it. `pace` is
    of the day, `lately` of the time that is judged."""

    state: str
    since: datetime
    reason: str = ""
    refresh_failures: int = 0
    next_at: datetime | None = None
    waiting: int = 0
    pace: Pace = field(default_factory=Pace)
    lately: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class EndpointFigures:
    """`due_since` is when the oldest delivery that should have left became due."""

    state: str
    reason: str | None = None
    failing_since: datetime | None = None
    waiting: int = 0
    next_at: datetime | None = None
    due_since: datetime | None = None
    pace: Pace = field(default_factory=Pace)
    lately: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class HookFigures:
    """`taken` requests came in a day. `refused_as` is why the latest refusal was, in words;
    `subscription` as the hook has it."""

    state: str
    made_at: datetime
    subscription: str | None = None
    subscription_error: str = ""
    next_at: datetime | None = None
    taken: int = 0
    seen_at: datetime | None = None
    refused: int = 0
    refused_at: datetime | None = None
    refused_as: str = ""


@dataclass(frozen=True, slots=True)
class WorkflowFigures:
    """`asking` runs wait for a decision; `failed` did not work and were not taken up again."""

    state: str
    is_published: bool = True
    asking: int = 0
    asking_since: datetime | None = None
    failed: int = 0
    failed_since: datetime | None = None
    due_since: datetime | None = None
    pace: Pace = field(default_factory=Pace)
    lately: Pace = field(default_factory=Pace)


def length(ms: float) -> str:
    """Milliseconds as a reader compares them; from a minute on in minutes, hours and days."""
    return milliseconds(ms) if ms < 60_000 else duration(timedelta(milliseconds=ms))
