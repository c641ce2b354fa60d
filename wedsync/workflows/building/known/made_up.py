"""What stands in where nothing real is known yet: the example couple, and events by their type."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence

EXAMPLE_NAME = "Example couple: Ada & Ben"
_ID = "0198c0de-0000-7000-8000-000000000001"
_SATURDAY = 5
_AHEAD = timedelta(days=180)
_DEEPEST = 5
_MOST_FIELDS = 60

_DATES = {"date": {"from": "2027-06-05", "to": "2027-06-12"}}
_OURS: Mapping[str, Mapping[str, Any]] = {
    "wedding.created": {"status": "booked", "date": "2027-06-12"},
    "wedding.updated": {"changed": {"final_count": {"from": 80, "to": 82}}},
    "wedding.date_changed": {"changed": _DATES, "postponed": False},
    "wedding.postponed": {"changed": {**_DATES, "status": {"from": "booked", "to": "postponed"}}},
    "wedding.cancelled": {"changed": {"status": {"from": "booked", "to": "cancelled"}}},
    "wedding.archived": {"changed": {"status": {"from": "completed", "to": "archived"}}},
}
"""What our own events hold, beside whose wedding it is."""


def example_wedding(today: date) -> dict[str, Any]:
    """The wedding of Ada and Ben, as expressions see one: every field filled, on a Saturday about
    half a year ahead."""
    day = today + _AHEAD
    day += timedelta(days=(_SATURDAY - day.weekday()) % 7)
    return {
        "id": _ID,
        "title": "Ada & Ben",
        "date": day.isoformat(),
        "rsvp_deadline": (day - timedelta(days=42)).isoformat(),
        "final_count_due": (day - timedelta(days=14)).isoformat(),
        "delivery_date": (day + timedelta(days=42)).isoformat(),
        "final_count": 82,
        "zone": "Europe/London",
        "venue": "Hartwell Barn, Somerset",
        "currency": "GBP",
        "status": "booked",
        "partners": [{"name": "Ada Lindqvist"}, {"name": "Ben Okafor"}],
    }


def example_event(event_type: Any) -> dict[str, Any]:
    """The data of one of our own events; empty for one nobody described."""
    found = _OURS.get(event_type) if isinstance(event_type, str) else None
    return {"wedding_id": _ID, **found} if found else {}


def example_input(schema: Any) -> Any:
    """A value that a JSON Schema describes, by its examples and what its types are."""
    return _value(schema, 0) if refusal(schema) is None and isinstance(schema, dict) else None


def _value(schema: Any, depth: int) -> Any:
    described = mapping(schema)
    for given in ("const", "default"):
        if given in described:
            return described[given]
    for given in ("examples", "enum"):
        if sequence(described.get(given)):
            return described[given][0]
    if depth >= _DEEPEST:
        return None
    if mapping(described.get("properties")):
        fields = list(described["properties"].items())[:_MOST_FIELDS]
        return {name: _value(part, depth + 1) for name, part in fields}
    return _by_type(described, depth)


def _by_type(described: Mapping[str, Any], depth: int) -> Any:
    kind = described.get("type")
    kind = next((each for each in kind if each != "null"), None) if isinstance(kind, list) else kind
    if kind == "array":
        return [_value(described.get("items"), depth + 1)]
    if kind == "string":
        return _BY_FORMAT.get(str(described.get("format")), "Something")
    examples = {"integer": 1, "number": 1, "boolean": True, "object": {}}
    return examples.get(kind) if isinstance(kind, str) else None


_BY_FORMAT = {
    "date": "2027-06-12",
    "date-time": "2027-06-12T14:00:00+01:00",
    "time": "14:00",
    "email": "ada.and.ben@example.com",
    "uri": "https://example.com",
    "uuid": _ID,
}
