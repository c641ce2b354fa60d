"""The pages of runs: what happened, each run step by step, and what a person can do about it."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import (
    Sink,
    Worker,
    accept,
    call,
    make_endpoint,
    make_hook,
    make_workflow,
    note,
    on_event,
    on_hook,
    one,
    publish,
    retrying,
    run_of,
    steps_of,
    tell,
)
from wedsync.platform.db import db
from wedsync.workflows.editing import service
from wedsync.workflows.engine.protocol import Choice
from wedsync.workflows.running import runs

SAID_YES = {"==": [{"var": "trigger.data.status"}, "accepted"]}


def coming(*steps: Any) -> dict[str, Any]:
    return {
        "id": "coming",
        "kind": "choose",
        "label": "Is the guest coming?",
        "branches": [{"label": "Yes", "when": SAID_YES, "steps": list(steps)}],
        "otherwise": [],
    }


def order(sink: Sink, path: str, *, key: bool = True, **fields: Any) -> Any:
    return {**call("order", sink.url(path), key=key, **fields), "label": "Order the flowers"}


def ordered(app: APIFlask, worker: Worker, organization_id: UUID, step: Any) -> UUID:
    """A run of one step, as far as it gets by itself."""
    workflow_id = make_workflow(app, organization_id, on_event("flowers.chosen"), step)
    publish(app, organization_id, "flowers.chosen", {"guest": "Ana"})
    worker.work()
    run_id: UUID = run_of(app, workflow_id).id
    return run_id


def page(persona: Persona, run_id: UUID) -> str:
    answer = persona.browser.get(f"/runs/{run_id}")
    assert answer.status_code == 200
    return words_of(answer)


# --- a run, told


def test_a_step_that_is_off_is_told_as_off_where_it_would_have_been(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    seats = {**note("seats", seats=2), "label": "Count the seats"}
    order_them = {**tell("order", "flowers.ordered"), "label": "Order them", "off": True}
    after = {**note("after", seats={"var": "steps.order.event_id"}), "label": "Write it down"}
    workflow_id = make_workflow(
        app, owner.organization_id, on_event("flowers.chosen"), seats, order_them, after
    )
    publish(app, owner.organization_id, "flowers.chosen", {"guest": "Ana"})
    worker.work()
    run = run_of(app, workflow_id)
    assert run.state == "succeeded"
    assert set(steps_of(app, run.id)) == {"seats", "after"}
    said = page(owner, run.id)
    assert "Order them Off" in said
    assert "Write it down Done" in said
    assert "Steps done 2 of 2" in said


def test_a_run_tells_what_came_which_branch_it_took_and_what_it_did(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    hook = make_hook(app, owner.organization_id)
    shape = note("shape", seats={"var": "trigger.data.party_size"})
    workflow_id = make_workflow(
        app,
        owner.organization_id,
        on_hook(hook),
        coming(shape, tell("tell", "seating.guest_added", {"seats": {"var": "steps.shape.seats"}})),
    )
    make_endpoint(app, owner.organization_id, "https://kitchen.example/told")
    accept(app, hook, {"guest": {"name": "Rosa Osei"}, "status": "accepted", "party_size": 2})
    worker.fan_out()
    worker.run()
    said = page(owner, run_of(app, workflow_id).id)
    assert "Seat the guests, version 1 Rosa Osei" in said
    assert "RSVP received came in from Petal's orders" in said
    assert "Party size 2" in said
    assert "Took Yes: status was accepted" in said
    assert "Told the tools that listen: Seating guest added" in said
    assert "and everything is done." in said


def test_the_branches_that_were_not_taken_say_why(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    run_id = ordered(app, worker, owner.organization_id, coming(note("seat", seats=1)))
    said = page(owner, run_id)
    assert "Took Otherwise: nothing else fitted" in said
    assert "Why not the others Yes status was" in said
    assert "Note seats" not in said


def test_steps_ahead_are_not_yet_and_those_of_an_ended_run_not_needed(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    workflow_id = make_workflow(
        app,
        owner.organization_id,
        on_event("flowers.chosen"),
        order(sink, "/status/503/ahead", **retrying(2)),
        tell("tell", "flowers.ordered"),
    )
    publish(app, owner.organization_id, "flowers.chosen", {"guest": "Ana"})
    worker.work()
    run_id = run_of(app, workflow_id).id
    assert "Flowers ordered Not yet" in page(owner, run_id)
    owner.browser.post(f"/runs/{run_id}/stop")
    assert "Flowers ordered Not needed" in page(owner, run_id)


def test_a_step_that_is_tried_again_says_when_and_that_nobody_need_act(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    step = order(sink, "/status/503/again", **retrying(3))
    said = page(owner, ordered(app, worker, owner.organization_id, step))
    assert "“Order the flowers” has not worked yet. Nothing for you to do." in said
    assert "They answered 503" in said
    assert "We tried once and try again at" in said
    assert "This page follows along by itself." in said


def test_a_step_that_did_not_work_offers_to_try_again_from_there(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    run_id = ordered(app, worker, owner.organization_id, order(sink, "/flaky/1/once"))
    assert one(app, "SELECT state FROM runs WHERE id = :id", id=run_id).state == "waiting"
    failed = ordered(app, worker, owner.organization_id, order(sink, "/status/404/never"))
    said = page(owner, failed)
    assert "Its first step did not work." in said
    assert "“Order the flowers” did not work" in said
    assert "They answered 404" in said
    assert "Try again" in said
    answer = owner.browser.post(f"/runs/{failed}/retry")
    assert answer.status_code == 303
    again = owner.browser.get(answer.location)
    assert "It is tried again from where it ended." in words_of(again)
    assert "This began when it was taken up again" in words_of(again)
    assert "It has been taken up again." in page(owner, failed)


@pytest.mark.parametrize("choice", ["send_again", "treat_as_done", "skip"])
def test_a_step_that_may_have_happened_asks_and_takes_the_answer(
    app: APIFlask, worker: Worker, sink: Sink, editor: Persona, choice: Choice
) -> None:
    step = order(sink, "/status/500/unsure", key=False)
    run_id = ordered(app, worker, editor.organization_id, step)
    said = page(editor, run_id)
    assert "“Order the flowers” may have happened" in said
    assert "Send it again It was done Leave it out" in said
    answer = editor.browser.post(f"/runs/{run_id}/decide", data={"choice": choice})
    assert answer.status_code == 303
    assert one(app, "SELECT state FROM runs WHERE id = :id", id=run_id).state == "queued"


def test_an_answer_nobody_asked_for_is_refused_in_passing(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    run_id = ordered(app, worker, owner.organization_id, note("seat", seats=1))
    answer = owner.browser.post(
        f"/runs/{run_id}/decide", data={"choice": "skip"}, follow_redirects=True
    )
    assert "This run is not asking anything." in words_of(answer)
    assert owner.browser.post(f"/runs/{run_id}/decide").status_code == 422


def test_a_run_that_was_not_needed_says_why(app: APIFlask, worker: Worker, owner: Persona) -> None:
    only = {"id": "only", "kind": "filter", "when": SAID_YES}
    run_id = ordered(app, worker, owner.organization_id, only)
    said = page(owner, run_id)
    assert "It turned out that nothing was needed." in said
    assert "Ended here: status was" in said


def test_sealed_values_are_not_shown(app: APIFlask, worker: Worker, owner: Persona) -> None:
    hook = make_hook(app, owner.organization_id)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE hooks SET options = jsonb_build_object('sensitive',"
                 " jsonb_build_array('diet')) WHERE id = :id"),
            {"id": hook.id},
        )  # fmt: skip
    workflow_id = make_workflow(
        app,
        owner.organization_id,
        on_hook(hook),
        tell("tell", "kitchen.told", {"diet": {"var": "trigger.data.diet"}}),
    )
    event_id = accept(app, hook, {"guest": {"name": "Rosa"}, "diet": "no nuts at all"})
    worker.fan_out()
    worker.run()
    for path in (f"/runs/{run_of(app, workflow_id).id}", f"/events/{event_id}"):
        said = words_of(owner.browser.get(path))
        assert "no nuts" not in said
        assert "Diet hidden here" in said


# --- following along, and who may


def test_a_page_that_follows_along_is_answered_its_block_alone(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    run_id = ordered(
        app, worker, owner.organization_id, order(sink, "/status/503/x", **retrying(3))
    )
    whole = owner.browser.get(f"/runs/{run_id}").get_data(as_text=True)
    block = owner.browser.get(f"/runs/{run_id}", fragment=True).get_data(as_text=True)
    assert f'hx-sse:connect="/live/runs/{run_id}"' in whole
    assert block.lstrip().startswith('<div id="run"')
    assert "<html" not in block
    assert "<script" not in block


def test_a_run_that_is_over_no_longer_listens(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    run_id = ordered(app, worker, owner.organization_id, note("seat", seats=1))
    html = owner.browser.get(f"/runs/{run_id}").get_data(as_text=True)
    assert "hx-sse:connect" not in html
    assert "hx-trigger" not in html


def test_who_may_watch_a_run(
    app: APIFlask, worker: Worker, owner: Persona, viewer: Persona, stranger: Persona
) -> None:
    run_id = ordered(app, worker, owner.organization_id, note("seat", seats=1))
    path = f"/live/runs/{run_id}"
    key = {"Authorization": f"Bearer {viewer.key}"}
    assert viewer.browser.get(path).status_code == 204
    assert app.test_client().get(path, headers=key).status_code == 204
    assert stranger.browser.get(path).status_code == 404
    assert app.test_client().get(path).status_code == 401


def test_a_viewer_reads_everything_and_is_offered_nothing_to_press(
    app: APIFlask, worker: Worker, sink: Sink, viewer: Persona
) -> None:
    step = order(sink, "/status/500/viewer", key=False)
    run_id = ordered(app, worker, viewer.organization_id, step)
    said = page(viewer, run_id)
    assert "may have happened" in said
    assert "Send it again" not in said
    assert "Stop" not in said
    assert viewer.browser.post(f"/runs/{run_id}/stop").status_code == 403


# --- the list


def test_what_happened_is_told_in_sentences_newest_first(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    ordered(app, worker, owner.organization_id, tell("tell", "flowers.ordered"))
    ordered(app, worker, owner.organization_id, order(sink, "/status/404/list"))
    said = words_of(owner.browser.get("/runs"))
    assert "Ana “Order the flowers” did not work: They answered 404" in said
    assert "Ana Told the tools that listen: Flowers ordered." in said
    assert said.index("did not work: They") < said.index("Told the tools")


def test_the_list_is_narrowed_by_state_and_by_workflow(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    ordered(app, worker, owner.organization_id, tell("tell", "flowers.ordered"))
    failed = ordered(app, worker, owner.organization_id, order(sink, "/status/404/narrow"))
    workflow_id = one(app, "SELECT workflow_id FROM runs WHERE id = :id", id=failed).workflow_id
    done = words_of(owner.browser.get("/runs?state=done"))
    assert "Told the tools" in done
    assert "They answered 404" not in done
    assert "They answered 404" in words_of(owner.browser.get("/runs?state=did-not-work"))
    assert "Nothing like that happened." in words_of(owner.browser.get("/runs?state=stopped"))
    only = words_of(owner.browser.get(f"/runs?workflow={workflow_id}"))
    assert "They answered 404" in only


def test_earlier_runs_are_a_page_away(app: APIFlask, owner: Persona) -> None:
    with app.app_context():
        draft = service.create(
            owner.organization_id,
            "Say hello",
            {"format": 1, "trigger": {"kind": "manual"}, "steps": [note("hello", words="hi")]},
        )
        service.publish(owner.organization_id, draft.workflow.id)
        for number in range(60):
            given = {"name": f"Guest {number}"}
            runs.start_manual_run(owner.organization_id, draft.workflow.id, given)
        db.session.commit()
    first = owner.browser.get("/runs").get_data(as_text=True)
    assert "Guest 59" in first
    assert "Guest 9<" not in first
    earlier = first.split('href="/runs?before=')[1].split('"')[0]
    second = words_of(owner.browser.get(f"/runs?before={earlier}"))
    assert "Guest 9 " in second
    assert "Guest 0 " in second
    assert "Guest 10 " not in second


def test_an_organization_without_runs_is_told_what_will_stand_here(owner: Persona) -> None:
    assert "Nothing has happened yet" in words_of(owner.browser.get("/runs"))


# --- an event


def test_an_event_shows_what_it_started_and_who_was_told(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    make_workflow(app, owner.organization_id, on_event("flowers.chosen"), note("seat", seats=1))
    make_endpoint(app, owner.organization_id, sink.url("/ok/event"), description="Fern & Vale")
    event_id = publish(app, owner.organization_id, "flowers.chosen", {"guest": "Ana", "roses": 12})
    worker.work()
    said = words_of(owner.browser.get(f"/events/{event_id}"))
    assert "What happened Flowers chosen It came in from the API" in said
    assert "Technical words Its type is flowers.chosen." in said
    assert "Roses 12" in said
    assert "Seat the guests" in said
    assert "Fern & Vale Arrived" in said
