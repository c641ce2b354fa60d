"""The items of a `for_each`: runs of their own whose steps are the run's people see."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Row

from tests.workers.nesting import GUESTS, for_each
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    answered,
    call,
    make_workflow,
    not_sent,
    note,
    on_hook,
    one,
    retrying,
    rows,
    steps_of,
    worker_of,
)
from wedsync.platform.db import db
from wedsync.workflows.editing import service
from wedsync.workflows.running import loop_lists, runs


def root_of(app: APIFlask, workflow: UUID) -> Row[Any]:
    query = "SELECT * FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL"
    return one(app, query, id=workflow)


def items_of(app: APIFlask, run_id: UUID) -> list[Row[Any]]:
    return rows(app, "SELECT * FROM runs WHERE parent_run_id = :id ORDER BY item", id=run_id)


def outputs_of(app: APIFlask, run_id: UUID, step: str) -> dict[int, Any]:
    query = "SELECT item, output FROM run_steps WHERE run_id = :run AND step_id = :step"
    return {row.item: row.output for row in rows(app, query, run=run_id, step=step)}


# --- works


def test_every_item_goes_through_the_steps_and_what_they_gave_is_a_list_after_the_loop(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    greet = note("greet", name={"var": "item.name"}, place={"var": "index"})
    after = note("after", all={"var": "steps.greet"}, over={"var": "steps.each"})
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), for_each("each", GUESTS, greet), after
    )
    accept(app, hook, {"guests": [{"name": "Ana"}, {"name": "Bo"}, {"name": "Cleo"}]})
    worker.work()
    root = root_of(app, workflow)
    assert root.state == "succeeded"
    assert outputs_of(app, root.id, "after")[-1] == {
        "all": [
            {"name": "Ana", "place": 0},
            {"name": "Bo", "place": 1},
            {"name": "Cleo", "place": 2},
        ],
        "over": {"total": 3, "succeeded": 3, "failed": 0},
    }
    assert outputs_of(app, root.id, "greet").keys() == {0, 1, 2}
    assert [item.state for item in items_of(app, root.id)] == ["succeeded"] * 3


def test_an_item_sees_what_came_before_the_loop_and_what_it_did_itself(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    first = note("first", table={"var": "trigger.data.table"})
    seat = note("seat", at={"var": "steps.first.table"}, guest={"var": "item"})
    again = note("again", guest={"var": "steps.seat.guest"}, run={"var": "run.id"})
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), first, for_each("each", GUESTS, seat, again)
    )
    accept(app, hook, {"guests": ["Ana", "Bo"], "table": 7})
    worker.work()
    root = root_of(app, workflow)
    assert outputs_of(app, root.id, "again") == {
        0: {"guest": "Ana", "run": str(root.id)},
        1: {"guest": "Bo", "run": str(root.id)},
    }


def test_loops_inside_loops_give_lists_of_lists(app: APIFlask, worker: Worker, hook: Hook) -> None:
    seat = note("seat", who={"var": "item"}, n={"var": "index"})
    count = note("count", seats={"var": "steps.seat"})
    tables = {"var": "trigger.data.tables"}
    inner = for_each("guests", {"var": "item"}, seat)
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        for_each("tables", tables, inner, count),
        note("after", all={"var": "steps.seat"}, counted={"var": "steps.count"}),
    )
    accept(app, hook, {"tables": [["Ana", "Bo"], [], ["Cleo"]]})
    worker.work()
    root = root_of(app, workflow)
    ana, bo, cleo = {"who": "Ana", "n": 0}, {"who": "Bo", "n": 1}, {"who": "Cleo", "n": 0}
    assert root.state == "succeeded", root.reason
    assert outputs_of(app, root.id, "after")[-1] == {
        "all": [[ana, bo], [], [cleo]],
        "counted": [{"seats": [ana, bo]}, {"seats": []}, {"seats": [cleo]}],
    }


def test_no_more_items_are_under_way_than_may_be_and_the_next_begins_when_one_is_over(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("post", sink.url("/ok/never-asked"))
    loop = for_each("each", GUESTS, step, parallel=2)
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), loop)
    accept(app, hook, {"guests": ["Ana", "Bo", "Cleo", "Dan", "Eve"]})
    worker.fan_out()
    assert worker.begin_runs() == []
    root = root_of(app, workflow)
    assert (root.state, root.waiting_for) == (
        "waiting",
        {"kind": "items", "id": "each", "total": 5},
    )
    begun = worker.begin_runs()
    assert sorted(run.item for run, _ in begun) == [0, 1]
    assert worker.begin_runs() == []
    worker.come_home(worker.run_source, [(begun[0][0], answered())])
    ((third, _),) = worker.begin_runs()
    assert third.item == 2
    assert root_of(app, workflow).items_left == 4


def test_an_item_that_fails_does_not_sink_the_others(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    url = {"cat": [sink.url("/"), {"var": "item"}]}
    step = call("post", "", **retrying(1))
    step["input"]["url"] = url
    after = note("after", statuses={"var": "steps.post"}, over={"var": "steps.each"})
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), for_each("each", GUESTS, step), after
    )
    accept(app, hook, {"guests": ["ok/a", "status/404", "ok/b"]})
    worker.work()
    root = root_of(app, workflow)
    assert root.state == "succeeded"
    gave = outputs_of(app, root.id, "after")[-1]
    assert gave["over"] == {"total": 3, "succeeded": 2, "failed": 1}
    assert [one and one["status"] for one in gave["statuses"]] == [200, None, 200]


def test_items_have_keys_of_their_own_made_of_the_run_people_see(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    loop = for_each("each", GUESTS, call("post", sink.url("/ok/keys")))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), loop)
    accept(app, hook, {"guests": ["Ana", "Bo"]})
    worker.work()
    root = root_of(app, workflow)
    assert {f"{root.id}:post:0:0", f"{root.id}:post:1:0"} <= sink.keys().keys()
    attempts = rows(app, "SELECT * FROM step_attempts WHERE run_id = :id", id=root.id)
    assert sorted(each.item for each in attempts) == [0, 1]


def test_an_item_is_tried_again_while_the_others_go_on(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("post", sink.url("/ok/never-asked"), **retrying(2, delay_s=60))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), for_each("e", GUESTS, step))
    accept(app, hook, {"guests": ["Ana", "Bo"]})
    worker.fan_out()
    worker.begin_runs()
    (first, _), (second, _) = worker.begin_runs()
    worker.come_home(worker.run_source, [(first, not_sent()), (second, answered())])
    assert root_of(app, workflow).state == "waiting"
    let_pass(app, 70)
    ((again, _),) = worker.begin_runs()
    worker.come_home(worker.run_source, [(again, answered())])
    worker.run()
    assert root_of(app, workflow).state == "succeeded"


def test_an_item_that_ends_by_a_filter_ends_only_itself(
    app: APIFlask, worker: Worker, hook: Hook
) -> None:
    only = {"id": "only", "kind": "filter", "when": {"==": [{"var": "item"}, "Ana"]}}
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        for_each("each", GUESTS, only, note("seat", who={"var": "item"})),
        note("after", seats={"var": "steps.seat"}),
    )
    accept(app, hook, {"guests": ["Ana", "Bo"]})
    worker.work()
    root = root_of(app, workflow)
    assert root.state == "succeeded"
    assert outputs_of(app, root.id, "after")[-1] == {"seats": [{"who": "Ana"}, None]}


# --- negatives


def test_a_run_whose_items_gave_too_much_is_parked_with_a_sentence(
    app: APIFlask, worker: Worker, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_lists, "LISTS_BYTES", 1_000)
    keep = note("keep", words={"var": "item"})
    after = note("after", words={"var": "steps.keep"})
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), for_each("each", GUESTS, keep), after
    )
    accept(app, hook, {"guests": ["a" * 400, "b" * 400, "c" * 400]})
    worker.work()
    root = root_of(app, workflow)
    assert (root.state, root.reason["code"]) == ("needs_attention", "too_large")
    assert "too much" in root.reason["message"]


# --- concurrency


def test_an_item_whose_worker_died_is_taken_up_by_another(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    loop = for_each("each", GUESTS, call("post", sink.url("/ok/after-death")))
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), loop)
    accept(app, hook, {"guests": ["Ana", "Bo"]})
    worker.fan_out()
    with worker_of(app) as first:
        first.begin_runs()
        assert len(first.begin_runs()) == 2
        first.die()
    worker.sweep()
    worker.work()
    assert root_of(app, workflow).state == "succeeded"
    assert sink.paths()["/ok/after-death"] == 2


def test_items_that_do_something_once_leave_one_at_a_time_and_a_death_leaves_one_in_doubt(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    pay = call("pay", sink.url("/ok/paid"), key=False)
    loop = for_each("each", [1, 2, 3, 4, 5, 6], pay, parallel=4)
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), loop)
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    with worker_of(app) as doomed:
        doomed.begin_runs()
        assert len(doomed.begin_runs()) == 1
        doomed.die()
    worker.sweep()
    worker.work()
    root = root_of(app, workflow)
    assert (root.state, root.reason["code"], root.items_left) == ("needs_attention", "unsure", 1)
    assert sink.paths() == {"/ok/paid": 5}
    with app.app_context():
        runs.decide(hook.organization_id, root.id, "skip")
        db.session.commit()
    worker.work()
    assert root_of(app, workflow).state == "succeeded"
    assert sink.paths() == {"/ok/paid": 5}
    assert rows(app, "SELECT 1 FROM once_slots") == []


def test_items_held_by_a_pause_go_on_after_it_and_none_is_counted_twice(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    two = [call("one", sink.url("/ok/one")), call("pay", sink.url("/ok/two"), key=False)]
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), for_each("each", [1, 2, 3], *two, parallel=2)
    )
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    worker.begin_runs()
    begun = worker.begin_runs()
    with app.app_context():
        service.pause(hook.organization_id, workflow)
        db.session.commit()
    worker.come_home(worker.run_source, [(run, answered()) for run, _ in begun])
    worker.work()
    assert root_of(app, workflow).items_left == 3
    assert "/ok/two" not in sink.paths()
    with app.app_context():
        service.resume(hook.organization_id, workflow)
        db.session.commit()
    worker.work()
    root = root_of(app, workflow)
    assert (root.state, root.items_left) == ("succeeded", 0)
    assert sink.paths()["/ok/two"] == 3


def test_a_loop_stopped_with_items_on_their_way_and_run_again_does_each_once(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    loop = for_each("each", [1, 2, 3, 4, 5], call("post", sink.url("/ok/post")), parallel=2)
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), loop, note("after", a=1))
    accept(app, hook, {"guest": "Ana"})
    worker.fan_out()
    worker.begin_runs()
    begun = worker.begin_runs()
    first = root_of(app, workflow)
    with app.app_context():
        runs.stop(hook.organization_id, first.id)
        db.session.commit()
    worker.come_home(worker.run_source, [(run, answered()) for run, _ in begun])
    assert {row.state for row in items_of(app, first.id)} == {"stopped"}
    with app.app_context():
        again = runs.rerun(hook.organization_id, first.id).id
        db.session.commit()
    worker.work()
    ended = one(app, "SELECT * FROM runs WHERE id = :id", id=again)
    assert (ended.state, ended.items_left, ended.items_next) == ("succeeded", 0, 5)
    assert steps_of(app, again)["each"].output == {"total": 5, "succeeded": 5, "failed": 0}
    assert sink.keys() == {f"{first.id}:post:{number}:0": 1 for number in range(5)}
