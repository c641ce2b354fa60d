"""What can be read of a wedding, by the names people use for it."""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from typing import Any

from wedsync.platform.wording import Wording
from wedsync.workflows.building.known.data_items import DataItem, ItemKind, sample_words
from wedsync.workflows.engine.expressions import EvaluationFailed, Template, compile_template
from wedsync.workflows.engine.view import View

_WEDDING, _NOW = {"var": "wedding"}, {"var": "now"}
_ICON = {"icon": "heart"}

_ITEMS: tuple[tuple[str, Any, ItemKind], ...] = (
    ("Couple’s names", {"wedding.couple": [_WEDDING]}, "text"),
    ("Couple’s first names", {"wedding.first_names": [_WEDDING]}, "text"),
    ("Wedding date", {"var": "wedding.date"}, "date"),
    ("Days until the wedding", {"wedding.days_until": [_WEDDING, _NOW]}, "number"),
    ("Days since the wedding", {"wedding.days_since": [_WEDDING, _NOW]}, "number"),
    ("Venue", {"var": "wedding.venue"}, "text"),
    ("RSVP deadline", {"var": "wedding.rsvp_deadline"}, "date"),
    ("Final count due", {"var": "wedding.final_count_due"}, "date"),
    ("Final count", {"var": "wedding.final_count"}, "number"),
    ("Delivery day", {"var": "wedding.delivery_date"}, "date"),
    ("Where the wedding stands", {"var": "wedding.status"}, "text"),
    ("Name of the wedding", {"var": "wedding.title"}, "text"),
    ("Wedding’s currency", {"var": "wedding.currency"}, "text"),
    ("Wedding’s time zone", {"var": "wedding.zone"}, "text"),
    ("Partners, one by one", {"wedding.partners": [_WEDDING]}, "list"),
)


def wedding_items(view: View, wording: Wording) -> Iterator[DataItem]:
    """Everything a step can read of the wedding, what people look for most first."""
    for (label, expression, kind), template in zip(_ITEMS, _templates(), strict=True):
        value = None
        with suppress(EvaluationFailed):
            value = template.fill(view)["value"]
        yield DataItem(expression, label, _ICON["icon"], kind, sample_words(value, wording))


@cache
def _templates() -> tuple[Template, ...]:
    return tuple(compile_template({"value": expression}) for _, expression, _ in _ITEMS)
