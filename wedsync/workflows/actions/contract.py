"""What an action is: how it begins, what may come back, and what it does to the outside.

An action never sends anything itself. `begin` turns its input into a `Call` that leaves through
the outbound door, a `Publish` that is committed with the step, or a `Failed`; `finish` reads what
came back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from wedsync.platform.outbound import Outcome, Request

Effect = Literal["none", "local", "idempotent", "lookup", "once"]
FailureKind = Literal["not_sent", "maybe", "auth", "rate_limit", "permanent"]


@dataclass(frozen=True, slots=True)
class Succeeded:
    output: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """`kind` says whether the effect may have happened; `message` is a sentence for the vendor."""

    kind: FailureKind
    code: str
    message: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """An effect that leaves through the outbound door."""

    request: Request


@dataclass(frozen=True, slots=True)
class Publish:
    """A local effect: an event of ours, inserted in the transaction that records the step."""

    event_type: str
    data: Any


class Action(Protocol):
    """One action of one connector; a module-level object in its `connector.py`."""

    def effect(self, given: Mapping[str, Any]) -> Effect: ...

    def begin(
        self, given: Mapping[str, Any], *, key: str, timeout_s: float
    ) -> Call | Publish | Failed: ...

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed: ...
