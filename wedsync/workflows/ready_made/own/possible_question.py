"""One value of a workflow that can be asked each time it is made again."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from wedsync.workflows.catalogue import Entries
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import clip
from wedsync.workflows.ready_made.own.leaving_out import Privacy
from wedsync.workflows.ready_made.own.own_recipe import OwnQuestion
from wedsync.workflows.ready_made.recipe import Kind

LONGEST_TEXT = 300
ACCOUNT, WHO, LENGTH, SUBJECT, REST = range(5)
"""How likely a question is, the likeliest first."""

_LONGEST_CALLED = 60
_KINDS_CALLED = {
    "wait": "Wait",
    "approval": "Ask somebody",
    "choose": "Which way it goes",
    "for_each": "Go through a list",
    "call": "Start another workflow",
}
MISSING: Mapping[Kind, str] = {
    "connection": "Choose the account that it works through.",
    "hook": "Choose the webhook that tells it.",
    "person": "Choose who is asked.",
    "email": "Where does whoever gets it read e-mail?",
    "listed": "Choose one of the list.",
    "duration": "Say how long, for example 3 days.",
    "day_offset": "Say how many days before or after.",
    "number": "Write a number.",
    "link": "Write the link.",
    "text": "Write what should stand there.",
}


@dataclass(frozen=True, slots=True)
class Possible:
    """A value that can be asked. `now` is what stands there. One that `is_own` is never kept: it is
    asked or left open. `rank`: the likeliest question has the lowest."""

    question: OwnQuestion
    now: str
    is_own: bool
    is_always: bool
    rank: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A definition that is looked through. `steps` are its steps by id."""

    organization_id: UUID
    definition: Any
    entries: Entries
    privacy: Privacy
    steps: Mapping[str, Mapping[str, Any]]

    def called(self, step_id: str | None) -> str:
        """What a step is called where no one may be named; None is what starts it."""
        found = self.steps.get(str(step_id))
        return called(found, self.entries, self.privacy) if found is not None else "the start"


def called(step: Any, entries: Entries, privacy: Privacy) -> str:
    """What a step is called where no one may be named."""
    written = mapping(step)
    label, kind, use = (written.get(name) for name in ("label", "kind", "use"))
    entry = entries.get(use) if isinstance(use, str) else None
    said = entry.info.label if entry else _KINDS_CALLED.get(str(kind), "A step")
    if isinstance(label, str) and label.strip():
        said = " ".join(label.split())
    return clip(privacy.clean(said)[0], _LONGEST_CALLED)


def key_of(*parts: Any) -> str:
    """The same for the same draft, whoever asks."""
    return f"q{hashlib.sha256(orjson.dumps(parts)).hexdigest()[:12]}"
