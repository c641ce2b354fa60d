"""`python -m workers [--queue long]`: one worker process.

The drains start first and outlive Redis; the main thread keeps an RQ worker going whenever Redis
is there. One SIGTERM stops both: nothing new is claimed, and what is in flight comes home.
"""

import argparse
import logging
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType

from flask import Flask
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from wedsync.factory import create_app
from wedsync.platform import wake
from wedsync.platform.db import db
from wedsync.platform.garbage import collect_seldom
from wedsync.platform.leases import OwnerLock
from wedsync.settings import SettingError, Settings
from workers.drains import start_drains

_STOP_SECONDS = 30.0
_POOL = 8

log = logging.getLogger("workers")


class BellWorker(SimpleWorker):
    """An RQ worker that runs its jobs in this process, inside the app's context.

    Signals are this module's: RQ would answer a second SIGTERM by dropping its job.
    """

    max_connection_wait_time = 2
    app: Flask

    def perform_job(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        with self.app.app_context():
            return super().perform_job(*args, **kwargs)

    def _install_signal_handlers(self) -> None:
        """Left to the process."""


def main() -> int:
    """Run until told to stop; returns the exit code."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("rq").setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment()
        app = create_app(settings, pool_size=_POOL)
    except SettingError as error:
        sys.stderr.write(f"workers: {error}\n")
        return 2
    collect_seldom()
    stopping = threading.Event()
    with app.app_context():
        owner = OwnerLock(db.engine)
    drains = start_drains(app, owner, stopping) if arguments.queue == wake.QUEUE else []
    with suppress(StopRequested):  # the signal may come while RQ is not there to catch it
        _listen(app, settings, arguments.queue, stopping)
    for drain in drains:
        drain.join(_STOP_SECONDS)
    owner.release()
    with app.app_context():
        db.engine.dispose()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="workers", description="Does the work.")
    parser.add_argument("--queue", default=wake.QUEUE, choices=(wake.QUEUE, "long"))
    return parser.parse_args()


def _listen(app: Flask, settings: Settings, queue: str, stopping: threading.Event) -> None:
    """Keep an RQ worker on `queue` until told to stop, through Redis coming and going."""
    working: list[BellWorker] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        if stopping.is_set():
            return
        stopping.set()
        try:
            if working:
                working[0].request_stop(signum, frame)  # type: ignore[no-untyped-call]
        finally:
            listen()  # RQ has put in its own handlers, which would kill at the next signal

    def listen() -> None:
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, stop)

    listen()
    while not stopping.is_set():
        try:
            if settings.redis_url is not None:
                _serve(app, settings.redis_url, queue, working)
        except RedisError as error:
            log.warning("Redis is away (%s); the drains go on", type(error).__name__)
        finally:
            working.clear()
        stopping.wait(1.0)


def _serve(app: Flask, redis_url: str, queue: str, working: list[BellWorker]) -> None:
    connection = wake.connect(redis_url, timeout_s=None)
    worker = BellWorker(
        [Queue(queue, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        log_job_description=False,
    )
    worker.app = app
    working.append(worker)
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    sys.exit(main())
