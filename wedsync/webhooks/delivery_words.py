"""Deliveries and their tries in words, and where the time of a try went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from wedsync.platform import leaves
from wedsync.platform.vault import MASK
from wedsync.platform.wording import State, Wording, count, duration, milliseconds, name_words, size
from wedsync.webhooks import schedule
from wedsync.webhooks.deliveries import body_of
from wedsync.webhooks.delivery_queries import DeliveryRecord, took_ms
from wedsync.webhooks.models import Delivery, DeliveryAttempt

CHART_WIDTH = 300
_GAP = 1.0
_MOST_SHOWN = 6_000

FILTERS = (
    ("waiting", "Waiting", "due"),
    ("arrived", "Arrived", "delivered"),
    ("gave-up", "Gave up", "exhausted"),
    ("stopped", "Stopped", "cancelled"),
)
"""What a log can be narrowed to: name in the address, words, state."""

_ERRORS = {
    "gone": "They said that this address is gone",
    "redirected": "They sent us on to another address, which we do not follow",
    "worker_lost": "We were interrupted; they may have got it",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a try's time, in units of a chart that is `CHART_WIDTH` wide."""

    x: float
    width: float
    is_wait: bool


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt."""

    number: int
    at: datetime
    answer: str
    took: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A row of the log."""

    id: UUID
    event_id: UUID
    at: datetime
    title: str
    event_type: str
    took: str
    state: State


@dataclass(frozen=True, slots=True)
class OpenedDelivery:
    """Everything about one delivery."""

    line: DeliveryLine
    news: str
    tries: tuple[Try, ...]
    next_number: int
    next_at: str
    next_words: str
    sent: str
    sent_size: str
    came_back: str
    came_back_size: str
    may_try: bool
    may_stop: bool


def state_of(delivery: Delivery, words: Wording) -> State:
    """Where a delivery stands, in a word or two."""
    if delivery.state == "due":
        if not delivery.failures:
            return State("waiting", "Waiting to be sent")
        when = f" {words.at(delivery.next_attempt_at)}" if delivery.next_attempt_at else ""
        return State("retrying", f"Trying again{when}")
    return {
        "in_flight": State("running", "On its way"),
        "delivered": State("done", "Arrived"),
        "exhausted": State("failed", "Gave up"),
        "cancelled": State("stopped", "Stopped"),
    }[delivery.state]


def line_of(record: DeliveryRecord, subjects: Mapping[UUID, str], words: Wording) -> DeliveryLine:
    """A row of the log."""
    delivery = record.delivery
    subject = subjects.get(delivery.event_id)
    title = name_words(record.event_type)
    return DeliveryLine(
        id=delivery.id,
        event_id=delivery.event_id,
        at=delivery.created_at,
        title=f"{title}, {subject}" if subject else title,
        event_type=record.event_type,
        took=_took(record),
        state=state_of(delivery, words),
    )


def _took(record: DeliveryRecord) -> str:
    if record.delivery.state != "delivered" or not record.attempts:
        return ""
    ms = took_ms(record.attempts[-1])
    said = milliseconds(ms) if ms is not None else ""
    tries = len(record.attempts)
    return said if tries == 1 else f"try {tries}, {said}"


def opened(
    record: DeliveryRecord, line: DeliveryLine, event: Any, words: Wording, *, endpoint_on: bool
) -> OpenedDelivery:
    """One delivery with its tries, what was sent and what came back. `event` has its body."""
    delivery, attempts = record.delivery, record.attempts
    document = leaves.mask_all(body_of(event.id, event.type, event.occurred_at, event.data))
    body = orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    came_back = _came_back(attempts)
    return OpenedDelivery(
        line=line,
        news=_news(delivery, attempts),
        tries=tuple(_tries(attempts)),
        next_number=len(attempts) + 1,
        next_at=words.time(delivery.next_attempt_at) if delivery.next_attempt_at else "",
        next_words=_next_words(delivery, words),
        sent=f"{_headers(event.id, attempts)}\n\n{_bounded(body)}",
        sent_size=size(len(orjson.dumps(document))),
        came_back=came_back,
        came_back_size=size(len(came_back.encode())) if came_back else "",
        may_try=endpoint_on and delivery.state in ("due", "exhausted", "cancelled"),
        may_stop=delivery.state == "due",
    )


def _news(delivery: Delivery, attempts: Sequence[DeliveryAttempt]) -> str:
    if not attempts:
        return "It has not been sent yet."
    if delivery.state == "delivered":
        return "They took it."
    same = "The same number goes with every try; they cannot count it twice."
    endings = {
        "exhausted": f"We tried {count(len(attempts), 'time')} and have stopped. Nothing is lost: "
        "it can be sent again.",
        "cancelled": "We have stopped trying.",
    }
    return f"{_answer(attempts[-1])}. {endings.get(delivery.state, same)}"


def _answer(attempt: DeliveryAttempt) -> str:
    """What came of a try."""
    if attempt.finished_at is None:
        return "It is on its way"
    if attempt.outcome == "ok":
        return f"They took it ({attempt.status})"
    if attempt.error in _ERRORS:
        return _ERRORS[attempt.error]
    if attempt.status is not None:
        return f"They answered {attempt.status}"
    return (attempt.answer or "They could not be reached").rstrip(".")


def _tries(attempts: Sequence[DeliveryAttempt]) -> Iterator[Try]:
    longest = max((_total_ms(attempt) for attempt in attempts), default=0.0)
    for attempt in attempts:
        ms = took_ms(attempt)
        yield Try(
            number=attempt.number,
            at=attempt.started_at,
            answer=_answer(attempt),
            took=milliseconds(ms) if ms is not None else "",
            bars=tuple(_bars(attempt.timings or {}, longest)),
        )


def _total_ms(attempt: DeliveryAttempt) -> float:
    return float((attempt.timings or {}).get("total_ms") or 0)


def _bars(timings: Mapping[str, float], longest: float) -> Iterator[Bar]:
    """Finding, reaching and securing, then the wait for their answer."""
    total = float(timings.get("total_ms") or 0)
    if not total or not longest:
        return
    scale = CHART_WIDTH / longest
    x = 0.0
    for name in ("dns_ms", "connect_ms", "tls_ms"):
        width = float(timings.get(name) or 0) * scale
        if width > _GAP:
            yield Bar(round(x, 1), round(width - _GAP, 1), is_wait=False)
        x += width
    if total * scale - x > _GAP:
        yield Bar(round(x, 1), round(total * scale - x, 1), is_wait=True)


def _next_words(delivery: Delivery, words: Wording) -> str:
    if delivery.state != "due" or delivery.next_attempt_at is None:
        return ""
    wait = delivery.next_attempt_at - words.now
    if wait < timedelta(seconds=5):
        return "next try, in a moment"
    left = schedule.MAX_ATTEMPTS - delivery.failures - 1
    then = f"; then {count(left, 'more try', 'more tries')}" if left > 0 else "; it is the last one"
    return f"next try, in {duration(wait)}{then}"


def _headers(event_id: UUID, attempts: Sequence[DeliveryAttempt]) -> str:
    sent_at = int(attempts[-1].started_at.timestamp()) if attempts else "…"
    return f"webhook-id: {event_id}\nwebhook-timestamp: {sent_at}\nwebhook-signature: v1,{MASK}"


def _came_back(attempts: Sequence[DeliveryAttempt]) -> str:
    last = attempts[-1] if attempts else None
    if last is None or last.status is None:
        return ""
    return "\n\n".join(filter(None, (str(last.status), last.answer)))


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}\n…"
