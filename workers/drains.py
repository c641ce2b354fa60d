"""The drains of one worker process, and what each does in a round."""

import threading
from collections.abc import Callable
from typing import TypeVar

from flask import Flask

from wedsync.platform import runtime
from wedsync.platform.db import db
from wedsync.platform.leases import LostOwnership, OwnerLock
from wedsync.platform.wake import Wake
from wedsync.platform.window import Job, Source, Window
from wedsync.webhooks.sending import DeliverySource
from wedsync.workflows.runner import RunSource
from workers import bells, schedule
from workers.drain import Drain
from workers.fan_out import BATCH, FanOut

J = TypeVar("J", bound=Job)


def start_drains(app: Flask, owner: OwnerLock, stopping: threading.Event) -> list[Drain]:
    """Start every drain of this process; each outlives Redis and stops on `stopping`."""
    with app.app_context():
        here = runtime.runtime()
        here.wake.prefer(bells.ring_here)
        runs = RunSource(db.engine, here.vault, here.wake, owner)
        deliveries = DeliverySource(db.engine, here.vault, owner)
        works = {
            "schedule": _schedule(owner),
            "events": _events(FanOut(db.engine, here.vault), here.wake),
            "runs": _rolling(runs, "runs", owner, stopping),
            "deliveries": _rolling(deliveries, "deliveries", owner, stopping),
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


def _events(fan_out: FanOut, bells_of_all: Wake) -> Callable[[], None]:
    def work() -> None:
        claimed = BATCH
        while claimed == BATCH:
            claimed = fan_out.batch()
            if claimed:
                bells_of_all.ring("runs", "deliveries")

    return work


def _rolling(
    source: Source[J], lane: str, owner: OwnerLock, stopping: threading.Event
) -> Callable[[], None]:
    """A window's round. A process that lost its owner id drops what it held under the old one."""
    window = Window(source)
    bell = bells.hang(lane)
    held_as = owner.id

    def work() -> None:
        nonlocal held_as
        if not owner.is_held:
            return
        if owner.id != held_as:
            window.drop()
            held_as = owner.id
        window.work(stopping, bell)

    return work
