"""What came of an attempt to deliver, and what that means for its delivery. Pure but for chance."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from wedsync.platform.outbound import Answer, Failure, Outcome
from wedsync.platform.retry_after import retry_after_s
from wedsync.webhooks.delivering import heads, schedule

ABORTED = "aborted"
INTERRUPTED = Failure(
    "not_sent",
    "interrupted",
    "We were interrupted each time we sent this, and have stopped trying.",
)
"""In place of an outcome: workers died of it too often."""

_ANSWER_SHOWN = 1_000
_TOO_MANY = 429
# Our own reasons say nothing about who would have received it.
_OURS = frozenset({"not_ready", "url_refused", "request_refused", "address_refused", ABORTED})

Bearing: TypeAlias = Literal["up", "down", "unknown"]
"""What an outcome says of the far end: it answers, it does not or asks to be left alone, or
nothing."""


@dataclass(slots=True, eq=False)
class Sending:
    """One claimed delivery on its way to `url`. `is_probe`: the one that an open breaker lets out
    to see; `is_suspect`: a worker died while at it. `head` is set when it is ready: the headers of
    the request, as they are kept."""

    id: UUID
    organization_id: UUID
    endpoint_id: UUID
    lane: str
    fence: int
    number: int
    failures: int
    event_id: UUID
    event_type: str
    url: str
    is_suspect: bool = False
    is_probe: bool = False
    head: str | None = None

    @property
    def is_ordered(self) -> bool:
        return ":" in self.lane


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one attempt's outcome means for its delivery. `rest_s`: they asked to be left alone for
    that long."""

    sending: Sending
    outcome: Outcome
    kind: str
    state: str
    failures: int
    next_attempt_at: datetime | None
    error: str | None
    bearing: Bearing
    rest_s: float | None = None

    @property
    def is_gone(self) -> bool:
        return isinstance(self.outcome, Answer) and self.outcome.status == 410

    @property
    def has_failed(self) -> bool:
        """Whether it is a failure of the delivery, not our own change of mind."""
        return self.state != "delivered" and self.error != ABORTED

    def row(self) -> dict[str, Any]:
        """The columns that the delivery and its attempt get."""
        sending, outcome = self.sending, self.outcome
        answer = outcome if isinstance(outcome, Answer) else None
        return {
            "id": sending.id,
            "endpoint_id": sending.endpoint_id,
            "number": sending.number,
            "fence": sending.fence,
            "outcome": self.kind,
            "status": answer.status if answer else None,
            "error": self.error,
            "timings": outcome.timings,
            "answer": _words(outcome),
            "request_headers": sending.head,
            "response_headers": heads.of_answer(answer.headers) if answer else None,
            "state": self.state,
            "failures": self.failures,
            "next_attempt_at": self.next_attempt_at,
        }


def judge(sending: Sending, outcome: Outcome, now: datetime) -> Verdict:
    """What an outcome means: only 2xx is success, a redirect is not, 410 ends it for good."""
    if not isinstance(outcome, Answer):
        if outcome.code == ABORTED:
            return Verdict(
                sending, outcome, outcome.kind, "due", sending.failures, now, ABORTED, "unknown"
            )
        if outcome is INTERRUPTED:
            failures = sending.failures + 1
            return Verdict(
                sending, outcome, outcome.kind, "exhausted", failures, None, outcome.code, "unknown"
            )
        bearing: Bearing = "unknown" if outcome.code in _OURS else "down"
        return _failed(sending, outcome, outcome.kind, outcome.code, now, bearing)
    if 200 <= outcome.status < 300:
        return Verdict(sending, outcome, "ok", "delivered", sending.failures, None, None, "up")
    if outcome.status == 410:
        failures = sending.failures + 1
        return Verdict(sending, outcome, "refused", "cancelled", failures, None, "gone", "up")
    return refused(sending, outcome, now)


def refused(sending: Sending, answer: Answer, now: datetime) -> Verdict:
    """An answer that is no success, whatever else it says."""
    is_redirect = 300 <= answer.status < 400
    error = "redirected" if is_redirect else f"http_{answer.status}"
    is_down = answer.status >= 500 or answer.status == _TOO_MANY
    return _failed(sending, answer, "refused", error, now, "down" if is_down else "up")


def _failed(
    sending: Sending, outcome: Outcome, kind: str, error: str, now: datetime, bearing: Bearing
) -> Verdict:
    failures = sending.failures + 1
    wait_s = retry_after_s(outcome) if isinstance(outcome, Answer) else None
    again = schedule.next_attempt_at(failures, now, random=random.random(), retry_after_s=wait_s)
    state = "due" if again else "exhausted"
    rest_s = wait_s if bearing == "down" else None
    return Verdict(sending, outcome, kind, state, failures, again, error, bearing, rest_s)


def _words(outcome: Outcome) -> str:
    """The beginning of what they said, or why nothing came back."""
    if isinstance(outcome, Answer):
        return outcome.body[:_ANSWER_SHOWN].decode("utf-8", "replace").replace("\x00", "")
    return outcome.message
