"""Runs that wait for events and ask people, from the trigger to the end."""

import threading
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.workers.passing_time import let_pass
from tests.workers.scene import (
    Definition,
    Worker,
    beside,
    make_workflow,
    note,
    on_event,
    one,
    publish,
    run_of,
    states_of,
    steps_of,
    worker_of,
)
from tests.workflows.waiting import sweep
from wedsync.platform.db import db
from wedsync.workflows.questions import approvals
from wedsync.workflows.running import runs

SENT, SIGNED = "external.contract.sent", "external.contract.signed"


@pytest.fixture
def mine(worker: Worker, organization: UUID) -> UUID:
    return organization


def until_signed(step_id: str = "signed", **fields: Any) -> Definition:
    event = {
        "event_type": SIGNED,
        "match": {"data.contract": {"var": "trigger.data.contract"}},
        "timeout_s": 86_400,
        **fields,
    }
    return {"id": step_id, "kind": "wait", "event": event}


def asking(**fields: Any) -> Definition:
    asked = {"ask": "May we book it?", "who": {"role": "owner"}}
    return {"id": "may", "kind": "approval", **asked, **fields}


def contract(app: APIFlask, organization: UUID, event_type: str, number: int = 7) -> UUID:
    return publish(app, organization, event_type.removeprefix("external."), {"contract": number})


def question_of(app: APIFlask, run_id: UUID) -> Any:
    return one(app, "SELECT * FROM approvals WHERE run_id = :id", id=run_id)


def test_a_run_waits_for_its_event_and_goes_on_with_it(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    city = note("n", city={"var": "steps.signed.data.contract"})
    workflow = make_workflow(app, mine, on_event(SENT), until_signed(), city)
    contract(app, mine, SENT)
    worker.work()
    assert run_of(app, workflow).state == "waiting"
    contract(app, mine, SIGNED, 8)
    worker.work()
    assert run_of(app, workflow).state == "waiting"
    contract(app, mine, SIGNED, 7)
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "succeeded"
    assert steps_of(app, run.id)["signed"].state == "succeeded"


def test_a_step_turned_off_later_is_not_off_for_a_run_that_waits(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    steps = until_signed(), note("n", city="Lyon"), note("last", a=1)
    workflow = make_workflow(app, owner.organization_id, on_event(SENT), *steps)
    contract(app, owner.organization_id, SENT)
    worker.work()
    waits = run_of(app, workflow)
    path = f"/workflows/{workflow}"
    off = [{**step, "off": True} for step in steps[:2]]
    definition = {"format": 1, "trigger": on_event(SENT), "steps": [*off, steps[2]]}
    owner.api.put(f"{path}/draft", json={"definition": definition}, headers={"If-Match": "*"})
    assert owner.api.post(f"{path}/publish").json["version"] == 2
    contract(app, owner.organization_id, SENT, 8)
    contract(app, owner.organization_id, SIGNED)
    worker.work()
    assert list(steps_of(app, waits.id)) == ["signed", "n", "last"]
    newer = one(
        app, "SELECT * FROM runs WHERE workflow_id = :w AND id <> :r", w=workflow, r=waits.id
    )
    assert newer.state == "succeeded"
    assert list(steps_of(app, newer.id)) == ["last"]


def test_an_answer_quicker_than_the_step_that_waits_for_it_is_found(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    workflow = make_workflow(app, mine, on_event(SENT), until_signed())
    contract(app, mine, SENT)
    contract(app, mine, SIGNED)
    worker.fan_out()
    worker.work()
    assert run_of(app, workflow).state == "succeeded"


def test_what_does_not_come_in_time_is_waited_for_no_more(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    workflow = make_workflow(app, mine, on_event(SENT), until_signed())
    contract(app, mine, SENT)
    worker.work()
    let_pass(app, 86_401)
    worker.work()
    assert run_of(app, workflow).state == "succeeded"
    assert one(app, "SELECT closed_at FROM event_waits").closed_at is not None


def test_after_one_wait_ran_out_the_next_one_is_open(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    workflow = make_workflow(app, mine, on_event(SENT), until_signed("a"), until_signed("b"))
    contract(app, mine, SENT)
    worker.work()
    let_pass(app, 86_401)
    worker.work()
    assert run_of(app, workflow).state == "waiting"
    contract(app, mine, SIGNED)
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "succeeded"
    found = one(app, "SELECT event_id FROM event_waits WHERE step_id = 'b'")
    assert found.event_id is not None


def test_a_run_that_asks_goes_on_with_the_answer(
    app: APIFlask, worker: Worker, mine: UUID, owner: Persona
) -> None:
    workflow = make_workflow(app, mine, on_event(SENT), asking(), note("n", a=1))
    contract(app, mine, SENT)
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "waiting"
    with app.app_context():
        approvals.decide(owner.identity, question_of(app, run.id).id, "approved", note="Yes please")
        db.session.commit()
    worker.work()
    assert run_of(app, workflow).state == "succeeded"
    given = steps_of(app, run.id)["may"].output
    assert given == {"approved": True, "by": owner.name, "note": "Yes please"}


def test_a_question_nobody_answers_in_time_counts_as_it_says(
    app: APIFlask, worker: Worker, mine: UUID, owner: Persona
) -> None:
    asked = asking(expires_after_s=3600, on_expiry="refuse")
    workflow = make_workflow(app, mine, on_event(SENT), asked)
    contract(app, mine, SENT)
    worker.work()
    let_pass(app, 3601)
    worker.work()
    run = run_of(app, workflow)
    assert steps_of(app, run.id)["may"].output["approved"] is False
    assert question_of(app, run.id).state in ("expired", "cancelled")


def test_stopping_a_run_closes_what_it_waited_for(
    app: APIFlask, worker: Worker, mine: UUID, owner: Persona
) -> None:
    asks = make_workflow(app, mine, on_event(SENT), asking())
    waits = make_workflow(app, mine, on_event(SENT), until_signed())
    contract(app, mine, SENT)
    worker.work()
    with app.app_context():
        for workflow in (asks, waits):
            runs.stop(mine, run_of(app, workflow).id)
        db.session.commit()
    assert question_of(app, run_of(app, asks).id).state == "cancelled"
    assert one(app, "SELECT closed_at FROM event_waits").closed_at is not None
    assert sweep(app) == 0


def test_the_items_of_a_loop_ask_and_wait_each_for_itself(
    app: APIFlask, worker: Worker, mine: UUID, owner: Persona
) -> None:
    each = {
        "id": "each",
        "kind": "for_each",
        "items": {"var": "trigger.data.guests"},
        "steps": [
            asking(),
            until_signed(match={"data.contract": {"var": "item"}}),
        ],
    }
    make_workflow(app, mine, on_event(SENT), each)
    publish(app, mine, "contract.sent", {"guests": [1, 2, 3]})
    worker.work()
    asked = "SELECT id FROM approvals WHERE state = 'open' ORDER BY id"
    for number in (1, 2, 3):
        with app.app_context():
            approvals.decide(owner.identity, one(app, f"{asked} LIMIT 1").id, "approved")
            db.session.commit()
        worker.work()
        contract(app, mine, SIGNED, number)
    worker.work()
    assert one(app, "SELECT count(*) AS n FROM approvals WHERE state = 'approved'").n == 3
    ended = one(app, "SELECT array_agg(DISTINCT state) AS states, count(*) AS n FROM runs")
    assert (ended.states, ended.n) == (["succeeded"], 4)


def test_answers_that_come_at_any_moment_find_every_run_with_two_workers(
    app: APIFlask, worker: Worker, mine: UUID
) -> None:
    workflow = make_workflow(app, mine, on_event(SENT), until_signed())
    finished = threading.Event()

    def keep_working(one_of_two: Worker) -> None:
        while not finished.is_set():
            one_of_two.work()

    with (
        worker_of(app) as other,
        beside(lambda: keep_working(worker)) as first,
        beside(lambda: keep_working(other)) as second,
    ):
        for number in range(60):
            contract(app, mine, SENT, number)
            contract(app, mine, SIGNED, number)
        finished.set()
        first.result(30)
        second.result(30)
    worker.work()
    sweep(app)
    worker.work()
    assert states_of(app, workflow) == {"succeeded": 60}
