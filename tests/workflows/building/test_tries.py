"""Trying a draft through its service and the API: what is kept of it and for whom, and the one
step that really happens: once, by a worker, through the door."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests import door
from tests.personas import Persona, Script
from tests.weddings.couples import ahead, marry
from tests.workers.scene import Sink, Worker, call, note, one, rows, tell
from tests.workflows.building.trying import last, made, pretend, really, state_of, write
from wedsync.accounts import api_keys
from wedsync.errors import Conflict, Invalid, NotFound, TooMany
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.building.known import samples
from wedsync.workflows.building.known.samples import EXAMPLE
from wedsync.workflows.building.tries import keeping, service
from wedsync.workflows.building.tries.offer import offer_of
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing import drafts
from wedsync.workflows.editing.draft_operations import Change
from workers import schedule

pytestmark = pytest.mark.usefixtures("empty_database", "built_in_listings")

# --- pretending


def test_a_pretended_try_is_kept_and_its_steps_count_as_tried(
    app: APIFlask, owner: Persona
) -> None:
    workflow_id = made(app, owner, note("guest", name="Ada"), tell("tell", "seating.a"))
    found = pretend(app, owner, workflow_id)
    assert (found.mode, found.state, found.is_over) == ("pretend", "done", True)
    kept = last(app, owner, workflow_id)
    assert {step: state.is_real for step, state in kept.states.items()} == {
        "guest": False,
        "tell": False,
    }
    assert kept.outputs == {}
    assert rows(app, "SELECT 1 FROM events WHERE type = 'seating.a'") == []


def test_of_pretended_tries_only_the_last_of_each_person_is_kept(
    app: APIFlask, owner: Persona, editor: Persona
) -> None:
    workflow_id = made(app, owner, note("guest", name="Ada"))
    for persona in (owner, owner, editor):
        pretend(app, persona, workflow_id)
    found = rows(app, "SELECT user_id FROM tries WHERE workflow_id = :id", id=workflow_id)
    assert {row.user_id for row in found} == {owner.user_id, editor.user_id}
    assert len(found) == 2


def test_a_step_that_was_changed_since_is_not_tried_any_more(app: APIFlask, owner: Persona) -> None:
    workflow_id = made(app, owner, note("guest", name="Ada"), note("other", name="Ben"))
    pretend(app, owner, workflow_id)
    with app.app_context():
        change_it = [Change("guest", "values", {"name": "Clara"})]
        drafts.edit(owner.organization_id, workflow_id, change_it, expected_revision=1)
        db.session.commit()
    assert set(last(app, owner, workflow_id).states) == {"other"}


def test_what_one_person_tried_is_not_another_s(
    app: APIFlask, owner: Persona, editor: Persona
) -> None:
    workflow_id = made(app, owner, note("guest", name="Ada"))
    pretend(app, owner, workflow_id)
    assert last(app, editor, workflow_id).states == {}


def test_a_try_is_for_the_couple_that_was_chosen(app: APIFlask, owner: Persona) -> None:
    marry(app, owner, title="Hannah & Josef", date=ahead(30))
    later = marry(app, owner, title="Priya & Tom", date=ahead(90))
    workflow_id = made(app, owner, note("who", name={"var": "wedding.title"}))
    found = pretend(app, owner, workflow_id, sample=str(later))
    assert found.told["sample_name"] == "Priya & Tom"
    assert found.told["steps"][0]["rows"] == [["Name", "Priya & Tom"]]


def test_a_step_that_is_gone_cannot_be_tried(app: APIFlask, owner: Persona) -> None:
    workflow_id = made(app, owner, note("guest", name="Ada"))
    with app.test_request_context():
        for attempt in (service.pretend, service.really):
            with pytest.raises(Conflict) as refused:
                attempt(owner.identity, workflow_id, step="gone")
            assert refused.value.code == "step_gone"


def test_a_stranger_tries_nothing_and_reads_no_try(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    workflow_id = made(app, owner, note("guest", name="Ada"))
    found = pretend(app, owner, workflow_id)
    with app.test_request_context(), pytest.raises(NotFound):
        service.pretend(stranger.identity, workflow_id)
    with app.test_request_context(), pytest.raises(NotFound):
        service.get(stranger.organization_id, workflow_id, found.id)


# --- one step, really


def test_a_step_that_is_asked_for_happens_once_in_a_worker_and_never_in_the_request(
    app: APIFlask, owner: Persona, worker: Worker, sink: Sink
) -> None:
    sink.forget()
    workflow_id = made(app, owner, call("post", sink.url("/ok?once")))
    with door.shut() as heard:
        try_id = really(app, owner, workflow_id, "post")
    assert (heard, state_of(app, try_id)[0]) == ([], "asked")
    worker.try_steps()
    worker.try_steps()
    state, message = state_of(app, try_id)
    assert (state, bool(message)) == ("done", True)
    assert sink.keys() == {f"try:{try_id}": 1}
    kept = last(app, owner, workflow_id)
    assert kept.states["post"].is_real
    assert kept.outputs["post"]["status"] == 200


def test_what_it_really_gave_is_what_later_steps_are_looked_at_with(
    app: APIFlask, owner: Persona, worker: Worker, sink: Sink
) -> None:
    after = note("after", status={"var": "steps.post.status"})
    workflow_id = made(app, owner, call("post", sink.url("/ok")), after)
    really(app, owner, workflow_id, "post")
    worker.try_steps()
    with app.test_request_context():
        workflow = queries.get_workflow(owner.organization_id, workflow_id)
        tried = keeping.last_of(owner.identity, workflow.id, workflow.draft).outputs
        seen = samples.sample(owner.organization_id, workflow.draft, tried=tried)
    assert seen.steps["after"] == {"status": 200}
    pretend(app, owner, workflow_id)
    assert last(app, owner, workflow_id).outputs["post"]["status"] == 200


def test_who_asks_twice_while_it_is_under_way_asked_once(
    app: APIFlask, owner: Persona, worker: Worker, sink: Sink
) -> None:
    workflow_id = made(app, owner, call("post", sink.url("/ok")))
    first = really(app, owner, workflow_id, "post")
    assert really(app, owner, workflow_id, "post") == first
    worker.try_steps()
    assert really(app, owner, workflow_id, "post") != first


def test_only_so_many_are_tried_at_once(app: APIFlask, owner: Persona) -> None:
    steps = [tell(f"tell{number}", "seating.a") for number in range(service.MOST_AT_ONCE + 1)]
    workflow_id = made(app, owner, *steps)
    for step in steps[:-1]:
        really(app, owner, workflow_id, step["id"])
    with app.test_request_context(), pytest.raises(TooMany):
        service.really(owner.identity, workflow_id, steps[-1]["id"])


def test_a_webhook_that_is_really_sent_is_an_event_of_this_workflow(
    app: APIFlask, owner: Persona, worker: Worker
) -> None:
    couple = marry(app, owner)
    workflow_id = made(app, owner, tell("tell", "seating.a", {"seats": 2}))
    try_id = really(app, owner, workflow_id, "tell")
    worker.try_steps()
    event = one(app, "SELECT * FROM events WHERE type LIKE '%seating.a'")
    assert (event.source, event.data) == (f"workflow:{workflow_id}", {"seats": 2})
    assert (event.wedding_id, event.causation["chain"]) == (couple, [str(workflow_id)])
    assert state_of(app, try_id)[0] == "done"


def test_a_record_is_really_changed_or_left_as_it_was(
    app: APIFlask, owner: Persona, worker: Worker
) -> None:
    couple = marry(app, owner)
    change_it = {"id": "count", "kind": "action", "use": "wedding.update"}
    fine = {**change_it, "input": {"final_count": 82}}
    refused = {**change_it, "id": "odd", "input": {"final_count": 83, "zone": "Nowhere/At all"}}
    workflow_id = made(app, owner, fine, refused)
    done, failed = (really(app, owner, workflow_id, step) for step in ("count", "odd"))
    worker.try_steps()
    assert state_of(app, done)[0] == "done"
    assert state_of(app, failed)[0] == "failed"
    assert one(app, "SELECT final_count FROM weddings WHERE id = :id", id=couple)[0] == 82


@pytest.mark.parametrize(
    ("path", "state"), [("/refuse", "failed"), ("/fail", "unsure"), ("/hang", "unsure")]
)
def test_what_did_not_work_or_may_have_happened_is_said(
    app: APIFlask, owner: Persona, worker: Worker, sink: Sink, path: str, state: str
) -> None:
    step = call("post", sink.url(_ANSWERS[path]), timeout_s=1)
    workflow_id = made(app, owner, step)
    try_id = really(app, owner, workflow_id, "post")
    worker.try_steps()
    found, message = state_of(app, try_id)
    assert found == state
    assert message.endswith(".")
    assert "post" not in last(app, owner, workflow_id).states


_ANSWERS = {"/refuse": "/status/400", "/fail": "/status/500", "/hang": "/hang"}


def test_what_a_dead_worker_had_under_way_may_have_happened(
    app: APIFlask, owner: Persona, worker: Worker, sink: Sink
) -> None:
    workflow_id = made(app, owner, call("post", sink.url("/ok")))
    try_id = really(app, owner, workflow_id, "post")
    assert len(worker._begin(worker.try_source)) == 1
    assert state_of(app, try_id)[0] == "going_on"
    worker.die()
    with worker.engine.begin() as connection:
        schedule.give_back_claims(connection)
    assert state_of(app, try_id) == (
        "unsure",
        "We were interrupted, and do not know whether it happened.",
    )


def test_who_asked_is_in_the_audit_log(app: APIFlask, owner: Persona) -> None:
    workflow_id = made(app, owner, tell("tell", "seating.a"))
    try_id = really(app, owner, workflow_id, "tell")
    entry = one(app, "SELECT * FROM audit_entries WHERE action = 'workflow.step_tried'")
    assert (entry.object_id, entry.actor_id) == (workflow_id, owner.user_id)
    assert entry.facts == {
        "step": "tell",
        "use": "webhook.send",
        "to_me": False,
        "try_id": str(try_id),
    }


# --- what cannot really happen


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (note("it", x=1), "nothing_to_try"),
        ({**tell("it", "seating.a"), "off": True}, "nothing_to_try"),
        ({"id": "it", "kind": "action", "use": "webhook.send", "input": {}}, "step_unfinished"),
        ({"id": "it", "kind": "action", "use": "gone.away", "input": {}}, "step_unfinished"),
        (tell("it", "seating.a", {"x": {"/": [1, 0]}}), "input_unfit"),
    ],
)
def test_what_cannot_really_happen_is_refused_with_a_sentence(
    app: APIFlask, owner: Persona, step: Any, code: str
) -> None:
    workflow_id = made(app, owner, step)
    with app.test_request_context(), pytest.raises((Conflict, Invalid)) as refused:
        service.really(owner.identity, workflow_id, "it")
    assert refused.value.code == code
    assert refused.value.detail.endswith(".")


def test_what_is_sealed_is_not_opened_for_a_try(app: APIFlask, owner: Persona) -> None:
    trigger = {"kind": "event", "event_type": "external.rsvp.received", "source": "any"}
    meal = {"allergy": {"var": "trigger.data.guest.allergy"}}
    workflow_id = made(app, owner, tell("it", "seating.a", meal), trigger=trigger)
    with app.test_request_context(), pytest.raises(Conflict) as refused:
        service.really(owner.identity, workflow_id, "it")
    assert refused.value.code == "sealed_input"


def test_the_buttons_say_whether_anything_leaves() -> None:
    letter = offer_of(write(UUID(int=1)), entries())
    assert (letter.really_words, letter.to_me) == ("Really send it", True)
    hook = offer_of(tell("it", "seating.a"), entries())
    assert (hook.really_words, hook.to_me) == ("Really do it", False)
    noted = offer_of(note("it"), entries())
    assert (noted.really, noted.pretend_words) == (False, "Pretend this step")
    assert noted.why_not


# --- the API


def test_the_api_pretends_and_has_a_step_happen(
    app: APIFlask, owner: Persona, worker: Worker, sink: Sink
) -> None:
    workflow_id = made(app, owner, note("n", x=1), call("post", sink.url("/ok")))
    path = f"/workflows/{workflow_id}/tries"
    pretended = owner.api.post(path, json={"sample": EXAMPLE})
    assert pretended.status_code == 201
    assert [step["id"] for step in pretended.json["steps"]] == ["n", "post"]
    assert (pretended.json["state"], pretended.json["how"]) == ("done", "pretend")
    asked = owner.api.post(path, json={"how": "really", "step": "post"})
    assert (asked.status_code, asked.json["state"]) == (201, "asked")
    worker.try_steps()
    found = owner.api.get(f"{path}/{asked.json['id']}")
    assert (found.json["state"], found.json["output"]["status"]) == ("done", 200)
    assert owner.api.get(f"{path}/{pretended.json['id']}").status_code == 200


def test_the_api_has_only_one_step_happen_at_a_time(app: APIFlask, owner: Persona) -> None:
    workflow_id = made(app, owner, tell("tell", "seating.a"))
    answer = owner.api.post(f"/workflows/{workflow_id}/tries", json={"how": "really"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/step")


def test_a_key_that_may_only_read_tries_nothing(app: APIFlask, owner: Persona) -> None:
    workflow_id = made(app, owner, note("n", x=1))
    with app.app_context():
        _, raw = api_keys.create(owner.organization_id, "Reader", ["workflows:read"])
        db.session.commit()
    answer = Script(app, raw).post(f"/workflows/{workflow_id}/tries", json={})
    assert answer.status_code == 403
    assert rows(app, "SELECT 1 FROM tries") == []
