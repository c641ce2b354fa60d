"""An endpoint's deliveries as its page lists them, one of them opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from wedsync.errors import NotFound
from wedsync.platform.wording import Wording
from wedsync.webhooks import delivery_queries, delivery_words, page_queries
from wedsync.webhooks.delivery_queries import DeliveryFilter, DeliveryRecord
from wedsync.webhooks.delivery_words import DeliveryLine, OpenedDelivery
from wedsync.webhooks.models import Endpoint

_PAGE = 30


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter: its name in the address, its words, how many there are."""

    name: str
    words: str
    number: int


@dataclass(frozen=True, slots=True)
class Log:
    """The page of the log that was asked for."""

    lines: tuple[DeliveryLine, ...]
    opened: OpenedDelivery | None
    chips: tuple[Chip, ...]
    total: int
    chosen: str | None
    earlier: UUID | None
    is_first_page: bool


def read(endpoint: Endpoint, asked: Mapping[str, str], words: Wording) -> Log:
    """The log of an endpoint, narrowed as `asked` (`state`, `before`, `delivery`)."""
    chosen = asked.get("state")
    state = next((found for name, _, found in delivery_words.FILTERS if name == chosen), None)
    before = _uuid(asked.get("before"))
    wish = DeliveryFilter(endpoint_id=endpoint.id, state=state)
    found = delivery_queries.list_deliveries(
        endpoint.organization_id, wish, before=before, limit=_PAGE + 1
    )
    records = found[:_PAGE]
    wanted = _wanted(endpoint, records, _uuid(asked.get("delivery")))
    ids = [record.delivery.event_id for record in [*records, *([wanted] if wanted else [])]]
    subjects = page_queries.subjects(endpoint.organization_id, ids)
    lines = tuple(delivery_words.line_of(record, subjects, words) for record in records)
    counts = delivery_queries.delivery_counts(endpoint.organization_id, endpoint.id)
    return Log(
        lines=lines,
        opened=_opened(endpoint, wanted, subjects, words),
        chips=_chips(counts),
        total=sum(counts.values()),
        chosen=chosen if state else None,
        earlier=records[-1].delivery.id if len(found) > _PAGE else None,
        is_first_page=before is None,
    )


def _wanted(
    endpoint: Endpoint, records: Sequence[DeliveryRecord], named: UUID | None
) -> DeliveryRecord | None:
    """The delivery that is open: the one asked for, else the latest that is being tried again."""
    if named is not None:
        shown = next((record for record in records if record.delivery.id == named), None)
        return shown or _elsewhere(endpoint, named)
    trying = (each for each in records if each.delivery.state == "due" and each.delivery.failures)
    return next(trying, None)


def _elsewhere(endpoint: Endpoint, delivery_id: UUID) -> DeliveryRecord:
    record = delivery_queries.get_delivery(endpoint.organization_id, delivery_id)
    if record.delivery.endpoint_id != endpoint.id:
        raise NotFound("There is no such delivery.")
    return record


def _opened(
    endpoint: Endpoint,
    record: DeliveryRecord | None,
    subjects: Mapping[UUID, str],
    words: Wording,
) -> OpenedDelivery | None:
    if record is None:
        return None
    return delivery_words.opened(
        record,
        delivery_words.line_of(record, subjects, words),
        page_queries.event_sent(endpoint.organization_id, record.delivery.event_id),
        words,
        endpoint_on=endpoint.state == "on",
    )


def _chips(counts: Mapping[str, int]) -> tuple[Chip, ...]:
    return tuple(Chip(name, said, counts[state]) for name, said, state in delivery_words.FILTERS)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
