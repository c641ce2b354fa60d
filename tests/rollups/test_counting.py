"""What is kept is what a recount of the rows comes to, however late, taken back or torn."""

from collections.abc import Callable
from uuid import UUID

import pytest
from apiflask import APIFlask
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tests.health.history import make_connection
from tests.rollups.counts import (
    count_all,
    hours_around_now,
    kept,
    recounted,
    require_the_same,
)
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    answered,
    beside,
    call,
    make_endpoint,
    make_workflow,
    not_sent,
    on_hook,
    one,
    publish,
    rows,
    worker_of,
)
from wedsync.cli import cli
from wedsync.platform.db import db
from wedsync.platform.outbound import Answer, Failure, Outcome, Timings
from wedsync.rollups import counting, recounting, retention
from wedsync.rollups.tallies import SeriesName, series_id
from wedsync.workflows.running import runs

OUTCOMES: tuple[Callable[[int], Outcome], ...] = (
    lambda ms: Answer(200, {}, b"ok", Timings(total_ms=ms)),
    lambda ms: Answer(500, {}, b"", Timings(total_ms=ms)),
    lambda ms: Answer(429, {"retry-after": "1"}, b"", Timings(total_ms=ms)),
    lambda ms: Answer(410, {}, b"", Timings(total_ms=ms)),
    lambda ms: Failure("not_sent", "connect_failed", "Nobody listens there."),
    lambda ms: Failure("maybe", "timeout", "They did not answer in time."),
)
TRIES = ("come home", "come home late", "die")
STEPS = st.lists(
    st.one_of(
        st.sampled_from(["publish", "stop", "count", "count and be killed", "count a few"]),
        st.tuples(
            st.sampled_from(["runs", "deliveries"]),
            st.sampled_from(TRIES),
            st.integers(0, len(OUTCOMES) - 1),
            st.integers(0, 100_000),
        ),
    ),
    max_size=14,
)


@pytest.fixture
def engine(worker: Worker) -> Engine:
    return worker.engine


class Played:
    """Two workers at the same business, moved as an example says; one may die and be replaced."""

    def __init__(self, app: APIFlask, hook: Hook, url: str) -> None:
        self.app, self.hook, self.organization = app, hook, hook.organization_id
        make_endpoint(app, self.organization, url)
        self.workflow = make_workflow(app, self.organization, on_hook(hook), call("ask", url))

    def play(self, worker: Worker, told: str | tuple[str, str, int, int]) -> None:
        if isinstance(told, tuple):
            self._try(*told)
        elif told == "publish":
            accept(self.app, self.hook, {"guest": "Ada"})
            publish(self.app, self.organization, "guest.asked", {"guest": "Ada"})
            worker.fan_out()
        elif told == "stop":
            self._stop()
        elif told == "count":
            count_all(worker.engine)
        elif told == "count a few":
            with worker.engine.begin() as connection:
                counting.count(connection, 2)
        else:
            with worker.engine.begin() as connection:
                counting.count(connection, 3)
                connection.rollback()

    def _try(self, kind: str, then: str, outcome: int, ms: int) -> None:
        with worker_of(self.app) as mine:
            source = mine.run_source if kind == "runs" else mine.delivery_source
            begun = mine.begin_runs() if kind == "runs" else mine.begin_deliveries()
            finished = [(each, OUTCOMES[outcome](ms)) for each, _effect in begun]
            if then == "come home":
                mine.come_home(source, finished)
                return
            owner = mine.owner.id
            mine.die()
            with worker_of(self.app) as other:
                other.sweep()
            if then == "come home late" and kind == "deliveries":
                assert owner is not None
                mine.delivery_source.turn(owner, finished, 0, mine.deliveries._shares)

    def _stop(self) -> None:
        with self.app.app_context():
            going = rows(
                self.app,
                "SELECT id FROM runs WHERE workflow_id = :id AND finished_at IS NULL LIMIT 1",
                id=self.workflow,
            )
            for row in going:
                runs.stop(self.organization, row.id)
            db.session.commit()


@settings(
    max_examples=40,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
@pytest.mark.slow
def test_rollups_are_what_the_rows_come_to(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, steps: list[object]
) -> None:
    played = Played(app, hook, sink.url("/ok/counted"))
    for told in ("publish", "publish", *steps):
        played.play(worker, told)  # type: ignore[arg-type]
    require_the_same(worker.engine)


def test_what_a_dead_worker_lost_is_taken_back_when_its_answer_comes(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink, engine: Engine
) -> None:
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/late"))
    publish(app, organization, "guest.asked", {"guest": "Ada"})
    worker.fan_out()
    begun = worker.begin_deliveries()
    owner = worker.owner.id
    assert begun
    assert owner is not None
    worker.die()
    with worker_of(app) as other:
        other.sweep()
        count_all(engine)
        name = SeriesName(organization, "endpoint", str(endpoint))
        assert tried(engine, name) == (1, 0, 1)
        worker.delivery_source.turn(
            owner, [(begun[0][0], answered())], 0, worker.deliveries._shares
        )
        require_the_same(engine)
        assert tried(engine, name) == (1, 1, 0)


def test_one_try_counts_for_its_step_its_run_its_endpoint_and_the_platform(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, engine: Engine
) -> None:
    organization = hook.organization_id
    endpoint, _ = make_endpoint(app, organization, sink.url("/ok/each"))
    workflow = make_workflow(app, organization, on_hook(hook), call("ask", sink.url("/ok/step")))
    accept(app, hook, {"guest": "Ada"})
    worker.work()
    require_the_same(engine)
    for name in (
        SeriesName(organization, "endpoint", str(endpoint)),
        SeriesName(organization, "workflow", str(workflow)),
        SeriesName(organization, "step", str(workflow), "ask"),
        SeriesName(None, "platform", "step"),
        SeriesName(None, "platform", "endpoint"),
        SeriesName(None, "platform", "workflow"),
    ):
        assert tried(engine, name) == (1, 1, 0), name
    assert one(app, "SELECT count(*) AS n FROM endings").n == 0


def test_a_try_through_a_connection_counts_for_it_and_for_its_connector_across_all(
    app: APIFlask, worker: Worker, organization: UUID, engine: Engine
) -> None:
    connection_id = make_connection(app, organization, "Petal")
    slug = one(app, "SELECT slug FROM connections WHERE id = :id", id=connection_id).slug
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO endings (organization_id, kind, subject_id, part, connection_id, at,"
                " outcome, ms) SELECT :organization_id, 'step', uuidv7(), 'ask', :id,"
                " clock_timestamp(), outcome, 5 FROM unnest(ARRAY['ok', 'maybe', 'rate_limit'])"
                " AS outcome"
            ),
            {"organization_id": organization, "id": connection_id},
        )
    assert count_all(engine) == 3
    for name in (
        SeriesName(organization, "connection", str(connection_id)),
        SeriesName(None, "connector", slug),
    ):
        assert tried(engine, name) == (3, 1, 1)


def test_a_transaction_that_ends_late_is_counted_when_it_ends(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink, engine: Engine
) -> None:
    make_endpoint(app, organization, sink.url("/ok/open"))
    publish(app, organization, "guest.asked", {"guest": "Ada"})
    worker.fan_out()
    begun = worker.begin_deliveries()
    with engine.begin() as late:
        late.execute(
            text(
                "INSERT INTO endings (organization_id, kind, subject_id, at, outcome, ms)"
                " VALUES (:id, 'endpoint', :id, clock_timestamp() - interval '40 minutes', 'ok', 5)"
            ),
            {"id": organization},
        )
        worker.come_home(worker.delivery_source, [(begun[0][0], not_sent())])
        assert count_all(engine) == 1
    assert count_all(engine) == 1
    assert tried(engine, SeriesName(organization, "endpoint", str(organization))) == (1, 1, 0)


def test_only_one_counts_at_a_time(worker: Worker, engine: Engine) -> None:
    with engine.begin() as first:
        assert counting.count(first) == 0
        with beside(lambda: _taken(engine)) as found:
            assert found.result() is False


def _taken(engine: Engine) -> bool:
    with engine.begin() as other:
        return bool(
            other.scalar(text(f"SELECT pg_try_advisory_xact_lock({counting.ONE_AT_A_TIME})"))
        )


def test_hours_counted_anew_are_the_same_and_the_endings_of_them_are_not_counted_twice(
    app: APIFlask, worker: Worker, organization: UUID, sink: Sink, engine: Engine
) -> None:
    make_endpoint(app, organization, sink.url("/ok/anew"))
    for _ in range(3):
        publish(app, organization, "guest.asked", {"guest": "Ada"})
    worker.work()
    with engine.begin() as connection:
        assert counting.count(connection, 2) == 2
    first, after = hours_around_now()
    recounting.recount(engine, first, after)
    assert count_all(engine) == 0
    minutes, hours = recounted(engine)
    assert kept(engine, "rollup_minutes") == minutes
    assert kept(engine, "rollup_hours") == hours
    publish(app, organization, "guest.asked", {"guest": "Ben"})
    worker.work()
    require_the_same(engine)


def test_the_command_counts_anew_what_was_lost(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    sink: Sink,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_workflow(app, hook.organization_id, on_hook(hook), call("ask", sink.url("/ok/lost")))
    accept(app, hook, {"guest": "Ada"})
    worker.work()
    told = require_the_same(engine)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE rollup_series CASCADE"))
    settings = worker.runtime.settings
    for variable, value in (
        ("DATABASE_URL", settings.require_libpq_url()),
        ("WEDSYNC_HOME", str(settings.home)),
    ):
        monkeypatch.setenv(variable, value)
    said = CliRunner().invoke(cli, ["db", "recount", "--days", "1"])
    assert said.output == "Counted anew.\n"
    assert require_the_same(engine) == told


def test_what_an_organization_that_is_gone_left_is_dropped(
    app: APIFlask, worker: Worker, organization: UUID, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO endings (organization_id, kind, subject_id, at, outcome)"
                " VALUES (uuidv7(), 'endpoint', uuidv7(), clock_timestamp(), 'ok')"
            )
        )
    assert count_all(engine) == 1
    assert one(app, "SELECT count(*) AS n FROM rollup_series WHERE kind = 'endpoint'").n == 0


def test_minutes_are_forgotten_before_hours(worker: Worker, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO endings (organization_id, kind, subject_id, at, outcome)"
                " SELECT uuidv7(), 'endpoint', uuidv7(), now() - n * interval '1 day', 'ok'"
                " FROM unnest(ARRAY[1, 89, 91, 700, 740]) n"
            )
        )
    count_all(engine)
    with engine.begin() as connection:
        retention.prune(connection)
        ages = {
            table: [
                row.age
                for row in connection.execute(
                    text(
                        "SELECT round(extract(epoch FROM now() - at) / 86400) AS age"
                        f" FROM {table} ORDER BY at DESC"
                    )
                )
            ]
            for table in ("rollup_minutes", "rollup_hours")
        }
    assert ages == {"rollup_minutes": [1, 89], "rollup_hours": [1, 89, 91, 700]}


def tried(engine: Engine, name: SeriesName) -> tuple[int, int, int]:
    """Over the last hours: tried, succeeded, put off."""
    found = [
        told
        for (series, _at), told in kept(engine, "rollup_hours").items()
        if series == series_id(name)
    ]
    return sum(t[0] for t in found), sum(t[1] for t in found), sum(t[2] for t in found)
