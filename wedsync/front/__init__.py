"""The ASGI face: `granian --interface asgi wedsync.front:app`.

It answers hooks itself (`accept`), streams what changes (`live`), and hands everything else, read
whole, to Flask (`buffered`). Read `process` for what one web process is made of.
"""

from wedsync.front.asgi import Receive, Scope, Send
from wedsync.front.limits import Limits
from wedsync.front.process import Process
from wedsync.front.streams import watched_at
from wedsync.settings import SettingError, Settings
from wedsync.webhooks.hooks.service import PATH as HOOKS

__all__ = ["Front", "app"]


class Front:
    """An ASGI app that becomes itself when the server starts it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._process: Process | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and self._process is not None:
            await _route(self._process, scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Start, wait, stop (https://asgi.readthedocs.io/en/latest/specs/lifespan.html)."""
        await receive()
        try:
            self._process = Process(Settings.from_environment(), self._limits)
        except SettingError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        self._process.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._process.stop()
        await send({"type": "lifespan.shutdown.complete"})


async def _route(process: Process, scope: Scope, receive: Receive, send: Send) -> None:
    path: str = scope["path"]
    if path.startswith(HOOKS):
        await process.hooks.answer(scope, receive, send)
    elif scope["method"] == "GET" and (watched := watched_at(path)) is not None:
        await process.live.answer(watched, scope, receive, send)
    else:
        await process.flask.answer(scope, receive, send)


app = Front()
