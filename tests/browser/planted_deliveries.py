"""An endpoint with a day behind it, planted into the site's own database: what arrived, what is
tried again after four tries, what was given up in an order, and nobody there to send it to."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from tests.live_site import LiveSite
from wedsync.platform import clock, ids

KITCHEN = "Olive & Thyme orders"
COUPLE = "Hannah & Josef"
_TIMES = {"dns_ms": 8, "connect_ms": 13, "tls_ms": 25, "first_byte_ms": 140, "total_ms": 173}
_SENT = (
    "webhook-id: {event}\nwebhook-timestamp: 1810033504\nwebhook-signature: v1,K5oZ… v1,9dQ2…\n"
    "content-type: application/json"
)


@dataclass(frozen=True)
class Planted:
    """The endpoint, and the deliveries of interest."""

    endpoint_id: UUID
    trying: UUID
    arrived: UUID
    behind: UUID


class Garden:
    """Plants rows of one organization."""

    def __init__(self, connection: psycopg.Connection[Any], organization: UUID) -> None:
        self._connection = connection
        self._organization = organization
        self.now = clock.now()

    def insert(self, table: str, **values: Any) -> None:
        row = {"organization_id": self._organization, **values}
        names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        self._connection.execute(statement.encode(), list(row.values()))

    def endpoint(self, **values: Any) -> UUID:
        made = ids.new_id()
        self.insert("endpoints", id=made, secret=b"", **values)
        return made

    def deliver(
        self,
        endpoint: UUID,
        event_type: str,
        data: Any,
        ago: timedelta,
        *tries: dict[str, Any],
        wedding: UUID | None = None,
        lane: str | None = None,
        **values: Any,
    ) -> UUID:
        at = self.now - ago
        event, made = _id_at(at), _id_at(at)
        self.insert(
            "events",
            id=event,
            type=event_type,
            source="api",
            occurred_at=at,
            data=json.dumps(data),
            causation="{}",
            wedding_id=wedding,
            fanned_out_at=at,
        )
        self.insert(
            "deliveries",
            id=made,
            created_at=at,
            endpoint_id=endpoint,
            event_id=event,
            event_type=event_type,
            wedding_id=wedding,
            lane=lane or str(endpoint),
            attempts=len(tries),
            last_error=tries[-1].get("error") if tries else None,
            **values,
        )
        for number, tried in enumerate(tries, 1):
            self._try(made, number, event, at, tried)
        return made

    def _try(
        self, delivery: UUID, number: int, event: UUID, at: datetime, tried: dict[str, Any]
    ) -> None:
        started = at + tried.get("after", timedelta())
        self.insert(
            "delivery_attempts",
            delivery_id=delivery,
            number=number,
            started_at=started,
            finished_at=started + timedelta(milliseconds=tried["ms"]),
            outcome=tried.get("outcome", "refused"),
            status=tried.get("status"),
            error=tried.get("error"),
            timings=json.dumps(_TIMES | {"total_ms": tried["ms"]}),
            answer=tried.get("answer"),
            request_headers=_SENT.format(event=event),
            response_headers=tried.get("headers"),
        )


def plant(site: LiveSite, name: str = KITCHEN) -> Planted:
    """All of it, to Rosewood."""
    url = site.settings.libpq_url
    assert url is not None
    with psycopg.connect(url) as connection:
        query = "SELECT id FROM organizations WHERE name = 'Rosewood Weddings'"
        found = connection.execute(query).fetchone()
        assert found is not None
        return _plant(Garden(connection, found[0]), name)


def stop(site: LiveSite, endpoint_id: UUID) -> None:
    """Disable an endpoint that nothing arrived at for five days."""
    url = site.settings.libpq_url
    assert url is not None
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE endpoints SET state = 'disabled', state_reason = 'failing',"
            " disabled_at = now(), failing_since = now() - interval '5 days',"
            " breaker_until = NULL WHERE id = %s",
            [endpoint_id],
        )


def _plant(garden: Garden, name: str) -> Planted:
    wedding = ids.new_id()
    garden.insert("weddings", id=wedding, title=COUPLE, date="2031-05-22")
    endpoint = garden.endpoint(
        url="https://orders.oliveandthyme.example/hooks/rosewood",
        description=name,
        event_types=["guests.final_count", "guests.meals_changed", "guests.allergy_added"],
        ordered_by="data.wedding_id",
        failing_since=garden.now - timedelta(hours=2, minutes=35),
        breaker_until=garden.now + timedelta(hours=1),
        last_failed_at=garden.now,
    )
    ok = {"ms": 290, "status": 200, "outcome": "ok", "answer": "taken"}
    down = {
        "ms": 173,
        "status": 503,
        "error": "http_503",
        "headers": "content-type: text/plain\ndate: Tue, 11 May 2027 10:30:02 GMT",
        "answer": "Kitchen orders are being\nupdated. Back this afternoon.",
    }
    lane = f"{endpoint}:rosewood"
    done = {"state": "delivered", "finished_at": garden.now, "wedding": wedding}
    for hours in (23, 20, 16, 15, 15, 14, 14, 14, 13, 6, 5, 4):
        garden.deliver(
            endpoint, "guests.meals_changed", {}, timedelta(hours=hours, minutes=5), ok, **done
        )
    garden.deliver(
        endpoint,
        "guests.allergy_added",
        {"guest": "Amara Osei"},
        timedelta(hours=3),
        down,
        state="exhausted",
        lane=lane,
        failures=10,
        finished_at=garden.now,
    )
    arrived = garden.deliver(
        endpoint,
        "guests.meals_changed",
        {"meals": {"lamb": 38}},
        timedelta(hours=2, minutes=50),
        down,
        ok | {"after": timedelta(seconds=5), "ms": 5_400},
        **done,
    )
    trying = garden.deliver(
        endpoint,
        "guests.final_count",
        {"guests": 104, "missing": 4, "allergies": {"$sealed": "c2VhbGVk"}},
        timedelta(hours=2, minutes=35),
        down,
        down | {"after": timedelta(seconds=5), "ms": 151},
        {"after": timedelta(minutes=5), "ms": 15_000, "error": "timeout", "outcome": "maybe"},
        down | {"after": timedelta(minutes=35), "ms": 176},
        state="due",
        failures=4,
        wedding=wedding,
        lane=lane,
        seq=1,
        next_attempt_at=garden.now + timedelta(hours=1, minutes=25),
    )
    behind = garden.deliver(
        endpoint,
        "guests.meals_changed",
        {"meals": {"trout": 41}},
        timedelta(hours=1),
        state="due",
        wedding=wedding,
        lane=lane,
        seq=2,
        next_attempt_at=garden.now + timedelta(minutes=1),
    )
    for hours, made in ((23, 4), (20, 1), (16, 12), (15, 20), (14, 16), (13, 5), (5, 9), (2, 28)):
        hour = (garden.now - timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)
        garden.insert("delivery_hours", endpoint_id=endpoint, hour=hour, made=made)
    return Planted(endpoint, trying, arrived, behind)


def _id_at(at: datetime) -> UUID:
    """An id as it would have been made then."""
    made = ids.new_id()
    return UUID(int=ids.first_at(at).int | (made.int & ((1 << 80) - 1)))
