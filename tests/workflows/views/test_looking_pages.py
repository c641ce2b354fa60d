"""Pages people ask: why nothing happened, how a workflow does, many runs again, a correction."""

import threading
from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona, make_organization, make_persona
from tests.workers.scene import (
    Sink,
    Worker,
    call,
    make_workflow,
    on_event,
    one,
    publish,
    retrying,
    run_of,
    steps_of,
)
from tests.workflows.definitions import make_run
from wedsync.workflows.history.run_reading import broken_step
from wedsync.workflows.running import bulk_rerun

SURE = {"==": [{"var": "trigger.data.sure"}, True]}


def page(persona: Persona, path: str, status: int = 200) -> str:
    answer = persona.browser.get(path)
    assert answer.status_code == status, path
    return words_of(answer)


def order(sink: Sink, path: str, **fields: Any) -> dict[str, Any]:
    step = {**call("order", sink.url(path), **retrying(1), **fields), "label": "Order the flowers"}
    step["input"]["json"] = {"guest": {"var": "trigger.data.guest"}, "roses": 12, "now": True}
    return step


def broken(app: APIFlask, worker: Worker, organization_id: UUID, sink: Sink, **fields: Any) -> UUID:
    """A run whose only step did not work."""
    step = order(sink, "/status/404/flowers", **fields)
    workflow_id = make_workflow(app, organization_id, on_event("flowers.chosen"), step)
    publish(app, organization_id, "flowers.chosen", {"guest": "Ana"})
    worker.work()
    run_id: UUID = run_of(app, workflow_id).id
    return run_id


# --- why not?


def test_an_event_is_picked_and_the_answer_says_why_nothing_happened(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    organization_id = owner.organization_id
    workflow_id = make_workflow(app, organization_id, on_event("cake.chosen", filter=SURE))
    event_id = publish(app, organization_id, "cake.chosen", {"sure": False})
    worker.work()
    picker = page(owner, f"/workflows/{workflow_id}/why-not")
    assert "Cake chosen came in from the API" in picker
    publish(app, organization_id, "cake.chosen", {"couple": "Noor & Sam"})
    picker = page(owner, f"/workflows/{workflow_id}/why-not")
    assert "Cake chosen, Noor & Sam came in from the API" in picker
    said = page(owner, f"/workflows/{workflow_id}/why-not?event={event_id}")
    assert "What came in did not fit" in said
    assert "sure was no, wanted yes." in said
    assert "Asked of version 1, which was live then" in said


def test_the_page_of_an_event_leads_to_the_workflows_it_did_not_start(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen", filter=SURE))
    event_id = publish(app, owner.organization_id, "cake.chosen", {"sure": False})
    answer = owner.browser.get(f"/events/{event_id}")
    assert f"/workflows/{workflow_id}/why-not?event={event_id}" in answer.text


def test_the_api_says_why_not_in_a_code_and_in_words(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen", filter=SURE))
    event_id = publish(app, owner.organization_id, "cake.chosen", {"sure": False})
    worker.work()
    answer = owner.api.get(f"/workflows/{workflow_id}/why-not?event={event_id}")
    assert (answer.json["code"], answer.json["version"]) == ("did_not_fit", 1)
    assert "sure was no" in answer.json["explanation"]
    assert answer.json["run_id"] is None


def test_somebody_elses_event_is_not_told(app: APIFlask, owner: Persona) -> None:
    stranger = make_persona(app, make_organization(app, "Lumen"), name="Noor")
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen"))
    theirs = publish(app, stranger.organization_id, "cake.chosen", {})
    assert owner.browser.get(f"/workflows/{workflow_id}/why-not?event={theirs}").status_code == 404
    assert owner.api.get(f"/workflows/{workflow_id}/why-not?event={theirs}").status_code == 404


# --- how it does


def test_the_page_of_how_a_workflow_does_has_its_numbers_in_words(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    run_id = broken(app, worker, owner.organization_id, sink)
    workflow_id = one(app, "SELECT workflow_id FROM runs WHERE id = :id", id=run_id).workflow_id
    for _ in range(3):
        make_run(app, owner.organization_id, workflow_id, "filtered")
    said = page(owner, f"/workflows/{workflow_id}/performance")
    assert "75 % of its runs went through" in said
    assert "it ran 4 times; 1 did not work or asked somebody." in said
    assert "“Order the flowers” did not work 1 run" in said
    assert "They answered 404" in said


def test_days_that_make_no_sense_are_told_and_the_usual_ones_shown(
    app: APIFlask, owner: Persona
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen"))
    for query in ("from=2027-06-12&to=2027-06-01", "from=yesterday"):
        said = page(owner, f"/workflows/{workflow_id}/performance?{query}")
        assert "These days cannot be shown" in said
        assert "It did not run in these days" in said


def test_the_api_tells_how_a_workflow_does(app: APIFlask, owner: Persona) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen"))
    make_run(app, owner.organization_id, workflow_id, "failed", reason={"message": "No"})
    found = owner.api.get(f"/workflows/{workflow_id}/performance").json
    assert (found["started"], found["states"]["failed"]) == (1, 1)
    assert len(found["days"]) == 30
    assert found["endings"][0]["message"] == "No"
    refused = owner.api.get(f"/workflows/{workflow_id}/performance?from=2027-06-12&to=2027-06-01")
    assert refused.status_code == 422


def test_the_api_reads_the_books_and_counts_no_items(app: APIFlask, owner: Persona) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen"))
    root = make_run(app, owner.organization_id, workflow_id, "waiting")
    make_run(
        app, owner.organization_id, workflow_id, "failed", parent_run_id=root, root_run_id=root,
        item=0, cause=f"item:{root}:all:0",
    )  # fmt: skip
    publish(app, owner.organization_id, "cake.chosen", {})
    books = owner.api.get("/books").json
    assert (books["runs"]["total"], books["runs"]["states"]["failed"]) == (1, 0)
    assert books["events"] == {
        "total": 1, "states": {"to_fan_out": 1, "fanned_out": 0, "parked": 0}
    }  # fmt: skip
    assert books["deliveries"]["total"] == 0


# --- many again


def test_all_that_did_not_work_are_run_again_from_the_list(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen"))
    for _ in range(3):
        make_run(app, owner.organization_id, workflow_id, "failed")
    assert "Run them all again…" in page(owner, "/runs?state=did-not-work")
    asked = page(owner, f"/run-batches/new?state=failed&workflow={workflow_id}")
    assert "Run these 3 runs again?" in asked
    assert "Run all 3 again" in asked
    begun = owner.browser.post(
        "/run-batches", data={"state": "failed", "workflow": str(workflow_id)}
    )
    assert "3 runs that did not work, again" in page(owner, begun.location)
    with app.app_context():
        bulk_rerun.work(threading.Event())
    said = page(owner, begun.location)
    assert "Run again 3 of 3" in said
    assert "3 runs that did not work, again" in page(owner, "/run-batches")


def test_a_batch_is_stopped_from_its_page(app: APIFlask, owner: Persona) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen"))
    make_run(app, owner.organization_id, workflow_id, "failed")
    begun = owner.browser.post("/run-batches", data={"state": "failed", "workflow": ""})
    owner.browser.post(f"{begun.location}/cancel")
    assert "It was stopped" in page(owner, begun.location)


def test_nothing_to_run_again_says_so(owner: Persona) -> None:
    assert "There is nothing to run again" in page(owner, "/run-batches/new?state=failed")


def test_only_what_failed_or_was_stopped_is_offered(owner: Persona) -> None:
    assert owner.browser.get("/run-batches/new?state=succeeded").status_code == 422


def test_a_viewer_is_offered_no_batch(viewer: Persona) -> None:
    assert viewer.browser.get("/run-batches/new?state=failed").status_code == 403


def test_the_api_begins_follows_and_cancels_a_batch(app: APIFlask, owner: Persona) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen"))
    make_run(app, owner.organization_id, workflow_id, "failed")
    body = {"state": "failed", "workflow": str(workflow_id), "from": "2020-01-01T00:00:00Z"}
    begun = owner.api.post("/run-batches", json=body)
    assert (begun.status_code, begun.json["state"], begun.json["total"]) == (202, "running", 1)
    batch_id = begun.json["id"]
    assert owner.api.get("/run-batches").json["data"][0]["id"] == batch_id
    assert owner.api.post("/run-batches", json=body).json["code"] == "batch_running"
    assert owner.api.post(f"/run-batches/{batch_id}/cancel").json["state"] == "cancelled"
    assert owner.api.get(f"/run-batches/{batch_id}").json["state"] == "cancelled"
    assert owner.api.post(f"/run-batches/{batch_id}/cancel").json["code"] == "batch_over"
    stranger = make_persona(app, make_organization(app, "Lumen"), name="Noor")
    assert stranger.api.post("/run-batches", json=body).status_code == 422


# --- corrected


def test_what_a_step_was_given_is_corrected_in_plain_fields_and_done_again(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    run_id = broken(app, worker, owner.organization_id, sink)
    form = page(owner, f"/runs/{run_id}/repair")
    for label in ("Correct “Order the flowers”", "Address", "Guest", "Roses", "Now"):
        assert label in form
    fields = filled(owner, run_id) | {"Address": sink.url("/ok/corrected"), "Roses": "24"}
    answer = owner.browser.post(f"/runs/{run_id}/repair", data=named(owner, run_id, fields))
    again = UUID(answer.location.rpartition("/")[2])
    worker.work()
    assert one(app, "SELECT state FROM runs WHERE id = :id", id=again).state == "succeeded"
    given = steps_of(app, again)["order"].input
    assert given["json"] == {"guest": "Ana", "roses": 24, "now": True}
    assert steps_of(app, again)["order"].generation == 1


def test_a_number_that_is_none_is_told_beside_its_field(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    run_id = broken(app, worker, owner.organization_id, sink)
    fields = filled(owner, run_id) | {"Roses": "a few"}
    answer = owner.browser.post(f"/runs/{run_id}/repair", data=named(owner, run_id, fields))
    assert answer.status_code == 422
    assert "This has to be a number" in words_of(answer)


def test_what_may_have_happened_is_corrected_and_sent(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    step = order(sink, "/status/500/unsure", key=False)
    workflow_id = make_workflow(app, owner.organization_id, on_event("flowers.chosen"), step)
    publish(app, owner.organization_id, "flowers.chosen", {"guest": "Ana"})
    worker.work()
    run_id = run_of(app, workflow_id).id
    assert "Correct and send…" in page(owner, f"/runs/{run_id}")
    fields = filled(owner, run_id) | {"Address": sink.url("/ok/unsure")}
    owner.browser.post(f"/runs/{run_id}/repair", data=named(owner, run_id, fields))
    worker.work()
    assert one(app, "SELECT state FROM runs WHERE id = :id", id=run_id).state == "succeeded"


def test_a_run_with_nothing_to_correct_says_so(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, on_event("cake.chosen"))
    run_id = make_run(app, owner.organization_id, workflow_id, "succeeded")
    assert owner.browser.get(f"/runs/{run_id}/repair").location == f"/runs/{run_id}"


def test_a_viewer_corrects_nothing(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona, viewer: Persona
) -> None:
    run_id = broken(app, worker, owner.organization_id, sink)
    assert viewer.browser.get(f"/runs/{run_id}/repair").status_code == 403
    assert "Correct and try again…" not in page(viewer, f"/runs/{run_id}")


def filled(persona: Persona, run_id: UUID) -> dict[str, str]:
    """What the form shows, by label."""
    found = broken_fields(persona, run_id)
    return {each.label: "y" if each.value is True else str(each.value) for each in found}


def named(persona: Persona, run_id: UUID, by_label: dict[str, str]) -> dict[str, str]:
    """The same by the names of the fields."""
    found = broken_fields(persona, run_id)
    return {f"value_{number}": by_label[each.label] for number, each in enumerate(found)}


def broken_fields(persona: Persona, run_id: UUID) -> Any:
    with persona.browser.application.app_context():
        found = broken_step(persona.organization_id, run_id)
    assert found is not None
    return found.fields
