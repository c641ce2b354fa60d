"""How many requests may call out at once: four per process, each for at most five seconds.

Beyond that the page says that we are still asking, and a drain does it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

WITHIN_S = 5.0
AT_ONCE = 4

_places = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def place() -> Iterator[bool]:
    """Whether there is room to ask now; the room is taken until the block ends."""
    free = _places.acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            _places.release()
