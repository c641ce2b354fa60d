"""The drains of one worker process, and what each does in a round."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection

from wedsync.accounts.recovery import Answering
from wedsync.connections.keeping import Keeper
from wedsync.platform import runtime
from wedsync.platform.db import db, engine_beside
from wedsync.platform.leases import LostOwnership, OwnerLock
from wedsync.platform.mail.sending import MailSender
from wedsync.platform.wake import Wake
from wedsync.platform.window import Window
from wedsync.rollups import counting
from wedsync.webhooks.delivering.sending import DeliverySource
from wedsync.webhooks.hooks.subscribing import Subscribing
from wedsync.webhooks.replays import replaying
from wedsync.workflows.building.tries.real_tries import TrySource
from wedsync.workflows.clockwork.polling import Polls
from wedsync.workflows.clockwork.timers import Clock
from wedsync.workflows.running import bulk_rerun, waiting_on
from wedsync.workflows.running.runner import RunSource
from workers import bells, schedule
from workers.drain import Drain
from workers.fan_out import FanOut


def start_drains(app: Flask, owner: OwnerLock, stopping: threading.Event) -> list[Drain]:
    """Start every drain of this process; each outlives Redis and stops on `stopping`."""
    with app.app_context():
        here = runtime.runtime()
        here.wake.prefer(bells.ring_here)
        runs = RunSource(db.engine, here.vault, here.settings, here.wake, owner)
        tries = TrySource(db.engine, here.vault, here.settings, here.wake, owner)
        deaths = here.settings.recoveries_before_parking
        sessions_of_deliveries = engine_beside(db.engine)
        deliveries = DeliverySource(sessions_of_deliveries, here.vault, owner, deaths)
        fan_out = FanOut(db.engine, here.vault, owner, deaths)
        rings = partial(here.wake.ring, "events")
        polls = Polls(db.engine, here.vault, here.settings, owner, rings)
        works: dict[str, Callable[[], object]] = {
            "schedule": _schedule(owner),
            "events": _events(fan_out, here.wake, stopping),
            "timers": partial(Clock(db.engine, partial(here.wake.ring, "runs")).work, stopping),
            "polls": partial(polls.work, stopping),
            "runs": partial(Window(runs).work, stopping, bells.hang("runs")),
            "recovery": Answering(db.engine, partial(here.wake.ring, "mail")).work,
            "connections": _connections(owner, here, stopping),
            "subscriptions": partial(
                Subscribing(db.engine, here.vault, here.settings).work, stopping
            ),
            "mail": partial(MailSender(db.engine, here.vault, here.settings).work, stopping),
            "rollups": partial(counting.work, db.engine, stopping),
            "reruns": _reruns(here.wake, stopping),
            "replays": partial(
                replaying.work, db.engine, stopping, partial(here.wake.ring, "deliveries")
            ),
            "tries": partial(Window(tries).work, stopping, bells.hang("tries")),
            "deliveries": partial(
                Window(deliveries, unwanted=deliveries.unwanted).work,
                stopping,
                bells.hang("deliveries"),
            ),
        }
    ends = {"deliveries": sessions_of_deliveries.dispose, "polls": polls.close}
    drains = [
        Drain(
            lane,
            work,
            app=app,
            bell=bells.hang(lane),
            stopping=stopping,
            at_end=ends.get(lane),
        )
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


def _connections(
    owner: OwnerLock, here: runtime.Runtime, stopping: threading.Event
) -> Callable[[], None]:
    """Keep connections; whoever waited for one that is usable again goes on at once."""
    goes_on = threading.Event()

    def on_ready(connection: Connection, ids: Sequence[UUID]) -> None:
        if waiting_on.connection_ready(connection, ids):
            goes_on.set()

    keeper = Keeper(db.engine, here.vault, here.settings, on_ready, owner=owner)

    def work() -> None:
        keeper.work(stopping)
        if goes_on.is_set():
            goes_on.clear()
            here.wake.ring("runs")

    return work


def _reruns(bells_of_all: Wake, stopping: threading.Event) -> Callable[[], None]:
    """Take up runs of the batches people asked for; each is due at once."""

    def work() -> None:
        if bulk_rerun.work(stopping):
            bells_of_all.ring("runs")

    return work


def _events(fan_out: FanOut, bells_of_all: Wake, stopping: threading.Event) -> Callable[[], None]:
    """Fan out until nothing is left: a batch takes only so much of one organization, so a small
    one does not mean the end."""

    def work() -> None:
        while not stopping.is_set() and fan_out.batch():
            bells_of_all.ring("runs", "deliveries", "subscriptions")

    return work
