"""Looking at partners' lists as a worker does, by hand."""

from threading import Event

from apiflask import APIFlask

from tests.workers.scene import Worker
from wedsync.workflows.clockwork.polling import Polls

_NEVER = Event()


def look(app: APIFlask, worker: Worker) -> None:
    """Look wherever it is time, and wait for what comes home."""
    runtime = worker.runtime
    polls = Polls(worker.engine, runtime.vault, runtime.settings, worker.owner, lambda: None)
    try:
        polls.work(_NEVER)
        while polls.is_looking:
            polls.work(_NEVER)
    finally:
        polls.close()
