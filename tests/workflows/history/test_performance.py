"""Somebody looks at how a workflow does: counts, times, slow steps and why it stopped."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import make_organization
from tests.workflows.definitions import GREET, TELL, make_run, make_step, make_workflow, manual
from wedsync.errors import Invalid, NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows.history import performance
from wedsync.workflows.history.performance import Days, Performance, days_asked_for

TODAY = date(2027, 3, 28)
RUNS = 4_000


def looked_at(app: APIFlask, organization_id: UUID, workflow_id: UUID, **asked: Any) -> Performance:
    today, zone = datetime.now(UTC).date(), asked.get("zone", "UTC")
    days = days_asked_for(asked.get("first"), asked.get("last"), today, zone)
    with app.app_context():
        return performance.performance(organization_id, workflow_id, days)


def run_that_took(app: APIFlask, organization_id: UUID, workflow_id: UUID, ms: int) -> UUID:
    run_id = make_run(app, organization_id, workflow_id, "succeeded")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE runs SET finished_at = created_at + make_interval(secs => :s)"
                " WHERE id = :id"
            ),
            {"s": ms / 1000, "id": run_id},
        )
    return run_id


# --- works


def test_runs_are_counted_by_how_they_ended_and_by_day(app: APIFlask, organization: UUID) -> None:
    workflow_id = make_workflow(app, organization)
    for state in ("succeeded", "succeeded", "filtered", "failed", "needs_attention", "waiting"):
        make_run(app, organization, workflow_id, state)
    make_run(app, organization, make_workflow(app, organization), "failed")
    found = looked_at(app, organization, workflow_id)
    assert found.started == 6
    assert found.states["succeeded"] == 2
    assert found.share("succeeded", "filtered") == 0.5
    assert len(found.by_day) == 30
    last = found.by_day[-1]
    today = datetime.now(UTC).date()
    assert (last.day, last.well, last.badly, last.started) == (today, 3, 2, 6)
    assert all(day.started == 0 for day in found.by_day[:-1])


def test_times_are_of_what_was_done_with_and_without_the_waits(
    app: APIFlask, organization: UUID
) -> None:
    asked = {"id": "asked", "kind": "wait", "seconds": 60}
    workflow_id = make_workflow(app, organization)
    for ms in (100, 200, 300):
        run_that_took(app, organization, workflow_id, ms)
    waited = run_that_took(app, organization, workflow_id, 60_400)
    _give_version_steps(app, workflow_id, asked, TELL)
    now = clock.now()
    make_step(
        app, organization, waited, "asked", "succeeded",
        started_at=now, finished_at=now + timedelta(seconds=60),
    )  # fmt: skip
    times = looked_at(app, organization, workflow_id).times
    assert (times.measured, times.half_ms, times.most_ms) == (4, 200, 60_400)
    assert (times.half_work_ms, times.most_work_ms) == (200, 400)


def test_the_slowest_step_comes_first_with_its_failures_and_tries(
    app: APIFlask, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    now = clock.now()
    for ms in (1_000, 3_000):
        run_id = make_run(app, organization, workflow_id, "succeeded")
        make_step(
            app, organization, run_id, "tell", "succeeded", tries=("maybe", "maybe", "ok"),
            started_at=now, finished_at=now + timedelta(milliseconds=ms),
        )  # fmt: skip
        make_step(app, organization, run_id, "greet", "succeeded", started_at=now, finished_at=now)
    failed = make_run(app, organization, workflow_id, "failed")
    make_step(app, organization, failed, "tell", "failed", tries=("maybe",))
    found = looked_at(app, organization, workflow_id)
    slowest, quick = found.steps
    assert (slowest.step_id, slowest.definition["use"]) == ("tell", "webhook.send")
    assert (slowest.done, slowest.failed, slowest.tried_again, slowest.tries_more) == (2, 1, 2, 4)
    assert (slowest.half_ms, slowest.most_ms) == (1_000, 3_000)
    assert (quick.step_id, quick.half_ms) == ("greet", 0)
    assert found.tried_again == 4


def test_why_runs_ended_is_grouped_by_step_the_most_frequent_first(
    app: APIFlask, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    for number in (500, 502):
        reason = {"step": "tell", "message": f"They answered {number}."}
        latest = make_run(app, organization, workflow_id, "failed", reason=reason)
    stopped = {"code": "stopped_by_hand", "message": "Somebody stopped it."}
    make_run(app, organization, workflow_id, "stopped", reason=stopped)
    first, second = looked_at(app, organization, workflow_id).endings
    assert (first.state, first.step_id, first.number, first.latest) == ("failed", "tell", 2, latest)
    assert first.message == "They answered 502."
    assert (second.code, second.number) == ("stopped_by_hand", 1)


def test_days_are_those_of_the_zone(app: APIFlask, organization: UUID) -> None:
    """A run at half past eleven in the evening in London is one of the next day in Auckland."""
    workflow_id = make_workflow(app, organization)
    run_id = make_run(app, organization, workflow_id, "succeeded")
    moment = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE runs SET id = CAST(:new AS uuid), created_at = :moment WHERE id = :id"),
            {"new": _id_at(moment), "moment": moment, "id": run_id},
        )
    for zone, day in (("UTC", 14), ("Pacific/Auckland", 15)):
        one_day = {"first": date(2026, 3, day), "last": date(2026, 3, day), "zone": zone}
        assert looked_at(app, organization, workflow_id, **one_day).started == 1, zone


def _id_at(moment: datetime) -> UUID:
    return UUID(int=(int(moment.timestamp() * 1000) << 80) + 5)


def _give_version_steps(app: APIFlask, workflow_id: UUID, *steps: Any) -> None:
    """Let the version have these steps, as one of a later release might."""
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE workflow_versions SET definition ="
                " jsonb_set(definition, '{steps}', CAST(:steps AS jsonb)) WHERE workflow_id = :id"
            ),
            {"id": workflow_id, "steps": json.dumps(steps)},
        )


# --- refusals


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (TODAY, TODAY - timedelta(days=1), "The first day comes after the last."),
        (TODAY - timedelta(days=200), TODAY, "At most 92 days can be looked at together."),
        (date(1, 1, 1), date(1, 1, 2), "There is nothing so far away."),
        (None, date(1, 1, 2), "There is nothing so far away."),
    ],
)
def test_days_that_make_no_sense_are_refused(first: date | None, last: date, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        days_asked_for(first, last, TODAY, "UTC")
    assert refused.value.detail == said


def test_without_days_the_last_thirty_are_looked_at() -> None:
    assert days_asked_for(None, None, TODAY, "UTC") == Days(
        TODAY - timedelta(days=29), TODAY, "UTC"
    )


def test_a_strangers_workflow_is_not_found(app: APIFlask, organization: UUID) -> None:
    theirs = make_workflow(app, make_organization(app, "Lumen"), manual(GREET))
    with pytest.raises(NotFound):
        looked_at(app, organization, theirs)


# --- many


@pytest.fixture
def many_runs(app: APIFlask, organization: UUID) -> UUID:
    """A workflow with many runs of a few steps each, and another organization's runs beside."""
    workflow_id = make_workflow(app, organization)
    stranger = make_organization(app, "Lumen")
    theirs = make_workflow(app, stranger)
    with app.app_context(), db.engine.begin() as connection:
        for each in (workflow_id, theirs):
            connection.execute(
                text(
                    "INSERT INTO runs (organization_id, workflow_id, version_id, cause, state,"
                    " finished_at) SELECT organization_id, id, live_version_id, 'manual:' || n,"
                    " 'succeeded', clock_timestamp() FROM workflows, generate_series(1, :n) n"
                    " WHERE id = :id"
                ),
                {"id": each, "n": RUNS},
            )
        connection.execute(
            text(
                "INSERT INTO run_steps (run_id, step_id, item, organization_id, state, finished_at)"
                " SELECT r.id, step, n, r.organization_id, 'succeeded', clock_timestamp()"
                " FROM (SELECT * FROM runs WHERE workflow_id = :id ORDER BY id DESC LIMIT 50) r,"
                " unnest(ARRAY['greet', 'tell']) step, generate_series(-1, 199) n"
            ),
            {"id": workflow_id},
        )
        connection.execute(text("ANALYZE runs"))
        connection.execute(text("ANALYZE run_steps"))
    return workflow_id


def test_only_the_latest_are_timed_and_of_loops_the_first_items(
    app: APIFlask, organization: UUID, many_runs: UUID
) -> None:
    found = looked_at(app, organization, many_runs)
    assert found.started == RUNS
    assert found.times.measured == performance.MEASURED
    assert {step.done for step in found.steps} == {50 * 11}
