"""Deliveries in words: where one stands, why, and what was sent and came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from werkzeug.http import HTTP_STATUS_CODES

from wedsync.platform import leaves
from wedsync.platform.wording import (
    State,
    Wording,
    capital,
    in_words,
    listing,
    milliseconds,
    name_words,
    size,
)
from wedsync.webhooks.delivering.retention import KEPT
from wedsync.webhooks.delivering.service import body_of
from wedsync.webhooks.delivery_log import attempt_words, failure_words
from wedsync.webhooks.delivery_log.attempt_words import NextTry, Try
from wedsync.webhooks.delivery_log.queries import (
    MOST_BEFORE,
    DeliveryRecord,
    DeliveryRow,
    Place,
    took_ms,
)
from wedsync.webhooks.models import Delivery, DeliveryAttempt, Endpoint

_MOST_SHOWN = 6_000
_HIDDEN = "hidden"
_NOT_KEPT = f"What came of each try is kept for {KEPT.days} days."
_LONG_AGO = {
    "due": f"It is sent again. {_NOT_KEPT}",
    "in_flight": "It is on its way. We wait for their answer.",
    "exhausted": f"We have stopped trying. {_NOT_KEPT} Nothing is lost: it can be sent again.",
    "cancelled": f"We have stopped trying. {_NOT_KEPT}",
}

FILTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("waiting", "Waiting", ("due", "in_flight")),
    ("arrived", "Arrived", ("delivered",)),
    ("gave-up", "Gave up", ("exhausted",)),
    ("stopped", "Stopped", ("cancelled",)),
)
"""What a log can be narrowed to: name in the address, words, states."""


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A row of the log."""

    id: UUID
    event_id: UUID
    endpoint_id: UUID
    at: datetime
    when: str
    title: str
    event_type: str
    took: str
    state: State


@dataclass(frozen=True, slots=True)
class Gap:
    """What never arrived before this one in its order: how many in words, and the latest of them
    by id and title."""

    words: str
    named: tuple[tuple[UUID, str], ...]


@dataclass(frozen=True, slots=True)
class OpenedDelivery:
    """Everything about one delivery."""

    line: DeliveryLine
    news: str
    waits_behind: str
    blocked_by: UUID | None
    gap: Gap | None
    tries: tuple[Try, ...]
    next_number: int
    next: NextTry
    sent: str
    sent_about: str
    came_back: str
    came_back_size: str
    has_arrived: bool
    holds_up: bool
    is_fetched: bool
    may_try: bool
    may_stop: bool


def state_of(delivery: Delivery, endpoint: Endpoint, words: Wording) -> State:
    """Where a delivery stands, in a word or two."""
    polls = endpoint.receives == "polls"
    if delivery.state == "due":
        if polls:
            return State("waiting", "Waiting to be fetched")
        if not delivery.failures or endpoint.state != "on":
            return State("waiting", "Waiting to be sent")
        when = f" {words.at(delivery.next_attempt_at)}" if delivery.next_attempt_at else ""
        return State("retrying", f"Trying again{when}")
    return {
        "in_flight": State("running", "On its way"),
        "delivered": State("done", "Fetched" if polls else "Arrived"),
        "exhausted": State("failed", "Gave up"),
        "cancelled": State("stopped", "Stopped"),
    }[delivery.state]


def line_of(row: DeliveryRow, endpoint: Endpoint, words: Wording) -> DeliveryLine:
    """A row of the log."""
    delivery = row.delivery
    return DeliveryLine(
        id=delivery.id,
        event_id=delivery.event_id,
        endpoint_id=delivery.endpoint_id,
        at=delivery.created_at,
        when=attempt_words.when(delivery.created_at, words),
        title=title_of(row),
        event_type=delivery.event_type,
        took=_took(row),
        state=state_of(delivery, endpoint, words),
    )


def title_of(row: DeliveryRow) -> str:
    """`Guest added, Rosa Osei`."""
    title = name_words(row.delivery.event_type)
    return f"{title}, {row.subject}" if row.subject else title


def _took(row: DeliveryRow) -> str:
    if row.delivery.state != "delivered" or row.last is None:
        return ""
    ms = took_ms(row.last)
    said = milliseconds(ms) if ms is not None else ""
    number = row.delivery.attempts
    return said if number == 1 else f"{attempt_words.ordinal(number)} try, {said}"


def opened(
    record: DeliveryRecord,
    line: DeliveryLine,
    event: Any,
    endpoint: Endpoint,
    place: Place | None,
    words: Wording,
) -> OpenedDelivery:
    """One delivery with its tries, what was sent and what came back. `event` has its body."""
    delivery, attempts = record.delivery, record.attempts
    document = body_of(event.id, event.type, event.occurred_at, event.data)
    shown, hidden = _shown(document)
    body = orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
    came_back = _came_back(attempts)
    is_open = delivery.state == "due"
    behind = _waits_behind(place) if is_open and place else ""
    return OpenedDelivery(
        line=line,
        news=_news(delivery, attempts, endpoint, words),
        waits_behind=behind,
        blocked_by=place.blocks if is_open and place else None,
        gap=_gap(place),
        tries=tuple(attempt_words.tries(attempts, words)),
        next_number=delivery.attempts + 1,
        next=attempt_words.next_try(delivery, endpoint, bool(behind), words),
        sent=f"{_head(event.id, attempts)}\n\n{_bounded(body)}",
        sent_about=_about(len(orjson.dumps(shown)), hidden),
        came_back=came_back,
        came_back_size=size(len(came_back.encode())) if came_back else "",
        has_arrived=delivery.state == "delivered",
        holds_up=delivery.state == "exhausted" and delivery.blocks_lane,
        is_fetched=endpoint.receives == "polls",
        may_try=_may_try(delivery, endpoint) and not behind,
        may_stop=delivery.state in ("due", "in_flight"),
    )


def _may_try(delivery: Delivery, endpoint: Endpoint) -> bool:
    waits_for_them = endpoint.receives == "polls" and delivery.state == "due"
    return endpoint.state == "on" and delivery.state != "in_flight" and not waits_for_them


def _news(
    delivery: Delivery, attempts: Sequence[DeliveryAttempt], endpoint: Endpoint, words: Wording
) -> str:
    if delivery.state == "delivered":
        return "They fetched it." if endpoint.receives == "polls" else _taken(attempts)
    if not attempts and delivery.attempts:
        return _LONG_AGO[delivery.state]
    if not attempts:
        if delivery.state == "cancelled":
            return "It was stopped before it was sent."
        if endpoint.receives == "polls":
            return "They have not fetched it yet. It waits for as long as they need."
        return "It has not been sent yet."
    last = attempts[-1]
    if last.finished_at is None:
        return "It is on its way. We wait for their answer."
    tried = attempt_words.tried_times(last.number)
    held = " What comes after it in its order waits." if delivery.blocks_lane else ""
    endings = {
        "exhausted": f"We tried {tried} and have stopped.{held} Nothing is lost: it can be sent"
        " again.",
        "cancelled": "We have stopped trying.",
    }
    same = "The same number goes with every try; they cannot count it twice."
    rest = attempt_words.resting_until(endpoint, words)
    pause = f"We are giving them a rest until {words.time(rest)}. " if rest else ""
    ending = endings.get(delivery.state, f"{pause}{same}")
    return f"{failure_words.reason(last)}. {ending}"


def _taken(attempts: Sequence[DeliveryAttempt]) -> str:
    if not attempts or attempts[-1].status is None:
        return "They took it."
    status, number = attempts[-1].status, attempts[-1].number
    if number == 1:
        return f"They took it at the first try ({status})."
    return f"They took it at the {attempt_words.ordinal(number)} try ({status})."


def _waits_behind(place: Place) -> str:
    if place.blocks is not None:
        return "It waits its turn, and one before it was given up."
    if not place.ahead:
        return ""
    if place.ahead == 1:
        return "It waits its turn: one goes before it."
    return f"It waits its turn: {_bounded_number(place.ahead)} go before it."


def _gap(place: Place | None) -> Gap | None:
    if place is None or not place.given_up:
        return None
    were = "was" if place.given_up == 1 else "were"
    said = f"{capital(_bounded_number(place.given_up))} {were} given up before this one"
    return Gap(said, tuple((row.delivery.id, title_of(row)) for row in place.named))


def _bounded_number(counted: int) -> str:
    return in_words(counted) if counted <= MOST_BEFORE else f"more than {MOST_BEFORE}"


def _shown(document: Any) -> tuple[Any, list[str]]:
    """The document with `hidden` for every sealed leaf, and the names of those."""
    hidden: list[str] = []

    def show(value: Any, name: str) -> Any:
        if leaves.is_sealed(value):
            hidden.append(name)
            return _HIDDEN
        if isinstance(value, dict):
            return {key: show(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [show(part, name) for part in value]
        return value

    return show(document, ""), list(dict.fromkeys(hidden))


def _about(octets: int, hidden: Sequence[str]) -> str:
    """`1.1 kB, allergies hidden`."""
    names = [name_words(name).lower() for name in hidden]
    return f"{size(octets)}, {listing(names)} hidden" if names else size(octets)


def _head(event_id: UUID, attempts: Sequence[DeliveryAttempt]) -> str:
    kept = attempts[-1].request_headers if attempts else None
    return kept.strip() if kept else f"webhook-id: {event_id}"


def _came_back(attempts: Sequence[DeliveryAttempt]) -> str:
    last = attempts[-1] if attempts else None
    if last is None or last.status is None:
        return ""
    said = " ".join(filter(None, (str(last.status), HTTP_STATUS_CODES.get(last.status))))
    head = "\n".join(filter(None, (said, (last.response_headers or "").strip())))
    return _bounded("\n\n".join(filter(None, (head, last.answer))))


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}\n…"
