"""Reading Retry-After (RFC 9110, section 10.2.3)."""

from email.utils import parsedate_to_datetime

from wedsync.platform import clock
from wedsync.platform.outbound import Answer

LONGEST_S = 7 * 86_400.0


def retry_after_s(answer: Answer) -> float | None:
    """Seconds the answer asks us to wait, at most a week; None when it does not say."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST_S)
    try:
        wait = (parsedate_to_datetime(value) - clock.now()).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date, no zone, a year past the calendar's
        return None
    return min(max(wait, 0.0), LONGEST_S)
