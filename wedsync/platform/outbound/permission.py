"""Whether the door opens for an address: the table, less loopback where development asks."""

import logging

from wedsync.platform.outbound.addresses import is_loopback, refusal

log = logging.getLogger(__name__)

_loopback = False


def allow_loopback(allowed: bool) -> None:
    """Open 127.0.0.0/8 and ::1 to this process, or close them again. Closed until called.

    For development and tests: a customer's address could then reach services of this machine.
    """
    global _loopback
    if allowed and not _loopback:
        log.warning(
            "Requests to this machine itself (127.0.0.0/8 and ::1) are allowed. "
            "Never run like this where strangers can enter addresses."
        )
    _loopback = allowed


def loopback_allowed() -> bool:
    """Whether the development switch is on in this process."""
    return _loopback


def refused(ip: str) -> str | None:
    """As `refusal`, with the development switch applied."""
    reason = refusal(ip)
    if reason is not None and _loopback and is_loopback(ip):
        return None
    return reason


def sentence(reason: str) -> str:
    return f"This address leads to {reason}, which is never called."
