"""What came of an attempt to deliver, and what that means for its delivery. Pure but for chance."""

import random
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.platform.outbound import Answer, Outcome, Timings
from wedsync.platform.retry_after import retry_after_s
from wedsync.webhooks import schedule

_ANSWER_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Sending:
    """One claimed delivery on its way."""

    id: UUID
    organization_id: UUID
    endpoint_id: UUID
    lane: str
    fence: int
    number: int
    failures: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one attempt's outcome means for its delivery: the columns both rows get."""

    id: UUID
    organization_id: UUID
    endpoint_id: UUID
    lane: str
    fence: int
    number: int
    outcome: str
    state: str
    failures: int
    next_attempt_at: datetime | None
    status: int | None
    error: str | None
    timings: Timings
    answer: str

    @property
    def is_gone(self) -> bool:
        return self.status == 410


def judge(sending: Sending, outcome: Outcome, now: datetime) -> Verdict:
    """What an outcome means: only 2xx is success, a redirect is not, 410 ends it for good."""
    if not isinstance(outcome, Answer):
        return _failed(sending, outcome, outcome.kind, outcome.code, now)
    if 200 <= outcome.status < 300:
        return _verdict(sending, outcome, "ok", "delivered", sending.failures)
    if outcome.status == 410:
        return _verdict(
            sending, outcome, "refused", "cancelled", sending.failures + 1, error="gone"
        )
    is_redirect = 300 <= outcome.status < 400
    error = "redirected" if is_redirect else f"http_{outcome.status}"
    return _failed(sending, outcome, "refused", error, now)


def _failed(sending: Sending, outcome: Outcome, kind: str, error: str, now: datetime) -> Verdict:
    failures = sending.failures + 1
    wait_s = retry_after_s(outcome) if isinstance(outcome, Answer) else None
    again = schedule.next_attempt_at(failures, now, random=random.random(), retry_after_s=wait_s)
    state = "due" if again else "exhausted"
    return _verdict(sending, outcome, kind, state, failures, again, error)


def _verdict(
    sending: Sending,
    outcome: Outcome,
    kind: str,
    state: str,
    failures: int,
    next_attempt_at: datetime | None = None,
    error: str | None = None,
) -> Verdict:
    return Verdict(
        sending.id,
        sending.organization_id,
        sending.endpoint_id,
        sending.lane,
        sending.fence,
        sending.number,
        kind,
        state,
        failures,
        next_attempt_at,
        outcome.status if isinstance(outcome, Answer) else None,
        error,
        outcome.timings,
        _words(outcome),
    )


def _words(outcome: Outcome) -> str:
    """The beginning of what they said, or why nothing came back."""
    if isinstance(outcome, Answer):
        return outcome.body[:_ANSWER_SHOWN].decode("utf-8", "replace").replace("\x00", "")
    return outcome.message
