"""What is said about a wedding's moments: what a parked run asks."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wedsync.workflows.engine.anchors import ANCHORS
from wedsync.workflows.engine.zones import zone_named


def late_question(wedding: Mapping[str, Any], moment: datetime) -> str:
    """What to ask when a moment had passed before it could be planned."""
    return (
        f"The time for this was {local_words(moment, wedding)}, which had passed already when it"
        " was planned. Should it still be done?"
    )


def moved_question(trigger: Mapping[str, Any], days: int) -> str:
    """What to ask when a day moved a little after its moment had come."""
    much = "1 day" if days == 1 else f"{days} days"
    day = ANCHORS.get(str(trigger["anchor"]), "the date")
    return f"This was done before {day} moved by {much}. Should it be done again?"


def local_words(moment: datetime, wedding: Mapping[str, Any]) -> str:
    """`3 March 2027 at 09:00`, as clocks at the wedding show it."""
    local = moment.astimezone(zone_named(wedding.get("zone")) or UTC)
    return f"{local.day} {local:%B %Y} at {local:%H:%M}"
