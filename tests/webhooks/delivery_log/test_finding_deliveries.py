"""Finding a delivery among very many: what is found, and that no more is read than has to be."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import event, select, text

from tests.personas import make_organization
from tests.webhooks.deliveries_in_bulk import RARE_ERROR, RARE_TYPE, TYPES, Bulk, make_many
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.webhooks.delivery_log import counts, finding, naming
from wedsync.webhooks.delivery_log import queries as delivery_queries
from wedsync.webhooks.delivery_log.finding import (
    NAMES_LOOKED_AT,
    DeliveryFilter,
    Found,
    by_index,
)
from wedsync.webhooks.models import Delivery

MANY = 12_000
PAGE = 31


@pytest.fixture(scope="module")
def bulk(app: APIFlask) -> Iterator[Bulk]:
    """Very many deliveries of one organization beside another's, never committed."""
    mine, other = make_organization(app), make_organization(app)
    with app.app_context():
        connection = db.session.connection()
        make_many(connection, other, 3_000, "Another kitchen")
        yield make_many(connection, mine, MANY, "The kitchen")
        db.session.rollback()


@pytest.fixture(params=["no statistics", "statistics"])
def statistics(request: pytest.FixtureRequest, bulk: Bulk) -> str:
    """What the planner knows: of these rows nothing, or all."""
    known: str = request.param
    if known == "statistics":
        db.session.execute(text("ANALYZE deliveries, events, endpoints"))
    return known


def find(bulk: Bulk, limit: int = PAGE, before: UUID | None = None, **wanted: Any) -> Found:
    one = DeliveryFilter(**wanted)
    return finding.find(bulk.organization_id, [one], before=before, limit=limit)


def search(bulk: Bulk, words: str, **wanted: Any) -> Found:
    meaning = naming.read(bulk.organization_id, words, DeliveryFilter(**wanted))
    return finding.find(bulk.organization_id, meaning.alternatives, limit=PAGE)


def of(found: Found, column: Any) -> set[Any]:
    """What is in one column of those that were found."""
    return set(db.session.scalars(select(column).where(Delivery.id.in_(found.ids))))


# --- what is found


def test_the_latest_come_first_and_a_page_goes_on_where_the_one_before_ended(bulk: Bulk) -> None:
    first = find(bulk)
    assert len(first.ids) == PAGE
    assert first.ids == sorted(first.ids, reverse=True)
    assert first.looked_to is None
    second = find(bulk, before=first.ids[-1])
    assert max(second.ids) < first.ids[-1]
    both = find(bulk, limit=2 * PAGE)
    assert both.ids == first.ids + second.ids


@pytest.mark.parametrize(
    ("wanted", "column", "only"),
    [
        ({"states": ("exhausted",)}, Delivery.state, {"exhausted"}),
        ({"states": ("due", "in_flight")}, Delivery.state, {"due"}),
        ({"states": ("cancelled",)}, Delivery.state, {"cancelled"}),
        ({"event_types": (TYPES[3],)}, Delivery.event_type, {TYPES[3]}),
        ({"event_types": (RARE_TYPE,)}, Delivery.event_type, {RARE_TYPE}),
        ({"error": "http_503"}, Delivery.last_error, {"http_503"}),
        ({"error": RARE_ERROR}, Delivery.last_error, {RARE_ERROR}),
    ],
    ids=["gave up", "waiting", "stopped", "a type", "a rare type", "an error", "a rare error"],
)
def test_a_filter_finds_only_what_it_says_however_long_ago(
    bulk: Bulk, wanted: dict[str, Any], column: Any, only: set[str]
) -> None:
    found = find(bulk, **wanted)
    assert of(found, column) == only
    assert found.looked_to is None


def test_filters_are_joined(bulk: Bulk) -> None:
    found = find(
        bulk,
        endpoint_id=bulk.endpoint_id,
        states=("exhausted",),
        event_types=(TYPES[2],),
        error="http_503",
    )
    assert of(found, Delivery.state) == {"exhausted"}
    assert of(found, Delivery.event_type) == {TYPES[2]}


def test_a_time_is_a_part_of_the_way(bulk: Bulk) -> None:
    now = clock.now()
    assert find(bulk, since=now - timedelta(hours=1)).ids == find(bulk).ids
    assert find(bulk, until=now - timedelta(hours=1)).ids == []
    assert find(bulk, since=now + timedelta(hours=1), states=("delivered",)).ids == []


def test_another_organization_s_are_never_found(bulk: Bulk) -> None:
    every = find(bulk, limit=2 * MANY)
    assert len(every.ids) == MANY
    assert of(every, Delivery.organization_id) == {bulk.organization_id}
    stranger = DeliveryFilter(endpoint_id=bulk.endpoint_id)
    assert finding.find(ids.new_id(), [stranger], limit=PAGE).ids == []


def test_what_has_to_be_looked_at_is_looked_at_a_part_at_a_time(bulk: Bulk) -> None:
    first = find(bulk, names=("nobody",))
    assert first.ids == []
    assert first.looked_to == find(bulk, limit=NAMES_LOOKED_AT + 1).ids[-1]
    parts = 1
    before: UUID | None = first.looked_to
    while before is not None:
        before = find(bulk, names=("nobody",), before=before).looked_to
        parts += 1
    assert parts == MANY // NAMES_LOOKED_AT


# --- what words stand for


@pytest.mark.parametrize("words", ["couple 7", "Cöuple 7", "COUPLE 7 partner"])
def test_a_couple_is_found_by_the_words_of_its_title(bulk: Bulk, words: str) -> None:
    found = search(bulk, words)
    assert len(found.ids) == PAGE
    assert found.looked_to is None
    assert None not in of(found, Delivery.wedding_id)


def test_an_event_is_found_by_its_words_and_by_its_name(bulk: Bulk) -> None:
    assert of(search(bulk, "meals"), Delivery.event_type) == {"guests.meals_changed"}
    assert of(search(bulk, "contract.signed"), Delivery.event_type) == {RARE_TYPE}


def test_words_for_a_couple_and_an_event_are_both_meant(bulk: Bulk) -> None:
    found = search(bulk, "couple seating")
    assert of(found, Delivery.event_type) == {"seating.guest_added"}
    assert None not in of(found, Delivery.wedding_id)


def test_a_number_is_found_whole_by_its_beginning_and_with_its_header(bulk: Bulk) -> None:
    delivery = db.session.get_one(Delivery, find(bulk).ids[3])
    for number in (delivery.id, delivery.event_id, f"webhook-id: {delivery.event_id}"):
        assert search(bulk, str(number)).ids == [delivery.id]
    assert delivery.id in search(bulk, str(delivery.event_id)[:18]).ids
    assert search(bulk, "ffffffff").ids == []


def test_what_names_nothing_else_is_looked_for_among_names(bulk: Bulk) -> None:
    found = search(bulk, f"guest {MANY - 7}")
    assert len(found.ids) == 1
    (row,) = delivery_queries.rows(bulk.organization_id, found.ids)
    assert row.delivery.event_id is not None
    assert search(bulk, "100%_").ids == []


def test_what_there_is_to_choose_from_is_read_value_by_value(bulk: Bulk) -> None:
    assert naming.types_known(bulk.organization_id) == sorted([*TYPES, RARE_TYPE])
    assert naming.errors_known(bulk.organization_id) == ["http_503", RARE_ERROR]
    assert naming.types_known(ids.new_id()) == []


# --- how much is read


def rows_read(call: Callable[[], object]) -> tuple[float, float]:
    """How many rows of deliveries, and of events, everything asked for by `call` looks at."""
    asked: list[tuple[str, Any]] = []

    def listen(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        call()
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    read = {"deliveries": 0.0, "events": 0.0}
    with by_index():
        for statement, values in asked:
            if "set_config" not in statement:
                _add_rows_read(read, statement, values)
    return read["deliveries"], read["events"]


def _add_rows_read(read: dict[str, float], statement: str, values: Any) -> None:
    explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
    found = db.session.connection().exec_driver_sql(explained, values).scalar_one()
    for node in _nodes(found[0]["Plan"]):
        if node.get("Relation Name") in read:
            removed = node.get("Rows Removed by Filter", 0)
            looked_at = (node["Actual Rows"] + removed) * node["Actual Loops"]
            read[node["Relation Name"]] += looked_at


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(inner for child in node.get("Plans", ()) for inner in _nodes(child))]


ALONG_AN_INDEX: dict[str, dict[str, Any]] = {
    "all": {},
    "arrived": {"states": ("delivered",)},
    "gave up": {"states": ("exhausted",)},
    "waiting": {"states": ("due", "in_flight")},
    "stopped": {"states": ("cancelled",)},
    "a type": {"event_types": (TYPES[0],)},
    "a rare type": {"event_types": (RARE_TYPE,)},
    "an error": {"error": "http_503"},
    "a rare error": {"error": RARE_ERROR},
    "a time": {"since": clock.now() - timedelta(days=1)},
}


@pytest.mark.parametrize("name", ALONG_AN_INDEX)
def test_a_page_of_a_filter_reads_a_page_by_whatever_statistics(
    bulk: Bulk, statistics: str, name: str
) -> None:
    deliveries, _ = rows_read(lambda: find(bulk, **ALONG_AN_INDEX[name]))
    assert deliveries <= 2 * PAGE + 2


def test_a_page_of_an_endpoint_reads_a_page(bulk: Bulk, statistics: str) -> None:
    deliveries, _ = rows_read(lambda: find(bulk, endpoint_id=bulk.endpoint_id))
    assert deliveries <= PAGE + 2


def test_what_is_looked_at_on_the_way_is_bounded(bulk: Bulk, statistics: str) -> None:
    """Nothing of this type was stopped: the whole way is gone for nothing, once to find its end."""
    wanted: dict[str, Any] = {"event_types": (TYPES[3],), "states": ("cancelled",)}
    deliveries, _ = rows_read(lambda: find(bulk, **wanted))
    assert deliveries <= MANY / 4 * 2 + 2
    deliveries, events = rows_read(lambda: find(bulk, names=("nobody",)))
    assert deliveries <= 2 * NAMES_LOOKED_AT + 4
    assert events <= NAMES_LOOKED_AT + 2


def test_a_couple_and_a_number_are_read_by_index(bulk: Bulk, statistics: str) -> None:
    number = str(find(bulk).ids[0])
    deliveries, events = rows_read(lambda: search(bulk, "couple 17"))
    assert deliveries <= PAGE + 20
    assert events == 0
    deliveries, events = rows_read(lambda: search(bulk, number))
    assert deliveries <= 8
    assert events <= 2


def test_the_rows_of_a_page_are_read_by_index(bulk: Bulk, statistics: str) -> None:
    found = find(bulk)
    deliveries, events = rows_read(lambda: delivery_queries.rows(bulk.organization_id, found.ids))
    assert deliveries <= PAGE
    assert events <= PAGE


def test_choices_are_read_by_leaps(bulk: Bulk, statistics: str) -> None:
    deliveries, _ = rows_read(lambda: naming.types_known(bulk.organization_id))
    assert deliveries <= 12


# --- counts


def test_states_are_counted_and_no_further_than_a_bound(bulk: Bulk) -> None:
    counted = counts.by_state(bulk.organization_id, [bulk.endpoint_id])
    assert counted["due"] == MANY // 1_000
    assert counted["cancelled"] == 1
    assert counted["exhausted"] == MANY // 50 - MANY // 1_000
    assert counted["delivered"] == counts.MOST + 1
    assert counts.number_words(counted["delivered"]) == "10,000+"
    assert counts.number_words(counted["cancelled"]) == "1"
    since = clock.now() + timedelta(hours=1)
    later = counts.by_state(bulk.organization_id, [bulk.endpoint_id], since=since)
    assert set(later.values()) == {0}


def test_counts_read_no_more_than_their_bound(bulk: Bulk, statistics: str) -> None:
    deliveries, _ = rows_read(lambda: counts.by_state(bulk.organization_id, [bulk.endpoint_id]))
    assert deliveries <= counts.MOST + MANY / 50 + 2


def test_the_chart_of_a_day_does_not_read_the_day(bulk: Bulk, statistics: str) -> None:
    now = clock.now()
    hours = counts.hours(bulk.organization_id, bulk.endpoint_id, now)
    assert [hour.made for hour in hours] == [0] * 23 + [MANY]
    assert hours[-1].is_late
    deliveries, _ = rows_read(lambda: counts.hours(bulk.organization_id, bulk.endpoint_id, now))
    assert deliveries <= 2 * counts.HOURS


def test_what_an_endpoint_did_is_told_without_reading_it(bulk: Bulk, statistics: str) -> None:
    now = clock.now()
    done = counts.traffic(bulk.organization_id, [bulk.endpoint_id], now)
    here = done[bulk.endpoint_id]
    waiting = MANY // 1_000
    assert (here.made, here.missing, here.waiting) == (MANY, MANY // 50 + 1, waiting)
    assert here.arrived == MANY - MANY // 50 - 1
    assert here.next_at is not None
    deliveries, _ = rows_read(lambda: counts.traffic(bulk.organization_id, [bulk.endpoint_id], now))
    assert deliveries <= MANY // 50 + 4 * waiting + 10
