"""The drains of one worker process, and what each does in a round."""

import threading
from collections.abc import Callable
from functools import partial

from flask import Flask

from wedsync.accounts.recovery import Answering
from wedsync.platform import runtime
from wedsync.platform.db import db
from wedsync.platform.leases import LostOwnership, OwnerLock
from wedsync.platform.mail.sending import MailSender
from wedsync.platform.wake import Wake
from wedsync.platform.window import Window
from wedsync.webhooks.sending import DeliverySource
from wedsync.webhooks.subscribing import Subscribing
from wedsync.workflows.runner import RunSource
from workers import bells, schedule
from workers.drain import Drain
from workers.fan_out import FanOut


def start_drains(app: Flask, owner: OwnerLock, stopping: threading.Event) -> list[Drain]:
    """Start every drain of this process; each outlives Redis and stops on `stopping`."""
    with app.app_context():
        here = runtime.runtime()
        here.wake.prefer(bells.ring_here)
        runs = RunSource(db.engine, here.vault, here.settings, here.wake, owner)
        deliveries = DeliverySource(db.engine, here.vault, owner)
        works: dict[str, Callable[[], object]] = {
            "schedule": _schedule(owner),
            "events": _events(FanOut(db.engine, here.vault), here.wake, stopping),
            "runs": partial(Window(runs).work, stopping, bells.hang("runs")),
            "recovery": Answering(db.engine, partial(here.wake.ring, "mail")).work,
            "subscriptions": partial(
                Subscribing(db.engine, here.vault, here.settings).work, stopping
            ),
            "mail": partial(MailSender(db.engine, here.vault, here.settings).work, stopping),
            "deliveries": partial(Window(deliveries).work, stopping, bells.hang("deliveries")),
        }
    drains = [
        Drain(lane, work, app=app, bell=bells.hang(lane), stopping=stopping)
        for lane, work in works.items()
    ]
    for drain in drains:
        drain.start()
    return drains


def _schedule(owner: OwnerLock) -> Callable[[], None]:
    """Keep this process's ownership, and do what the clock says."""

    def work() -> None:
        try:
            owner.check()
        except LostOwnership:
            owner.acquire()
        schedule.run_due(db.engine)

    return work


def _events(fan_out: FanOut, bells_of_all: Wake, stopping: threading.Event) -> Callable[[], None]:
    """Fan out until nothing is left: a batch takes only so much of one organization, so a small
    one does not mean the end."""

    def work() -> None:
        while not stopping.is_set() and fan_out.batch():
            bells_of_all.ring("runs", "deliveries", "subscriptions")

    return work
