"""Workflows that start runs of other workflows, and wait for what comes of them."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import Row, text, update

from tests.workers.nesting import BY_OTHERS, start
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    answered,
    call,
    make_workflow,
    note,
    on_hook,
    one,
    rows,
    steps_of,
)
from wedsync.platform.db import db
from wedsync.platform.shares import Shares
from wedsync.workflows.editing import service
from wedsync.workflows.models import WorkflowVersion
from wedsync.workflows.running import calling, claims, recording, runs


def only_run(app: APIFlask, workflow: UUID) -> Row[Any]:
    query = "SELECT * FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL"
    return one(app, query, id=workflow)


def calling_one_that_posts(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> tuple[UUID, UUID]:
    """A workflow and the one that calls it and waits for it, whose event was fanned out."""
    posting = call("post", sink.url("/ok/never-asked"))
    called = make_workflow(app, hook.organization_id, BY_OTHERS, posting)
    caller = make_workflow(app, hook.organization_id, on_hook(hook), start("other", called))
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    return called, caller


# --- works


def test_a_called_workflow_is_given_its_input_and_what_it_gave_comes_back(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    greet = note("greet", hello={"var": "trigger.data.guest"}, how={"var": "trigger.type"})
    called = make_workflow(app, hook.organization_id, BY_OTHERS, greet)
    after = note("after", said={"var": "steps.other.output.hello"}, all={"var": "steps.other"})
    caller = make_workflow(app, hook.organization_id, on_hook(hook), start("other", called), after)
    accept(app, hook, {"guest": "Ana"})
    worker.work()
    child, parent = only_run(app, called), only_run(app, caller)
    assert (child.state, parent.state) == ("succeeded", "succeeded")
    assert (child.cause, child.caller_run_id) == (f"call:{parent.id}:other:-1", parent.id)
    given = {"hello": "Ana", "how": "workflow"}
    assert steps_of(app, parent.id)["after"].output == {
        "said": "Ana",
        "all": {"run_id": str(child.id), "outcome": "succeeded", "output": given},
    }


def test_a_caller_that_does_not_wait_goes_on_at_once(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    called = make_workflow(
        app, hook.organization_id, BY_OTHERS, call("post", sink.url("/ok/never-asked"))
    )
    caller = make_workflow(
        app, hook.organization_id, on_hook(hook), start("other", called, wait=False)
    )
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    worker.begin_runs()
    parent = only_run(app, caller)
    assert parent.state == "succeeded"
    child = only_run(app, called)
    assert steps_of(app, parent.id)["other"].output == {"run_id": str(child.id)}
    assert len(worker.begin_runs()) == 1


def test_a_caller_waits_while_what_it_called_is_on_its_way(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    _called, caller = calling_one_that_posts(app, worker, hook, sink)
    assert worker.begin_runs() == []
    ((child, _),) = worker.begin_runs()
    waiting = only_run(app, caller)
    assert waiting.state == "waiting"
    assert waiting.waiting_for == {"kind": "call", "id": str(child.id)}
    worker.come_home(worker.run_source, [(child, answered())])
    worker.run()
    assert only_run(app, caller).state == "succeeded"


def test_items_call_each_for_itself(app: APIFlask, worker: Worker, hook: Hook) -> None:
    greet = note("greet", hello={"var": "trigger.data.guest"})
    called = make_workflow(app, hook.organization_id, BY_OTHERS, greet)
    step = start("other", called)
    step["input"] = {"guest": {"var": "item"}, "place": {"var": "index"}}
    loop = {"id": "each", "kind": "for_each", "items": {"var": "trigger.data.guests"}}
    after = note("after", calls={"var": "steps.other"})
    caller = make_workflow(
        app, hook.organization_id, on_hook(hook), {**loop, "steps": [step]}, after
    )
    accept(app, hook, {"guests": ["Ana", "Bo", "Cleo"]})
    worker.work()
    parent = only_run(app, caller)
    assert parent.state == "succeeded", parent.reason
    gave = steps_of(app, parent.id)["after"].output["calls"]
    assert [each["output"]["hello"] for each in gave] == ["Ana", "Bo", "Cleo"]


# --- negatives


def test_calling_what_is_off_fails_the_step_with_a_sentence(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    called = make_workflow(app, hook.organization_id, BY_OTHERS, note("n", a=1))
    caller = make_workflow(app, hook.organization_id, on_hook(hook), start("other", called))
    with app.app_context():
        service.turn_off(hook.organization_id, called)
        db.session.commit()
    accept(app, hook, {"guest": "Ana"})
    worker.work()
    parent = only_run(app, caller)
    assert parent.state == "failed"
    assert "is off, so it cannot be started" in parent.reason["message"]


def test_stopping_what_was_called_tells_its_caller(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    called = make_workflow(
        app, hook.organization_id, BY_OTHERS, call("post", sink.url("/ok/never-asked"))
    )
    after = note("after", how={"var": "steps.other.outcome"})
    caller = make_workflow(app, hook.organization_id, on_hook(hook), start("other", called), after)
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    worker.begin_runs()
    worker.begin_runs()
    with app.app_context():
        runs.stop(hook.organization_id, only_run(app, called).id)
        db.session.commit()
    worker.run()
    parent = only_run(app, caller)
    assert parent.state == "succeeded"
    assert steps_of(app, parent.id)["after"].output == {"how": "stopped"}


def test_workflows_that_call_themselves_are_parked_with_a_sentence(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    workflow = make_workflow(app, hook.organization_id, BY_OTHERS, note("n", a=1))
    again = {"format": 1, "trigger": BY_OTHERS, "steps": [start("again", workflow, wait=False)]}
    rows_of = "SELECT state, reason, causation FROM runs WHERE workflow_id = :id ORDER BY id"
    with app.app_context():
        db.session.execute(
            update(WorkflowVersion)
            .where(WorkflowVersion.workflow_id == workflow)
            .values(definition=again)
        )
        runs.start_manual_run(hook.organization_id, workflow, {"guest": "Ana"})
        db.session.commit()
    worker.work()
    found = rows(app, rows_of, id=workflow)
    assert [each.state for each in found] == ["succeeded"] * 3 + ["needs_attention"]
    assert found[-1].reason["code"] == "loop"


# --- concurrency


def test_a_caller_that_nobody_woke_is_found(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    called, caller = calling_one_that_posts(app, worker, hook, sink)
    worker.begin_runs()
    worker.begin_runs()
    with app.app_context(), db.engine.begin() as connection:
        over = text("UPDATE runs SET state = 'succeeded' WHERE workflow_id = :id")
        connection.execute(over, {"id": called})
        calling.sweep(connection)
    worker.run()
    assert only_run(app, caller).state == "succeeded"


def test_what_was_called_is_taken_up_at_once_though_its_caller_took_long_to_say_so(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    """It is due since it was written, and its lane is told of it after the commit."""
    called = make_workflow(app, hook.organization_id, BY_OTHERS, note("n", a=1))
    make_workflow(app, hook.organization_id, on_hook(hook), start("other", called))
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    me = worker.owner.id
    assert me is not None
    with worker.engine.begin() as connection:
        source = worker.run_source
        claimed = claims.claim(connection, Shares(200).allotment(200))
        moved = source._take_up(connection, source._reach(connection), claimed.rows)
        recording.prepare(connection, me, moved)
        recording.write(connection, me, moved)
        connection.execute(
            text("UPDATE runs SET due_at = due_at - interval '5 s' WHERE caller_run_id IS NOT NULL")
        )
        claims.served(connection, claimed)
    with worker.engine.begin() as connection:
        calling.wake(connection, moved)
    worker.run()
    assert only_run(app, called).state == "succeeded"
