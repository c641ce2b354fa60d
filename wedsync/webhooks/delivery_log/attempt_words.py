"""The tries of a delivery: what each came to, where its time went, and those that may follow."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedsync.platform.wording import Wording, count, duration, in_words, listing, milliseconds
from wedsync.webhooks.delivering import schedule
from wedsync.webhooks.delivery_log import failure_words
from wedsync.webhooks.delivery_log.queries import took_ms
from wedsync.webhooks.models import Delivery, DeliveryAttempt, Endpoint

CHART_WIDTH = 300
_GAP = 1.0
_SHORT_MS = 10
_NAMED = 2
_STRETCHES = (
    ("dns_ms", "finding them"),
    ("connect_ms", "reaching them"),
    ("tls_ms", "making it secure"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a try's time, in units of a chart that is `CHART_WIDTH` wide."""

    x: float
    width: float
    is_wait: bool


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt; `spent` says in words what the bars show."""

    number: int
    at: datetime
    when: str
    answer: str
    took: str
    bars: tuple[Bar, ...]
    spent: str


@dataclass(frozen=True, slots=True)
class NextTry:
    """When the next one is, for its column, and what is to be said of it; empty where there is
    nothing to say."""

    at: str
    words: str


def tries(attempts: Sequence[DeliveryAttempt], words: Wording) -> Iterator[Try]:
    """All of them, to one scale."""
    longest = max((_total_ms(attempt.timings) for attempt in attempts), default=0.0)
    for attempt in attempts:
        ms = took_ms(attempt)
        yield Try(
            number=attempt.number,
            at=attempt.started_at,
            when=when(attempt.started_at, words),
            answer=failure_words.answer(attempt),
            took=milliseconds(ms) if ms is not None else "",
            bars=tuple(_bars(attempt.timings or {}, longest)),
            spent=_spent(attempt.timings or {}),
        )


def when(instant: datetime, words: Wording) -> str:
    """`11:30:02` today, `Mon 11:30` before: tries follow each other within seconds."""
    is_today = words.local(instant).date() == words.today
    return words.to_the_second(instant) if is_today else words.gutter(instant)


def next_try(delivery: Delivery, endpoint: Endpoint, is_behind: bool, words: Wording) -> NextTry:
    """When it is tried next, and after that: “next try, in 1 h 25 min; then 19:05, Wed 05:05 and
    three more up to Fri 14 May”. One that `is_behind` others has no time of its own yet."""
    at = delivery.next_attempt_at
    if delivery.state != "due" or at is None:
        return NextTry("", "")
    if endpoint.receives == "polls":
        return NextTry("", "it waits until they fetch it")
    if endpoint.state != "on":
        return NextTry("", "next try, when the endpoint is turned on")
    if is_behind:
        return NextTry("", "when it is its turn")
    rest = resting_until(endpoint, words)
    if rest is not None and at < rest:
        said, at = "after their rest", rest
    else:
        wait = at - words.now
        said = f"in {duration(wait)}" if wait >= timedelta(seconds=5) else "in a moment"
    then = _then(at, delivery.failures, words)
    return NextTry(words.gutter(at), f"next try, {said}; {then}")


def resting_until(endpoint: Endpoint, words: Wording) -> datetime | None:
    """Until when an endpoint that seems to be down is left in peace."""
    until = endpoint.breaker_until
    return until if until is not None and until > words.now and endpoint.state == "on" else None


def _then(at: datetime, failures: int, words: Wording) -> str:
    """The tries after the next one, which is `at`."""
    later = []
    for delay_s in schedule.DELAYS_S[failures:]:
        at = at + timedelta(seconds=delay_s)
        later.append(at)
    if not later:
        return "it is the last one"
    named = [words.gutter(each) for each in later[:_NAMED]]
    left = len(later) - len(named)
    if left <= 0:
        return f"then {listing(named)}"
    last = words.day(words.local(later[-1]).date())
    return f"then {', '.join(named)} and {in_words(left)} more up to {last}"


def _total_ms(timings: Mapping[str, float] | None) -> float:
    return float((timings or {}).get("total_ms") or 0)


def _bars(timings: Mapping[str, float], longest: float) -> Iterator[Bar]:
    """Finding, reaching and securing, then the wait for their answer.

    Bars grow with the order of magnitude, since one try may take a hundred times as long as the
    next; the stretches of each are in proportion.
    """
    total = _total_ms(timings)
    if not total or not longest:
        return
    scale = CHART_WIDTH * _length(total) / _length(longest) / total
    x = 0.0
    for name, _ in _STRETCHES:
        width = float(timings.get(name) or 0) * scale
        if width > _GAP:
            yield Bar(round(x, 1), round(width - _GAP, 1), is_wait=False)
        x += width
    if total * scale - x > _GAP:
        yield Bar(round(x, 1), round(total * scale - x, 1), is_wait=True)


def _length(ms: float) -> float:
    return math.log1p(ms / _SHORT_MS)


def _spent(timings: Mapping[str, float]) -> str:
    """`4 ms finding them, 9 ms reaching them, 139 ms waiting for their answer`."""
    total = _total_ms(timings)
    if not total:
        return ""
    parts = [(float(timings.get(name) or 0), said) for name, said in _STRETCHES]
    parts.append((total - sum(ms for ms, _ in parts), "waiting for their answer"))
    return ", ".join(f"{milliseconds(ms)} {said}" for ms, said in parts if round(ms) >= 1)


def ordinal(value: int) -> str:
    """`1st`, `2nd`, `11th`, `23rd`."""
    if 10 <= value % 100 <= 20:
        return f"{value}th"
    return f"{value}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th') }"


def tried_times(number: int) -> str:
    """`once`, `twice`, `10 times`."""
    return {1: "once", 2: "twice"}.get(number, count(number, "time"))
