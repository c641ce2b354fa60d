"""The bells of this process: one event per drain, rung from inside or by an RQ job."""

import threading

from rq import get_current_job

_drains: dict[str, threading.Event] = {}


def hang(lane: str) -> threading.Event:
    """The bell of one drain of this process."""
    return _drains.setdefault(lane, threading.Event())


def ring_here(lane: str) -> bool:
    """Ring a drain of this very process; False when it has none for `lane`."""
    bell = _drains.get(lane)
    if bell is None:
        return False
    bell.set()
    return True


def ring(lane: str) -> None:
    """The RQ job: wake this process's drain.

    The flag in Redis is taken down first, so that whatever becomes due from here on rings again.
    """
    job = get_current_job()
    if job is not None:
        job.connection.delete(f"bell:{lane}")
    ring_here(lane)
