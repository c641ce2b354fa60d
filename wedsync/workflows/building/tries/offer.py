"""The buttons that try one step, each saying whether anything leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.building.tries.wanted import NOTHING_OUTSIDE
from wedsync.workflows.catalogue import Entries

_REALLY = "Really do it"
_REALLY_SEND = "Really send it"
_TO_ME = "Really send, to me instead of the couple"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be tried of a step: pretending always; `really` for actions, `to_me` where somebody
    gets a message. `why_not` is the sentence in the place of a button that is not there."""

    pretend_words: str
    really: bool
    really_words: str
    to_me: bool
    to_me_words: str
    why_not: str


def offer_of(step: Mapping[str, Any], known: Entries) -> Offer:
    """The buttons for one step of a draft; `known` are the actions there are."""
    use = step.get("use")
    entry = known.get(use) if isinstance(use, str) and step.get("kind") == "action" else None
    is_message = entry is not None and entry.is_message
    return Offer(
        pretend_words="Pretend this step",
        really=entry is not None,
        really_words=_REALLY_SEND if is_message else _REALLY,
        to_me=entry is not None and entry.recipient is not None,
        to_me_words=_TO_ME,
        why_not="" if entry is not None else NOTHING_OUTSIDE,
    )
