"""When to try again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isnan
from typing import Any

from wedsync.workflows.engine.limits import MAX_DELAY_S

JITTER = 0.1
"""Up to a tenth on top, so that runs that failed together do not all come back together."""

DEFAULTS: Mapping[str, float] = {
    "attempts": 6,
    "first_delay_s": 5,
    "factor": 3,
    "max_delay_s": 86_400,
}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`attempts` in all, the first included; delays in seconds, each `factor` times the last."""

    attempts: int
    first_delay_s: float
    factor: float
    max_delay_s: float

    @classmethod
    def of(cls, written: Mapping[str, Any] | None) -> "RetryPolicy":
        said = {**DEFAULTS, **(written or {})}
        return cls(
            int(said["attempts"]), said["first_delay_s"], said["factor"], said["max_delay_s"]
        )

    def delay_s(self, tries: int, random: float, retry_after_s: float | None = None) -> float:
        """How long to wait after `tries` failures; never less than the far end asked for."""
        delay = float(self.first_delay_s)
        for _ in range(tries - 1):
            if delay >= self.max_delay_s:
                break
            delay *= self.factor
        delay = min(delay, self.max_delay_s)
        asked = min(max(retry_after_s or 0.0, 0.0), MAX_DELAY_S)
        return max(delay, asked) * (1 + JITTER * min(max(0.0, random), 1.0))

    def due_at(
        self, now: datetime, tries: int, random: float, retry_after_s: float | None = None
    ) -> datetime:
        """The instant of the next attempt."""
        return now + timedelta(seconds=self.delay_s(tries, random, retry_after_s))


def asked_delay(error: Mapping[str, Any]) -> float | None:
    """The `retry_after_s` of an error, when it is a number."""
    said = error.get("retry_after_s")
    if not isinstance(said, int | float) or isinstance(said, bool) or isnan(said):
        return None
    return float(min(said, MAX_DELAY_S))
