"""Many runs that did not work are run again at once, beside everything else."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.page_words import words_of
from tests.personas import Persona, make_organization
from tests.workers.scene import beside, one, rows
from tests.workers.trouble import refusing, wait_for_a_lock
from tests.workflows.definitions import make_run, make_step, make_workflow
from wedsync.errors import Conflict, Invalid, NotFound
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows.running import bulk_rerun, runs
from wedsync.workflows.running.bulk_rerun import Wanted

NEVER = threading.Event()
FAILED = Wanted("failed")


@pytest.fixture(autouse=True)
def _alone(app: APIFlask) -> None:
    """End the batches other tests left: a turn takes whichever batch is due."""
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE rerun_batches SET state = 'cancelled', finished_at = now(), lease_until = NULL"
            " WHERE state = 'running'"
        )


def failed_runs(app: APIFlask, organization_id: UUID, workflow_id: UUID, number: int) -> list[UUID]:
    reason = {"step": "tell", "message": "“tell” did not work: They answered 500."}
    return [
        make_run(app, organization_id, workflow_id, "failed", reason=reason) for _ in range(number)
    ]


def begin(app: APIFlask, organization_id: UUID, wanted: Wanted = FAILED) -> UUID:
    with app.app_context():
        batch_id = bulk_rerun.begin(organization_id, wanted).id
        db.session.commit()
        return batch_id


def work(app: APIFlask) -> int:
    """One round of the drain; what a batch waits for between its turns is over."""
    with app.app_context():
        return bulk_rerun.work(NEVER)


def rest(app: APIFlask) -> None:
    """Let the time between two turns of a batch pass."""
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE rerun_batches SET lease_until = now() - interval '1 s'")


def until_done(app: APIFlask, batch_id: UUID) -> None:
    for _ in range(50):
        work(app)
        if batch(app, batch_id).state != "running":
            return
        rest(app)
    raise AssertionError("the batch does not end")


def batch(app: APIFlask, batch_id: UUID):  # type: ignore[no-untyped-def]
    return one(app, "SELECT * FROM rerun_batches WHERE id = :id", id=batch_id)


def taken_up(app: APIFlask, workflow_id: UUID) -> list[UUID]:
    found = rows(
        app,
        "SELECT rerun_of FROM runs WHERE workflow_id = :id AND rerun_of IS NOT NULL ORDER BY id",
        id=workflow_id,
    )
    return [row.rerun_of for row in found]


# --- works


def test_every_failed_run_is_run_again_once_in_their_order(
    app: APIFlask, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    failed = failed_runs(app, organization, workflow_id, 5)
    make_run(app, organization, workflow_id, "succeeded")
    batch_id = begin(app, organization)
    until_done(app, batch_id)
    assert taken_up(app, workflow_id) == failed
    found = batch(app, batch_id)
    assert (found.state, found.total, found.done, found.passed_over) == ("done", 5, 5, 0)
    assert found.finished_at is not None


def test_a_batch_is_narrowed_by_workflow_time_and_error(app: APIFlask, organization: UUID) -> None:
    one_of, other = make_workflow(app, organization), make_workflow(app, organization)
    failed_runs(app, organization, other, 1)
    (plain,) = failed_runs(app, organization, one_of, 1)
    (busy,) = failed_runs(app, organization, one_of, 1)
    make_step(app, organization, busy, "tell", "failed", error={"code": "http_503"})
    later = clock.now() + timedelta(minutes=1)

    def number(**narrowed: object) -> int:
        with app.app_context():
            return bulk_rerun.count(organization, Wanted("failed", **narrowed))  # type: ignore[arg-type]

    assert number() == 3
    assert number(workflow_id=one_of) == 2
    assert number(workflow_id=one_of, error="http_503") == 1
    assert number(since=later) == 0
    assert number(until=later) == 3
    batch_id = begin(app, organization, Wanted("failed", one_of, until=later, error="http_503"))
    until_done(app, batch_id)
    assert taken_up(app, one_of) == [busy] != [plain]


def test_it_does_only_so_many_in_a_turn_and_then_rests(app: APIFlask, organization: UUID) -> None:
    workflow_id = make_workflow(app, organization)
    failed_runs(app, organization, workflow_id, bulk_rerun.TURN + 3)
    batch_id = begin(app, organization)
    for _ in range(2):
        work(app)
        assert batch(app, batch_id).done == bulk_rerun.TURN
    until_done(app, batch_id)
    assert batch(app, batch_id).done == bulk_rerun.TURN + 3


def test_what_fails_meanwhile_is_not_of_the_batch(app: APIFlask, organization: UUID) -> None:
    workflow_id = make_workflow(app, organization)
    failed = failed_runs(app, organization, workflow_id, 2)
    batch_id = begin(app, organization)
    failed_runs(app, organization, workflow_id, 1)
    until_done(app, batch_id)
    assert taken_up(app, workflow_id) == failed


def test_what_was_taken_up_already_is_neither_counted_nor_done_twice(
    app: APIFlask, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    first, second = failed_runs(app, organization, workflow_id, 2)
    with app.app_context():
        runs.rerun(organization, first)
        db.session.commit()
    batch_id = begin(app, organization)
    assert batch(app, batch_id).total == 1
    until_done(app, batch_id)
    assert taken_up(app, workflow_id) == [first, second]


# --- refusals


def test_a_batch_of_nothing_is_refused(app: APIFlask, organization: UUID) -> None:
    with app.app_context(), pytest.raises(Conflict) as refused:
        bulk_rerun.begin(organization, FAILED)
    assert refused.value.code == "batch_empty"


def test_only_one_batch_goes_on_at_a_time(app: APIFlask, organization: UUID) -> None:
    failed_runs(app, organization, make_workflow(app, organization), 1)
    begin(app, organization)
    with app.app_context(), pytest.raises(Conflict) as refused:
        bulk_rerun.begin(organization, FAILED)
    assert refused.value.code == "batch_running"


def test_somebody_elses_workflow_is_refused(app: APIFlask, organization: UUID) -> None:
    theirs = make_workflow(app, make_organization(app, "Lumen"))
    with app.app_context(), pytest.raises(Invalid) as refused:
        bulk_rerun.begin(organization, Wanted("failed", theirs))
    assert refused.value.errors[0].code == "workflow"


def test_cancelling_takes_up_no_more_and_leaves_what_was_taken_up(
    app: APIFlask, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    failed_runs(app, organization, workflow_id, bulk_rerun.TURN + 3)
    batch_id = begin(app, organization)
    work(app)
    with app.app_context():
        bulk_rerun.cancel(organization, batch_id)
        db.session.commit()
        with pytest.raises(Conflict) as refused:
            bulk_rerun.cancel(organization, batch_id)
    assert refused.value.code == "batch_over"
    rest(app)
    assert work(app) == 0
    assert len(taken_up(app, workflow_id)) == bulk_rerun.TURN


# --- beside others


def test_a_batch_goes_on_where_a_killed_worker_left_it(app: APIFlask, organization: UUID) -> None:
    """A leased batch stands still until its lease is over, then goes on after the last one."""
    workflow_id = make_workflow(app, organization)
    failed = failed_runs(app, organization, workflow_id, 3)
    batch_id = begin(app, organization)
    with app.app_context():
        dying = bulk_rerun._take()
        assert dying is not None
        assert bulk_rerun._one(dying, failed[0], None, None)
        db.session.remove()
    assert work(app) == 0
    rest(app)
    until_done(app, batch_id)
    assert taken_up(app, workflow_id) == failed
    assert batch(app, batch_id).done == 3


def test_a_batch_that_comes_no_further_ends_with_a_sentence(
    app: APIFlask, organization: UUID, owner: Persona
) -> None:
    workflow_id = make_workflow(app, organization)
    first, second, third = failed_runs(app, organization, workflow_id, 3)
    batch_id = begin(app, organization)
    with refusing(app, "runs", f"rerun_of IS DISTINCT FROM '{second}'"):
        for _ in range(1 + bulk_rerun.MOST_TRIES):  # the first comes one run further
            with pytest.raises(IntegrityError):
                work(app)
            assert batch(app, batch_id).state == "running"
            rest(app)
        assert work(app) == 0
    found = batch(app, batch_id)
    assert (found.state, found.done, found.after) == ("failed", 1, first)
    assert found.finished_at
    said = words_of(owner.browser.get(f"/run-batches/{batch_id}"))
    assert "Something went wrong on our side at one of them each time we tried" in said
    told = owner.api.get(f"/run-batches/{batch_id}").json
    assert told is not None
    assert told["state"] == "failed"
    until_done(app, begin(app, organization))
    assert taken_up(app, workflow_id) == [first, second, third]


def test_a_batch_that_broke_off_twice_and_came_further_goes_on(
    app: APIFlask, organization: UUID
) -> None:
    workflow_id = make_workflow(app, organization)
    failed = failed_runs(app, organization, workflow_id, 2)
    batch_id = begin(app, organization)
    for each in failed:
        for _ in range(2):
            broken = f"rerun_of IS DISTINCT FROM '{each}'"
            with refusing(app, "runs", broken), pytest.raises(IntegrityError):
                work(app)
            rest(app)
    until_done(app, batch_id)
    assert batch(app, batch_id).state == "done"
    assert taken_up(app, workflow_id) == failed


def test_a_worker_that_lost_its_batch_does_nothing_twice(app: APIFlask, organization: UUID) -> None:
    workflow_id = make_workflow(app, organization)
    failed = failed_runs(app, organization, workflow_id, 2)
    batch_id = begin(app, organization)
    with app.app_context():
        late = bulk_rerun._take()
        assert late is not None
        db.session.remove()
    rest(app)
    until_done(app, batch_id)
    with app.app_context():
        assert not bulk_rerun._one(late, failed[0], None, None)
        db.session.remove()
    assert taken_up(app, workflow_id) == failed
    assert (batch(app, batch_id).done, batch(app, batch_id).passed_over) == (2, 0)


def test_a_run_somebody_takes_up_at_that_moment_is_passed_over(
    app: APIFlask, organization: UUID, database: Session
) -> None:
    workflow_id = make_workflow(app, organization)
    (run_id,) = failed_runs(app, organization, workflow_id, 1)
    batch_id = begin(app, organization)
    with app.app_context():
        runs.rerun(organization, run_id)
        db.session.flush()
        with beside(lambda: work(app)) as batch_work:
            wait_for_a_lock(app)
            db.session.commit()
            batch_work.result(10)
    rest(app)
    until_done(app, batch_id)
    assert taken_up(app, workflow_id) == [run_id]
    assert (batch(app, batch_id).done, batch(app, batch_id).passed_over) == (0, 1)


def test_a_strangers_batch_is_not_found(app: APIFlask, organization: UUID, owner: Persona) -> None:
    with app.app_context(), pytest.raises(NotFound):
        bulk_rerun.get(organization, uuid4())
