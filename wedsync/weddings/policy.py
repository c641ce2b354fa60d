"""Where a wedding stands, where it may go from there, and what about its dates looks wrong."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.weddings.models import STATUSES

LIVE = ("inquiry", "tentative", "booked", "postponed")
"""Those that are still to come."""

WORDS: Mapping[str, str] = {
    "inquiry": "Enquiry",
    "tentative": "Pencilled in",
    "booked": "Booked",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "postponed": "Postponed",
    "archived": "Put away",
}
NEXT: Mapping[str, tuple[str, ...]] = {
    "inquiry": ("tentative", "booked", "postponed", "cancelled", "archived"),
    "tentative": ("inquiry", "booked", "postponed", "cancelled", "archived"),
    "booked": ("inquiry", "tentative", "completed", "postponed", "cancelled", "archived"),
    # Postponed once more: its new date did not hold either.
    "postponed": ("inquiry", "tentative", "booked", "postponed", "cancelled", "archived"),
    "completed": ("booked", "archived"),
    "cancelled": ("inquiry", "tentative", "booked", "archived"),
    "archived": ("inquiry", "tentative", "booked", "completed", "cancelled"),
}


class Dated(Protocol):
    """The dates of a wedding."""

    date: Any
    rsvp_deadline: Any
    final_count_due: Any
    delivery_date: Any


def check_step(before: str, after: str, day: date | None, today: date) -> None:
    """Refuse a change of status that makes no sense. Raises Conflict or Invalid."""
    if after not in STATUSES or after not in NEXT[before]:
        raise Conflict(
            f"This wedding is {WORDS[before].lower()}, so it cannot be made"
            f" {WORDS.get(after, after).lower()}.",
            code="wedding_status",
        )
    if after == "completed" and day is not None and day > today:
        message = "It is still to come, so it cannot be completed."
        raise Invalid(message, errors=[FieldError("/status", "wrong_value", message)])


def warnings(wedding: Dated) -> list[str]:
    """What about its dates is worth a second look, a sentence each."""
    day = wedding.date
    if day is None:
        return []
    told = []
    if wedding.rsvp_deadline is not None and wedding.rsvp_deadline >= day:
        told.append("The RSVP deadline is not before the wedding.")
    if wedding.final_count_due is not None and wedding.final_count_due >= day:
        told.append("The final count is due only when the wedding is, or after it.")
    if wedding.delivery_date is not None and wedding.delivery_date < day:
        told.append("What is delivered after the wedding would be delivered before it.")
    return told
