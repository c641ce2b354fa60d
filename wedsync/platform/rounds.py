"""Work on threads of a drain, a round at a time: begun while there is room, waited for briefly."""

import threading
from collections.abc import Callable, MutableMapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any


def keep_round(
    going: MutableMapping[Future[Any], Any],
    begin: Callable[[], object],
    stopping: threading.Event,
    *,
    look_s: float,
    after: Callable[[], object] = lambda: None,
) -> None:
    """Begin what is due and let go of what ended, until nothing ends within `look_s` seconds.

    `begin` puts futures into `going`; those that hang stay there for the next round. `after` is
    called when some have ended, before whatever failed among them is raised.
    """
    while not stopping.is_set():
        begin()
        if not going:
            return
        ended, _ = wait(going, timeout=look_s, return_when=FIRST_COMPLETED)
        for future in ended:
            del going[future]
        after()
        for future in ended:
            future.result()  # what failed is the drain's to log
        if not ended:
            return
