"""What happens by the clock: a table, and a drain that any number of workers may run.

A slot of a job is taken by inserting `(name, slot)`; whoever inserts it does the work, so nothing
happens twice. What a killed worker took and did not do is done in the next slot, so every job
here must be one that may be late.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, text

from wedsync.connections import keeping
from wedsync.connections.tokens import refreshing
from wedsync.health.incidents import watching
from wedsync.platform import clock, leases, runtime
from wedsync.rollups import retention as rollups
from wedsync.webhooks.delivering import failing, lanes, settling, taking_away
from wedsync.webhooks.delivering import retention as attempts
from wedsync.webhooks.hooks import retention
from wedsync.workflows.building.tries import real_tries
from wedsync.workflows.clockwork import poll_timers, replanning
from wedsync.workflows.history import attention, needs_events
from wedsync.workflows.questions import approval_letters
from wedsync.workflows.running import (
    budget_lines,
    calling,
    chain_budgets,
    claims,
    deadly_runs,
    listening,
    once_slots,
    runaways,
    waiting_on,
)
from wedsync.workflows.running.reach import Reach
from workers import deadly_events

log = logging.getLogger(__name__)

_TAKE = text("INSERT INTO schedule_slots (name, slot) VALUES (:name, :slot) ON CONFLICT DO NOTHING")
_PRUNE_SLOTS = text("DELETE FROM schedule_slots WHERE slot < now() - interval '1 day'")
_PRUNE_ANSWERS = text(
    "DELETE FROM remembered_answers WHERE key_hash IN (SELECT key_hash FROM remembered_answers"
    " WHERE created_at < now() - interval '24 hours' LIMIT 5000)"
)
_PRUNE_FAILURES = text("DELETE FROM sign_in_failures WHERE created_at < now() - interval '1 day'")
_PRUNE_MAIL = text(
    "DELETE FROM mail_messages WHERE id IN (SELECT id FROM mail_messages"
    " WHERE state IN ('sent', 'given_up') AND created_at < now() - interval '90 days' LIMIT 5000)"
)
_PRUNE_NOTICES = text(
    "DELETE FROM notices WHERE id IN (SELECT id FROM notices"
    " WHERE closed_at < now() - interval '90 days' LIMIT 5000)"
)
_PRUNE_LINKS = text(
    "DELETE FROM person_links WHERE id IN (SELECT id FROM person_links"
    " WHERE expires_at < now() - interval '1 day' LIMIT 5000)"
)
_PRUNE_APPROVAL_LINKS = text(
    "DELETE FROM approval_links WHERE id IN (SELECT id FROM approval_links"
    " WHERE expires_at < now() - interval '90 days' LIMIT 5000)"
)
_PRUNE_KNOCKS = text(
    "DELETE FROM knocks WHERE id IN (SELECT id FROM knocks"
    " WHERE created_at < now() - interval '1 day' LIMIT 5000)"
)
_PRUNE_GESTURES = text(
    "DELETE FROM done_gestures WHERE key_hash IN (SELECT key_hash FROM done_gestures"
    " WHERE done_at < now() - interval '1 day' LIMIT 5000)"
)
_PRUNE_TRIES = text(
    "DELETE FROM tries WHERE id IN (SELECT id FROM tries"
    " WHERE created_at < now() - interval '7 days' LIMIT 5000)"
)
_PRUNE_TRIED_OUTPUTS = text(
    "DELETE FROM tried_outputs WHERE (user_id, workflow_id, step_id) IN"
    " (SELECT user_id, workflow_id, step_id FROM tried_outputs"
    "  WHERE tried_at < now() - interval '90 days' LIMIT 5000)"
)
_PRUNE_CHAINS = text(
    "DELETE FROM chains WHERE (organization_id, root_id) IN"
    " (SELECT organization_id, root_id FROM chains"
    f"  WHERE began_at < now() - interval '{chain_budgets.BUDGET_DAYS} days' LIMIT 5000)"
)
_PRUNE_DELIVERY_HOURS = text(
    "DELETE FROM delivery_hours WHERE (endpoint_id, hour) IN (SELECT endpoint_id, hour"
    " FROM delivery_hours WHERE hour < now() - interval '8 days' LIMIT 5000)"
)
_PRUNE_INCIDENTS = text(
    "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents"
    " WHERE closed_at < now() - interval '2 years' LIMIT 5000)"
)
_PRUNED = (
    _PRUNE_INCIDENTS,
    _PRUNE_DELIVERY_HOURS,
    _PRUNE_CHAINS,
    _PRUNE_GESTURES,
    _PRUNE_TRIES,
    _PRUNE_TRIED_OUTPUTS,
    _PRUNE_SLOTS,
    _PRUNE_ANSWERS,
    _PRUNE_FAILURES,
    _PRUNE_MAIL,
    _PRUNE_NOTICES,
    _PRUNE_LINKS,
    _PRUNE_APPROVAL_LINKS,
    _PRUNE_KNOCKS,
)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A job: at most once in every `every_s` seconds, in one transaction of its own."""

    name: str
    every_s: int
    do: Callable[[Connection], object]


def give_back_claims(connection: Connection) -> int:
    """Free what dead owners held, and what hung past its lease; returns how many rows."""
    dead = leases.dead_owners(connection)
    # Deliveries before runs, as the fan-out does: two that lock lanes in one order cannot deadlock.
    freed = settling.release(connection, dead) + claims.release(connection, dead)
    once_slots.give_back_of(connection, dead)
    refreshing.release(connection, dead)
    poll_timers.release(connection, dead)
    real_tries.release(connection, dead)
    deadly_runs.count(connection, dead)
    deadly_events.count(connection, dead)
    leases.forget_owners(connection, dead)
    return freed


def look_at_sleeping_lanes(connection: Connection) -> None:
    """Wake lanes that have work nobody told them of; deliveries before runs, as everywhere."""
    lanes.sweep_lanes(connection)
    claims.sweep_lanes(connection)


def prune(connection: Connection) -> None:
    """Forget what is only kept for a while, at most five thousand rows of each at a time."""
    for statement in _PRUNED:
        connection.execute(statement)
    keeping.prune(connection)
    lanes.forget_idle_lanes(connection)
    retention.prune(connection)


def wake_who_waits_for_connections(connection: Connection) -> None:
    """Wake runs whose connection opens, if nobody else did; their drain looks every second."""
    here = runtime.runtime()
    waiting_on.sweep(connection, Reach(connection, here.vault, here.settings))


def tell_people(connection: Connection) -> None:
    """Tell those whose runs need them; the drain of e-mail finds what is written to them."""
    here = runtime.runtime()
    needs_events.announce(connection)
    attention.keep_people_told(connection, here.vault, here.settings)


def look_after_endpoints(connection: Connection) -> None:
    """Warn of endpoints that fail for days and disable them; the drain of e-mail finds what is
    written to their people."""
    here = runtime.runtime()
    failing.look_after(connection, here.vault, here.settings)
    settling.cancel_what_is_gone(connection)


def tell_who_is_asked(connection: Connection) -> None:
    """Write to those whose answer runs wait for; the drain of e-mail finds what is written."""
    here = runtime.runtime()
    approval_letters.keep_asked_people_told(connection, here.vault, here.settings)


def hold_runaways(connection: Connection) -> None:
    """Limit workflows that start far more often than anybody's business asks for."""
    here = runtime.runtime()
    runaways.hold(connection, here.vault, here.settings, clock.now())


def watch_over_everything(connection: Connection) -> None:
    """Open and close incidents; the drain of e-mail finds what is written to their people."""
    here = runtime.runtime()
    watching.watch(connection, here.vault, here.settings, clock.now())


def look_at_moved_dates(connection: Connection) -> None:
    """Wake runs that wait by a date their wedding does not have any more."""
    replanning.sweep(connection, clock.now())


TABLE = (
    Scheduled("give back claims", 1, give_back_claims),
    Scheduled("wake who waits for its turn", 5, once_slots.sweep),
    Scheduled("wake who waits for a budget", 5, budget_lines.sweep),
    Scheduled("wake who waits for a connection", 30, wake_who_waits_for_connections),
    Scheduled("wake who waits for a run", 5, calling.sweep),
    Scheduled("look at sleeping lanes", 30, look_at_sleeping_lanes),
    Scheduled("look back for events", 1, listening.sweep),
    Scheduled("tell people", 5, tell_people),
    Scheduled("look after endpoints", 10, look_after_endpoints),
    Scheduled("take away deleted endpoints", 2, taking_away.take_away),
    Scheduled("look at moved dates", 60, look_at_moved_dates),
    Scheduled("hold runaways", 20, hold_runaways),
    Scheduled("watch over everything", watching.EVERY_S, watch_over_everything),
    Scheduled("tell who is asked", 2, tell_who_is_asked),
    Scheduled("prune", 600, prune),
    Scheduled("forget rollups", 10, rollups.prune),
    Scheduled("forget receipts", 10, retention.forget_receipts),
    Scheduled("forget attempts", 10, attempts.forget_attempts),
    Scheduled("forget raw bodies", 60, retention.forget_raw_bodies),
)


def run_due(engine: Engine, table: tuple[Scheduled, ...] = TABLE) -> list[str]:
    """Do what is due in this moment's slots; returns the names of the jobs done here.

    A job that fails keeps none of the others from running. Raises after the last what the first
    such job raised.
    """
    now = clock.now()
    done: list[str] = []
    failures: list[Exception] = []
    for job in table:
        try:
            if _take_and_do(engine, job, now):
                done.append(job.name)
        except Exception as failure:
            log.exception("the scheduled job “%s” failed", job.name)
            failures.append(failure)
    if failures:
        raise failures[0]
    return done


def _take_and_do(engine: Engine, job: Scheduled, now: datetime) -> bool:
    slot = datetime.fromtimestamp(now.timestamp() // job.every_s * job.every_s, UTC)
    with engine.begin() as connection:
        if connection.execute(_TAKE, {"name": job.name, "slot": slot}).rowcount == 0:
            return False
        job.do(connection)
    return True
