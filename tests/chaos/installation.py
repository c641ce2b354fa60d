"""A whole installation for one test of what survives, and what must hold when all is done."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.personas import make_organization
from tests.rollups.counts import require_the_same
from tests.servers import MASTER_KEY
from tests.workers.machine import (
    Partner,
    Process,
    Supervisor,
    app_over,
    kept_running,
    started_front,
)
from tests.workers.scene import (
    Sink,
    call,
    make_endpoint,
    make_hook,
    make_workflow,
    note,
    on_hook,
    one,
    rows,
    started_sink,
    tell,
    wait_until,
)
from wedsync import migrations
from wedsync.platform import embedded
from wedsync.platform.db import db
from wedsync.platform.embedded import PostgresServer, RedisServer
from wedsync.settings import Settings
from wedsync.workflows import queries

HOOKS = 1_000
UNFINISHED = """
SELECT (SELECT count(*) FROM events WHERE fanned_out_at IS NULL)
     + (SELECT count(*) FROM runs WHERE finished_at IS NULL)
     + (SELECT count(*) FROM deliveries WHERE finished_at IS NULL) AS n
"""
LEFT = """
(SELECT 'event' AS what, id, type AS state, NULL::text AS why, NULL::timestamptz AS due_at,
        NULL::uuid AS owner, NULL::timestamptz AS lease_until
   FROM events WHERE fanned_out_at IS NULL LIMIT 5)
UNION ALL
(SELECT 'run', id, state, waiting_for::text, due_at, owner, lease_until
   FROM runs WHERE finished_at IS NULL LIMIT 5)
UNION ALL
(SELECT 'delivery', id, state, NULL, next_attempt_at, owner, lease_until
   FROM deliveries WHERE finished_at IS NULL LIMIT 5)
"""


@dataclass
class Installation:
    """Everything of one installation, made for one test."""

    settings: Settings
    app: APIFlask
    postgres: PostgresServer
    redis: RedisServer
    sink: Sink
    partner: Partner
    workers: list[Process]
    supervisor: Supervisor
    organization: UUID
    workflow: UUID
    endpoint: UUID

    def logs(self) -> str:
        return "\n".join(worker.log[-4_000:] for worker in self.workers)

    def finish(self, seconds: float = 180) -> None:
        """Wait until everything accepted has come to its end."""
        try:
            wait_until(lambda: one(self.app, UNFINISHED).n == 0, seconds, 0.1)
        finally:
            print(self.logs(), *rows(self.app, LEFT), sep="\n")

    def wait_until_in_the_middle(self) -> None:
        """Until some of what was accepted is done, and some is not."""
        done = "SELECT count(*) AS n FROM runs WHERE finished_at IS NOT NULL"
        wait_until(lambda: one(self.app, done).n > 50, 20, 0.005)


Steps = Callable[[Sink], list[Any]]


@contextmanager
def servers_below(
    folder: Path, **settings_made: Any
) -> Iterator[tuple[embedded.PostgresServer, embedded.RedisServer, Settings]]:
    """A migrated PostgreSQL and a Redis of its own, and the settings that lead to them."""
    with (
        embedded.postgres(folder / "postgres", keep=False) as postgres,
        embedded.redis(folder / "redis") as redis,
    ):
        settings = Settings(
            home=folder,
            public_url="http://localhost",
            libpq_url=postgres.url,
            redis_url=redis.url,
            master_keys=(MASTER_KEY,),
            allow_loopback=True,
            **settings_made,
        )
        migrations.upgrade(settings.database_url)
        yield postgres, redis, settings


@contextmanager
def installed(
    folder: Path, *, workers: int = 2, steps: Steps | None = None, **settings_made: Any
) -> Iterator[Installation]:
    """A whole installation below `folder`: workers, a front, a partner, a receiver, and one
    workflow of `steps` on the partner's hook."""
    with ExitStack() as stack:
        postgres, redis, settings = stack.enter_context(servers_below(folder, **settings_made))
        app = stack.enter_context(app_over(settings))
        sink = stack.enter_context(started_sink())
        organization = make_organization(app)
        hook = make_hook(app, organization)
        workflow = make_workflow(app, organization, on_hook(hook), *(steps or _steps)(sink))
        endpoint, _ = make_endpoint(
            app, organization, sink.url("/ok/told"), event_types=["seating.guest_added"]
        )
        front = stack.enter_context(started_front(settings, folder))
        kept, supervisor = stack.enter_context(kept_running(settings, folder, workers=workers))
        wait_until(lambda: one(app, "SELECT count(*) AS n FROM owners").n == workers, 30)
        partner = Partner(front, hook)
        yield Installation(
            settings,
            app,
            postgres,
            redis,
            sink,
            partner,
            kept,
            supervisor,
            organization,
            workflow,
            endpoint,
        )


def _steps(sink: Sink) -> list[Any]:
    coming = {
        "id": "coming",
        "kind": "choose",
        "branches": [
            {
                "label": "Yes",
                "when": {"==": [{"var": "trigger.data.status"}, "accepted"]},
                "steps": [
                    note("shape", guest={"var": "trigger.data.guest"}),
                    call("seat", sink.url("/ok/seated")),
                    tell("tell", "seating.guest_added", {"guest": {"var": "steps.shape.guest"}}),
                ],
            }
        ],
    }
    return [coming]


# --- what must hold


def each_has_one_run(here: Installation) -> None:
    """Every accepted hook is one event, one run that succeeded and one delivery that arrived."""
    accepted = {UUID(event_id) for status, event_id in here.partner.answers if status == 202}
    assert len(accepted) == HOOKS
    runs = rows(here.app, "SELECT event_id, state FROM runs")
    assert {row.event_id for row in runs} == accepted
    assert Counter(row.state for row in runs) == {"succeeded": HOOKS}
    deliveries = rows(here.app, "SELECT state FROM deliveries")
    assert Counter(row.state for row in deliveries) == {"delivered": HOOKS}


def the_sink_has_each(here: Installation) -> None:
    """At least once, and more often only where a process died between sending and writing."""
    came = here.sink.keys()
    tries = rows(
        here.app,
        "SELECT idempotency_key AS key, count(*) AS n, count(*) FILTER (WHERE outcome = 'lost')"
        " AS lost FROM step_attempts GROUP BY 1"
        " UNION ALL SELECT d.event_id::text, count(*), count(*) FILTER (WHERE a.outcome = 'lost')"
        " FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id GROUP BY 1",
    )
    assert len(tries) == 2 * HOOKS
    assert {row.key for row in tries} == set(came)
    for row in tries:
        assert 1 <= came[row.key] <= row.n
        assert row.n == 1 + row.lost


def the_books_balance(here: Installation) -> None:
    """What was accepted, run and delivered is accounted for."""
    with here.app.app_context():
        books = queries.books(here.organization)
    assert dict(books.events) == {"to_fan_out": 0, "fanned_out": 2 * HOOKS, "parked": 0}
    assert (books.runs["succeeded"], books.started) == (HOOKS, HOOKS)
    assert (books.deliveries["delivered"], books.made) == (HOOKS, HOOKS)


def the_rollups_are_what_the_rows_come_to(here: Installation) -> None:
    """What was counted beside the kills is what a recount finds."""
    with here.app.app_context():
        require_the_same(db.engine)
