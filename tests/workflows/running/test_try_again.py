"""A run that was set aside because of something on our side is tried again from where it stands."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Row

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    call,
    make_workflow,
    note,
    on_hook,
    publish,
    rows,
    run_of,
    steps_of,
)
from tests.workers.trouble import refusing

pytestmark = pytest.mark.usefixtures("empty_database")

DONE = "step_id <> 'after' OR state <> 'succeeded'"


def set_aside(app: APIFlask, worker: Worker, hook: Hook, *steps: Any) -> UUID:
    """A workflow whose one run is set aside where it would write that `after` is done."""
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), *steps)
    accept(app, hook, {"guest": "Ana", "guests": [1, 2, 3]})
    with refusing(app, "run_steps", DONE):
        worker.work()
    return workflow


def try_again(owner: Persona, run: Row[Any], choice: str = "try_again") -> int:
    return owner.api.post(f"/runs/{run.id}/decide", json={"decision": choice}).status_code


def root_of(app: APIFlask) -> Row[Any]:
    (found,) = rows(app, "SELECT * FROM runs WHERE parent_run_id IS NULL")
    return found


# --- works


def test_a_run_that_could_not_be_written_goes_on_from_its_page(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook
) -> None:
    workflow = set_aside(app, worker, hook, note("before", a=1), note("after", a=1))
    run = run_of(app, workflow)
    assert (run.state, run.reason["code"]) == ("needs_attention", "internal")
    assert "Try it again" in words_of(owner.browser.get(f"/runs/{run.id}"))
    said = owner.browser.post(f"/runs/{run.id}/decide", data={"choice": "try_again"})
    assert said.status_code == 303
    worker.run()
    assert run_of(app, workflow).state == "succeeded"


def test_what_had_left_is_done_again_under_its_key(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = set_aside(app, worker, hook, call("after", sink.url("/ok/again")))
    run = run_of(app, workflow)
    assert run.reason["code"] == "internal"
    assert try_again(owner, run) == 200
    worker.run()
    assert run_of(app, workflow).state == "succeeded"
    assert sink.keys() == {f"{run.id}:after:-:0": 2}


def test_what_may_happen_once_asks_before_it_is_done_again(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook, sink: Sink
) -> None:
    sink.forget()
    workflow = set_aside(app, worker, hook, call("after", sink.url("/ok/once"), key=False))
    assert try_again(owner, run_of(app, workflow)) == 200
    worker.run()
    run = run_of(app, workflow)
    assert (run.state, run.reason["code"]) == ("needs_attention", "unsure")
    assert steps_of(app, run.id)["after"].state == "unsure"
    assert sink.paths() == {"/ok/once": 1}


def test_the_event_a_run_was_given_is_not_lost(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook
) -> None:
    hear = {"id": "hear", "kind": "wait", "event": {
        "event_type": "external.contract.signed", "match": {"data.guest": "Ana"},
        "timeout_s": 600, "otherwise": [note("nobody", a=1)],
    }}  # fmt: skip
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), hear, note("after", a=1))
    accept(app, hook, {})
    worker.work()
    publish(app, hook.organization_id, "contract.signed", {"guest": "Ana"})
    with refusing(app, "run_steps", DONE):
        worker.work()
    run = run_of(app, workflow)
    assert run.reason["code"] == "internal"
    assert try_again(owner, run) == 200
    worker.run()
    assert run_of(app, workflow).state == "succeeded"
    assert steps_of(app, run.id).keys() == {"hear", "after"}


def test_a_caller_still_learns_what_became_of_the_run_it_called(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook
) -> None:
    called = make_workflow(app, hook.organization_id, {"kind": "workflow"}, note("n", a=1))
    ask = {"id": "ask", "kind": "call", "workflow": str(called), "input": {}, "wait": True}
    workflow = set_aside(app, worker, hook, ask, note("after", a=1))
    run = run_of(app, workflow)
    assert run.reason["code"] == "internal"
    assert try_again(owner, run) == 200
    worker.run()
    assert run_of(app, workflow).state == "succeeded"


def test_items_are_tried_again_one_after_the_other(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook
) -> None:
    guests = {"var": "trigger.data.guests"}
    loop = {"id": "all", "kind": "for_each", "items": guests, "steps": [note("after", a=1)]}
    set_aside(app, worker, hook, loop)
    tries = 0
    while (run := root_of(app)).state == "needs_attention":
        assert run.reason["code"] == "internal"
        assert try_again(owner, run) == 200
        worker.run()
        tries += 1
    assert (run.state, tries) == ("succeeded", 3)


# --- negatives


@pytest.mark.parametrize("choice", ["send_again", "treat_as_done", "skip", "go_on", "end"])
def test_other_answers_are_none_to_it(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook, choice: str
) -> None:
    workflow = set_aside(app, worker, hook, note("after", a=1))
    assert try_again(owner, run_of(app, workflow), choice) == 409


def test_it_is_no_answer_to_what_may_have_happened(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook, sink: Sink
) -> None:
    step = call("pay", sink.url("/reset/pay"), key=False)
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step)
    accept(app, hook, {"guest": "Ana"})
    worker.work()
    run = run_of(app, workflow)
    assert run.reason["code"] == "unsure"
    assert try_again(owner, run) == 409


def test_what_goes_wrong_again_asks_again(
    app: APIFlask, owner: Persona, worker: Worker, hook: Hook
) -> None:
    workflow = set_aside(app, worker, hook, note("after", a=1))
    with refusing(app, "run_steps", DONE):
        assert try_again(owner, run_of(app, workflow)) == 200
        worker.run()
    run = run_of(app, workflow)
    assert (run.state, run.reason["code"]) == ("needs_attention", "internal")
    assert try_again(owner, run) == 200
    worker.run()
    assert run_of(app, workflow).state == "succeeded"
