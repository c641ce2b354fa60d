"""Waking the drain of events without ever holding a request back."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from wedsync.platform.wake import Wake

_NOT_SOONER_S = 0.01


class Bell:
    """Rings from a thread of its own; however often it was asked to meanwhile, once.

    The first ring goes at once; under load there is one in ten milliseconds.
    """

    def __init__(self, wake: Wake, lane: str) -> None:
        self._wake = wake
        self._lane = lane
        self._wanted = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="bell")

    def ring(self) -> None:
        """Ask for a ring, after the commit."""
        self._wanted.set()

    async def run(self) -> None:
        """Ring whenever asked, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await loop.run_in_executor(self._thread, self._wake.ring, self._lane)
                await asyncio.sleep(_NOT_SOONER_S)
        finally:
            self._thread.shutdown(wait=False)
