"""When a delivery is tried again (design `webhooks.md`, Out). Pure."""

from datetime import datetime, timedelta

_MINUTE, _HOUR = 60.0, 3_600.0
DELAYS_S = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
"""Seconds after each failed attempt; the first attempt goes at once, so ten in all."""

MAX_ATTEMPTS = len(DELAYS_S) + 1
_JITTER = 0.1
_LONGEST_RETRY_AFTER_S = 24 * _HOUR


def next_attempt_at(
    failures: int, now: datetime, *, random: float, retry_after_s: float | None = None
) -> datetime | None:
    """When to try again after `failures` failed attempts; None when the tries are used up.

    `random` (0 to 1) spreads the delay by a tenth. A partner's Retry-After lengthens the wait and
    never shortens it.
    """
    if failures >= MAX_ATTEMPTS:
        return None
    delay = DELAYS_S[failures - 1] * (1 + _JITTER * random)
    if retry_after_s is not None:
        delay = max(delay, min(retry_after_s, _LONGEST_RETRY_AFTER_S))
    return now + timedelta(seconds=delay)
