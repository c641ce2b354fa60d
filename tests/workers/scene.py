"""What tests of the workers need: a receiver that counts, a worker moved by hand, and rows as the
front and people leave them."""

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import Row, text

from tests.far_ends.processes import far_end
from wedsync.events import service as events
from wedsync.events.types import stored_event_type
from wedsync.platform import clock, ids, outbound
from wedsync.platform.db import db
from wedsync.platform.leases import OwnerLock
from wedsync.platform.outbound import Answer, Failure, Outcome, Timings
from wedsync.platform.runtime import Runtime
from wedsync.platform.vault import place
from wedsync.platform.window import Window
from wedsync.settings import CHECKOUT
from wedsync.webhooks.delivering.sending import DeliverySource
from wedsync.webhooks.delivering.verdicts import Sending
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.hooks import service as hooks
from wedsync.workflows.building.tries.real_tries import RealTry, TrySource
from wedsync.workflows.editing import service as workflows
from wedsync.workflows.running.live_run import LiveRun
from wedsync.workflows.running.runner import RunSource
from workers import schedule
from workers.fan_out import FanOut

_SINK = CHECKOUT / "tests" / "far_ends" / "sink.py"
_ROUNDS = 50
_NEVER = threading.Event()

Definition = dict[str, Any]
Result = TypeVar("Result")


# --- a receiver


@dataclass(frozen=True)
class Sink:
    """The receiver of `tests/far_ends/sink.py`, which says what each path answers."""

    port: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def keys(self) -> dict[str, int]:
        """How often each key came."""
        return dict(self._ask("GET", "/seen")["keys"])

    def paths(self) -> dict[str, int]:
        """How often each path was asked for."""
        return dict(self._ask("GET", "/seen")["paths"])

    def requests(self) -> list[dict[str, Any]]:
        """The latest requests: method, path, headers, body."""
        return list(self._ask("GET", "/seen")["last"])

    def arrivals(self) -> list[tuple[str, str, int]]:
        """Every request in the order they were answered: path, key, status (0 for none)."""
        return [(path, key, status) for path, key, status in self._ask("GET", "/arrivals")]

    def forget(self) -> None:
        self._ask("POST", "/forget")

    def _ask(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            return json.loads(connection.getresponse().read() or b"null")
        finally:
            connection.close()


@contextmanager
def started_sink() -> Iterator[Sink]:
    """A receiver in a process of its own, ended with the block, or with this test run."""
    with far_end([sys.executable, str(_SINK)]) as port:
        yield Sink(int(port))


# --- a worker


class Worker:
    """The drains of one worker process, each moved by hand, in this thread."""

    def __init__(self, app: APIFlask) -> None:
        self.app = app
        self.runtime: Runtime = app.extensions["wedsync"]
        with app.app_context():
            self.engine = db.engine
        self.owner = OwnerLock(self.engine)
        self.owner.acquire()
        self.run_source = RunSource(
            self.engine, self.runtime.vault, self.runtime.settings, self.runtime.wake, self.owner
        )
        self.runs: Window[LiveRun] = Window(self.run_source)
        self.try_source = TrySource(
            self.engine, self.runtime.vault, self.runtime.settings, self.runtime.wake, self.owner
        )
        self.tries: Window[RealTry] = Window(self.try_source)
        deaths = self.runtime.settings.recoveries_before_parking
        self.delivery_source = DeliverySource(self.engine, self.runtime.vault, self.owner, deaths)
        self.deliveries: Window[Sending] = Window(
            self.delivery_source, unwanted=self.delivery_source.unwanted
        )
        self._fan_out = FanOut(self.engine, self.runtime.vault, self.owner, deaths)

    def fan_out(self) -> int:
        """Fan out everything there is; returns how many events that were."""
        taken = 0
        while some := self._fan_out.batch():
            taken += some
        return taken

    def run(self) -> None:
        """Move every due run on until none is due or in flight."""
        self.runs.work(_NEVER, threading.Event())

    def deliver(self) -> None:
        """Send every due delivery."""
        self.deliveries.work(_NEVER, threading.Event())

    def try_steps(self) -> None:
        """Have every step happen that somebody asked to try."""
        self.tries.work(_NEVER, threading.Event())

    def work(self) -> None:
        """Everything, until no new event comes of it."""
        for _ in range(_ROUNDS):
            taken = self.fan_out()
            self.run()
            self.deliver()
            if not taken:
                return
        raise AssertionError("there is always more to do")

    def begin_runs(self) -> list[tuple[LiveRun, Any]]:
        """Claim due runs and commit that their effects start; none leaves."""
        return self._begin(self.run_source)

    def begin_deliveries(self) -> list[tuple[Sending, Any]]:
        """Claim due deliveries and commit their attempts; nothing leaves."""
        return self._begin(self.delivery_source)

    def _begin(self, source: Any) -> list[tuple[Any, Any]]:
        shares = Window(source)._shares
        return list(source.turn(self.owner.id, [], shares.room, shares).starts)

    def come_home(self, source: Any, finished: list[tuple[Any, Outcome]]) -> None:
        """Record outcomes without claiming anything."""
        source.turn(self.owner.id, finished, 0, Window(source)._shares)

    def sweep(self) -> int:
        """Give back what dead owners held; returns how many rows."""
        with self.engine.begin() as connection:
            return schedule.give_back_claims(connection)

    def die(self) -> None:
        """What a SIGKILL leaves: claims, and a lock nobody holds."""
        session = self.owner._connection
        assert session is not None
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        self.close()
        alive = "SELECT count(*) AS n FROM pg_stat_activity WHERE pid = :pid"
        wait_until(lambda: one(self.app, alive, pid=pid).n == 0)

    def close(self) -> None:
        self.owner.release()
        self.runs.close()
        self.deliveries.close()
        self.tries.close()


@contextmanager
def worker_of(app: APIFlask) -> Iterator[Worker]:
    worker = Worker(app)
    before = outbound.loopback_allowed()
    outbound.allow_loopback(True)
    try:
        yield worker
    finally:
        outbound.allow_loopback(before)
        worker.close()


def not_sent() -> Outcome:
    """What comes home when nobody listened."""
    return Failure("not_sent", "connect_failed", "Nobody listens there.")


def answered(status: int = 200) -> Outcome:
    """What comes home from somebody who answers."""
    return Answer(status, {"content-type": "text/plain"}, b"ok", Timings())


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Future[Result]]:
    """Something done beside the test; `result()` raises what it raised."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)


def wait_until(condition: Callable[[], bool], seconds: float = 10, pause_s: float = 0.02) -> None:
    """Wait for `condition`; it failing to come true is a failure of the test."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(pause_s)


# --- rows


@dataclass(frozen=True)
class Hook:
    id: UUID
    token: str
    secret: str
    organization_id: UUID


def make_hook(app: APIFlask, organization_id: UUID) -> Hook:
    with app.app_context():
        hook, secret = hooks.create(
            organization_id, {"name": "Petal's orders", "scheme": "standard_webhooks"}
        )
        db.session.commit()
        assert secret is not None
        return Hook(hook.id, hook.token, secret, organization_id)


def accept(
    app: APIFlask, hook: Hook, data: Any, *, event_type: str = "rsvp.received", body: bytes = b""
) -> UUID:
    """An event as the front stores it when it comes to a hook."""
    written = body or json.dumps({"type": event_type, "data": data}).encode()
    return store(app, hook.organization_id, f"hook:{hook.id}", event_type, written)


def store(app: APIFlask, organization_id: UUID, source: str, event_type: str, body: bytes) -> UUID:
    """An event as the front stores it: its body sealed whole, nothing read from it yet."""
    event_id = ids.new_id()
    runtime: Runtime = app.extensions["wedsync"]
    with app.app_context(), db.engine.begin() as connection:
        where = place("events", event_id, "raw_body")
        sealed = runtime.vault.seal(connection, organization_id, where, body)
        connection.execute(
            text(
                "INSERT INTO events (id, organization_id, type, source, occurred_at, raw_body,"
                " causation) VALUES (:id, :organization_id, :type, :source, :now, :raw_body,"
                " jsonb_build_object('root', CAST(:id AS text), 'depth', 0, 'chain',"
                " jsonb_build_array()))"
            ),
            {
                "id": event_id,
                "organization_id": organization_id,
                "type": stored_event_type(event_type, source),
                "source": source,
                "now": clock.now(),
                "raw_body": sealed,
            },
        )
    return event_id


def publish(
    app: APIFlask, organization_id: UUID, event_type: str, data: Any, *, source: str = "api"
) -> UUID:
    """An event as the API stores it."""
    with app.app_context():
        event = events.publish(organization_id, event_type, data, source=source)
        db.session.commit()
        return event.id


def make_endpoint(
    app: APIFlask, organization_id: UUID, url: str, **fields: Any
) -> tuple[UUID, str]:
    """An endpoint and its secret."""
    with app.app_context():
        endpoint, secret = endpoints.create(organization_id, {"url": url, **fields})  # type: ignore[typeddict-item]
        db.session.commit()
        return endpoint.id, secret


def make_workflow(
    app: APIFlask, organization_id: UUID, trigger: dict[str, Any], *steps: Definition
) -> UUID:
    """A published workflow."""
    definition = {"format": 1, "trigger": trigger, "steps": list(steps)}
    with app.app_context():
        draft = workflows.create(organization_id, "Seat the guests", definition)
        workflows.publish(organization_id, draft.workflow.id)
        db.session.commit()
        return draft.workflow.id


def on_hook(hook: Hook) -> dict[str, Any]:
    return {"kind": "webhook", "hook": str(hook.id)}


def on_event(event_type: str, source: str = "any", **fields: Any) -> dict[str, Any]:
    return {"kind": "event", "event_type": event_type, "source": source, **fields}


def call(step_id: str, url: Any, *, key: bool = True, method: str = "POST", **fields: Any) -> Any:
    """An HTTP step; with `key` it is idempotent, a POST without is done once."""
    given = {"method": method, "url": url, "json": {"guest": {"var": "trigger.data.guest"}}}
    if key:
        given["key_header"] = "Idempotency-Key"
    return {"id": step_id, "kind": "action", "use": "http.request", "input": given, **fields}


def tell(step_id: str, event_type: str, data: Any = None, **fields: Any) -> Any:
    """A step that sends a webhook."""
    given = {"event_type": event_type, "data": data or {"words": "Hello"}}
    return {"id": step_id, "kind": "action", "use": "webhook.send", "input": given, **fields}


def note(step_id: str, **values: Any) -> Any:
    return {"id": step_id, "kind": "set", "values": values}


def retrying(attempts: int, *, delay_s: float = 60, then: str = "stop", **fields: Any) -> Any:
    """What a step does about errors."""
    retry = {"attempts": attempts, "first_delay_s": delay_s, "factor": 1, "max_delay_s": 86_400}
    return {"on_error": {"retry": retry, "then": then, **fields}}


# --- reading


def rows(app: APIFlask, query: str, **values: Any) -> list[Row[Any]]:
    with app.app_context(), db.engine.begin() as connection:
        return list(connection.execute(text(query), values))


def one(app: APIFlask, query: str, **values: Any) -> Row[Any]:
    (found,) = rows(app, query, **values)
    return found


def run_of(app: APIFlask, workflow_id: UUID) -> Row[Any]:
    """The one run of a workflow."""
    return one(app, "SELECT * FROM runs WHERE workflow_id = :id", id=workflow_id)


def states_of(app: APIFlask, workflow_id: UUID) -> dict[str, int]:
    """How many runs of a workflow are in which state."""
    found = rows(
        app,
        "SELECT state, count(*) AS n FROM runs WHERE workflow_id = :id GROUP BY 1",
        id=workflow_id,
    )
    return {row.state: row.n for row in found}


def steps_of(app: APIFlask, run_id: UUID) -> dict[str, Row[Any]]:
    found = rows(app, "SELECT * FROM run_steps WHERE run_id = :id ORDER BY position", id=run_id)
    return {row.step_id: row for row in found}


def tries_of(app: APIFlask, run_id: UUID, step_id: str) -> list[str | None]:
    """The outcomes of a step's attempts, first to last; None is one that has not ended."""
    found = rows(
        app,
        "SELECT outcome FROM step_attempts WHERE run_id = :run AND step_id = :step ORDER BY number",
        run=run_id,
        step=step_id,
    )
    return [row.outcome for row in found]


def deliveries_of(app: APIFlask, endpoint_id: UUID) -> list[Row[Any]]:
    return rows(
        app, "SELECT * FROM deliveries WHERE endpoint_id = :id ORDER BY event_id", id=endpoint_id
    )


def attempts_of(app: APIFlask, delivery_id: UUID) -> list[Row[Any]]:
    return rows(
        app,
        "SELECT * FROM delivery_attempts WHERE delivery_id = :id ORDER BY number",
        id=delivery_id,
    )
