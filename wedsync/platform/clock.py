"""Business time: the one place that asks what time it is.

Deadlines of leases use the database's `clock_timestamp()` instead, so that machines whose clocks
disagree still agree on who holds what.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)
