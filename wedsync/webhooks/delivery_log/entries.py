"""Deliveries as the pages list them, one of them opened: an endpoint's, or an organization's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.errors import NotFound
from wedsync.platform import ids
from wedsync.platform.wording import Wording, listing, name_words, number
from wedsync.webhooks import queries
from wedsync.webhooks.delivery_log import asking, counts, finding, naming
from wedsync.webhooks.delivery_log import queries as delivery_queries
from wedsync.webhooks.delivery_log import words as delivery_words
from wedsync.webhooks.delivery_log.asking import Asked
from wedsync.webhooks.delivery_log.finding import Found
from wedsync.webhooks.delivery_log.naming import Meaning
from wedsync.webhooks.delivery_log.queries import DeliveryRow
from wedsync.webhooks.delivery_log.words import DeliveryLine, OpenedDelivery
from wedsync.webhooks.models import Endpoint

PAGE = 30
_COUPLES_NAMED = 3


@dataclass(frozen=True, slots=True)
class Chip:
    """A state to narrow to: its name in the address, its words, and how many there are of it,
    empty where that is not counted."""

    name: str | None
    words: str
    number: str


@dataclass(frozen=True, slots=True)
class Log:
    """The page of the log that was asked for.

    `earlier` is what the page before this one in time begins behind. With `looked_to` only what
    is younger was looked at, and there may be more. `meant` says what a search was taken for;
    `may_be_name` whether it could be looked for among names as well.
    """

    lines: tuple[DeliveryLine, ...]
    opened: OpenedDelivery | None
    chips: tuple[Chip, ...]
    earlier: UUID | None
    looked_to: datetime | None
    meant: str
    may_be_name: bool

    @property
    def is_opened_elsewhere(self) -> bool:
        """Whether what is open does not stand on this page of the list."""
        return self.opened is not None and self.opened.line.id not in {
            line.id for line in self.lines
        }


def read(
    organization_id: UUID, asked: Asked, endpoints: Mapping[UUID, Endpoint], words: Wording
) -> Log:
    """The log, narrowed as asked. `endpoints` are those it is about, by id. Raises NotFound when
    the delivery that should be open is not one of theirs."""
    wanted = asking.filter_of(asked, words)
    meaning = naming.read(organization_id, asked.q, wanted, in_names=asked.names)
    found = finding.find(organization_id, meaning.alternatives, before=asked.before, limit=PAGE + 1)
    rows = delivery_queries.rows(organization_id, found.ids[:PAGE]) if found.ids else []
    opened_id = asked.delivery or _trying(rows, asked)
    return Log(
        lines=tuple(_line(row, endpoints, words) for row in rows if _is_about(row, endpoints)),
        opened=_opened(organization_id, opened_id, endpoints, words) if opened_id else None,
        chips=_chips(organization_id, asked, list(endpoints), words),
        earlier=found.ids[PAGE - 1] if len(found.ids) > PAGE else found.looked_to,
        looked_to=_looked_to(found),
        meant=_meant(asked, meaning),
        may_be_name=bool(meaning.couples or meaning.types),
    )


def endpoints_of(organization_id: UUID) -> dict[UUID, Endpoint]:
    """Every endpoint by its id, the latest made first."""
    return {each.id: each for each in queries.all_endpoints(organization_id)}


def _is_about(row: DeliveryRow, endpoints: Mapping[UUID, Endpoint]) -> bool:
    """False for what was sent to an endpoint made or removed while the page is read."""
    return row.delivery.endpoint_id in endpoints


def _line(row: DeliveryRow, endpoints: Mapping[UUID, Endpoint], words: Wording) -> DeliveryLine:
    return delivery_words.line_of(row, endpoints[row.delivery.endpoint_id], words)


def _trying(rows: Sequence[DeliveryRow], asked: Asked) -> UUID | None:
    """The latest that is being tried again stands open on the first page of an endpoint."""
    if asked.to is None or asked.before or asked.q:
        return None
    open_ = (each.delivery for each in rows if each.delivery.state == "due")
    return next((delivery.id for delivery in open_ if delivery.failures), None)


def _opened(
    organization_id: UUID, delivery_id: UUID, endpoints: Mapping[UUID, Endpoint], words: Wording
) -> OpenedDelivery:
    record = delivery_queries.get_delivery(organization_id, delivery_id)
    endpoint = endpoints.get(record.delivery.endpoint_id)
    if endpoint is None:
        raise NotFound("There is no such delivery.")
    (row,) = delivery_queries.rows(organization_id, [delivery_id])
    return delivery_words.opened(
        record,
        delivery_words.line_of(row, endpoint, words),
        delivery_queries.event_sent(organization_id, record.delivery.event_id),
        endpoint,
        delivery_queries.place_of(record.delivery),
        words,
    )


def _chips(
    organization_id: UUID, asked: Asked, endpoints: Sequence[UUID], words: Wording
) -> tuple[Chip, ...]:
    if not asked.is_counted:
        plain = [Chip(name, said, "") for name, said, _ in delivery_words.FILTERS]
        return Chip(None, "All", ""), *plain
    wanted = asking.filter_of(asked, words)
    counted = counts.by_state(
        organization_id,
        [asked.to] if asked.to else endpoints,
        since=wanted.since,
        until=wanted.until,
    )
    numbers = [
        (name, said, sum(counted[state] for state in states))
        for name, said, states in delivery_words.FILTERS
    ]
    chips = [Chip(name, said, counts.number_words(many)) for name, said, many in numbers]
    total = counts.number_words(sum(many for _, _, many in numbers))
    return Chip(None, "All", total), *chips


def _looked_to(found: Found) -> datetime | None:
    is_full = len(found.ids) > PAGE
    return None if found.looked_to is None or is_full else ids.made_at(found.looked_to)


def _meant(asked: Asked, meaning: Meaning) -> str:
    """What the words were taken for, in a sentence; empty without a search."""
    if not asked.q:
        return ""
    if meaning.is_number:
        return "By number"
    if meaning.names:
        return f"With “{asked.q}” in the name"
    types = listing([f"“{name_words(each)}”" for each in meaning.types[:_COUPLES_NAMED]], "or")
    more = len(meaning.couples) - _COUPLES_NAMED
    named = [*meaning.couples[:_COUPLES_NAMED], *([f"{number(more)} more"] if more > 0 else [])]
    couples = listing(named, "or")
    if types and couples:
        return f"{types}, about {couples}" if _is_both(meaning) else f"{types}, or about {couples}"
    return types or f"About {couples}"


def _is_both(meaning: Meaning) -> bool:
    return any(each.event_types and each.wedding_ids for each in meaning.alternatives)
