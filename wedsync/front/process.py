"""What one web process is made of, how it starts and how it stops."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any

from wedsync.factory import create_app
from wedsync.front.accept import Acceptor
from wedsync.front.bell import Bell
from wedsync.front.buffered import Buffered
from wedsync.front.committer import Committer
from wedsync.front.hook_cache import HookCache
from wedsync.front.limits import Limits
from wedsync.front.link import Link
from wedsync.front.live import Live
from wedsync.front.quotas import Quotas
from wedsync.front.rejections import Rejections
from wedsync.platform.garbage import collect_seldom
from wedsync.platform.runtime import Runtime
from wedsync.settings import Settings

_AGAIN_AFTER_S = 1.0

log = logging.getLogger(__name__)


class Process:
    """The three ways of answering, and the tasks behind them. Made inside the event loop."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        app = create_app(settings)
        runtime: Runtime = app.extensions["wedsync"]
        url = settings.require_libpq_url()
        self._links = [Link(url, f"wedsync-front-{name}") for name in ("store", "find", "look")]
        store, find, look = self._links
        self._bell = Bell(runtime.wake, "events")
        self._rejections = Rejections(look, limits)
        self._quotas = Quotas(look, limits)
        committer = Committer(store, self._bell.ring, limits)
        hooks = HookCache(find, runtime.vault)
        self.hooks = Acceptor(
            settings.public_url, hooks, committer, self._quotas, self._rejections, limits
        )
        self.flask = Buffered(app.wsgi_app, limits)
        self.live = Live(self.flask, look, settings.redis_url, limits)
        self._duties = (
            committer.run,
            self._bell.run,
            self._rejections.run,
            self._quotas.run,
            self.live.run_reader,
            self.live.run_company,
            self.live.run_subscriber,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin the work behind the answers."""
        collect_seldom()
        self._tasks = [asyncio.create_task(_keep_doing(duty)) for duty in self._duties]
        _before_stopping(self.live.end)

    async def stop(self) -> None:
        """End it in order; what was counted is written."""
        self.live.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._rejections.write()
        await self._quotas.write()
        await self.live.close()
        for link in self._links:
            await link.close()
        self.flask.close()


async def _keep_doing(duty: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A duty that failed is a bug to be told of, and to be taken up again."""
    while True:
        try:
            await duty()
        except Exception:
            log.exception("%s failed and begins again", duty.__qualname__)
            await asyncio.sleep(_AGAIN_AFTER_S)
        else:
            return


def _before_stopping(end_streams: Callable[[], None]) -> None:
    """Do this when the process is asked to stop, before the server's own handler acts.

    The server calls `lifespan.shutdown` only after every open answer has ended; streams never
    would by themselves.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(end_streams)
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)
