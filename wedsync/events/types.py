"""The names of events: which are ours alone, and how a stranger's name is stored."""

import re

OURS = "ours"
EXTERNAL = "external."
MAX_CHARACTERS = 120

# Closed: a name that begins otherwise can never become ours later under somebody's feet.
_OUR_FIRST_WORDS = frozenset(
    {
        "wedding", "occasion", "guest", "household", "rsvp", "timeline", "budget", "instalment",
        "payment", "gallery", "message", "calendar", "contract", "invoice", "connection", "hook",
        "endpoint", "delivery", "run", "workflow", "sync", "privacy", "member",
    }
)  # fmt: skip
_WORD = re.compile(r"[a-z][a-z0-9_]*")


def is_ours(event_type: str) -> bool:
    """Whether this name is one only WedSync may publish, whatever its capitals."""
    return event_type.strip().partition(".")[0].lower() in _OUR_FIRST_WORDS


def stored_event_type(event_type: str, source: str) -> str:
    """The name under which an event from `source` is kept.

    Anything but ourselves that uses one of our names gets `external.<name>`, so that nobody can
    forge `contract.fully_signed`.
    """
    if source != OURS and is_ours(event_type):
        return EXTERNAL + event_type
    return event_type


def problem_with(event_type: str) -> str | None:
    """Why this cannot be the name of an event, as a sentence; None when it can."""
    if not event_type:
        return "The name of what happened is missing."
    if len(event_type) > MAX_CHARACTERS:
        return f"The name is longer than {MAX_CHARACTERS} characters."
    if not all(_WORD.fullmatch(word) for word in event_type.split(".")):
        return (
            "The name should be words in small letters joined by dots, such as seating.guest_added."
        )
    return None
