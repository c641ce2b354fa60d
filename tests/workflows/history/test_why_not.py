"""Somebody asks why an event started nothing: the version that was live is asked again."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask

from tests.personas import make_organization
from tests.workers.scene import Worker, accept, make_hook, on_event, on_hook, publish, rows
from tests.workflows.definitions import GREET, make_workflow
from wedsync.errors import NotFound
from wedsync.events import service as events
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.workflows.editing import service
from wedsync.workflows.history.why_not import WhyNot, why_not
from wedsync.workflows.models import Workflow

COMING = {"==": [{"var": "trigger.data.status"}, "coming"]}


def workflow_on(
    app: APIFlask, organization_id: UUID, trigger: Any, *steps: Any, **how: Any
) -> UUID:
    definition = {"format": 1, "trigger": trigger, "steps": list(steps or (GREET,))}
    return make_workflow(app, organization_id, definition, **how)


def asked(app: APIFlask, organization_id: UUID, workflow_id: UUID, event_id: UUID) -> WhyNot:
    with app.app_context():
        return why_not(organization_id, workflow_id, event_id, Wording())


def code_of(app: APIFlask, organization_id: UUID, workflow_id: UUID, event_id: UUID) -> str:
    return asked(app, organization_id, workflow_id, event_id).reason.code


def change(app: APIFlask, workflow_id: UUID, organization_id: UUID, done: str) -> None:
    with app.app_context():
        getattr(service, done)(organization_id, workflow_id)
        db.session.commit()


# --- works


def test_a_filter_that_did_not_fit_is_told_clause_by_clause(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    workflow_id = workflow_on(app, organization, on_event("seating", filter=COMING))
    event_id = publish(app, organization, "seating", {"status": "declined"}, source="api")
    worker.work()
    found = asked(app, organization, workflow_id, event_id)
    assert found.reason.code == "did_not_fit"
    assert found.reason.text == (
        "It only starts when what came in fits: status was declined, wanted coming."
    )
    assert found.version is not None


def test_the_version_that_was_live_then_is_asked_not_todays(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    workflow_id = workflow_on(app, organization, on_event("seating", filter=COMING))
    event_id = publish(app, organization, "seating", {"status": "declined"})
    worker.work()
    with app.app_context():
        definition = {"format": 1, "trigger": on_event("seating"), "steps": [GREET]}
        db.session.get_one(Workflow, workflow_id).draft = definition
        service.publish(organization, workflow_id)
        db.session.commit()
    found = asked(app, organization, workflow_id, event_id)
    assert (found.reason.code, found.version and found.version.number) == ("did_not_fit", 1)


def test_an_event_of_another_type_names_both(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    workflow_id = workflow_on(app, organization, on_event("seating.changed", "api"))
    event_id = publish(app, organization, "flowers.chosen", {})
    worker.work()
    found = asked(app, organization, workflow_id, event_id).reason
    assert found.code == "other_event"
    assert "It starts when “Seating changed” comes in from the API." in found.text
    assert "This was “Flowers chosen”." in found.text


def test_an_event_from_elsewhere_says_from_where(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    listening, sending = make_hook(app, organization), make_hook(app, organization)
    workflow_id = workflow_on(app, organization, on_hook(listening))
    event_id = accept(app, sending, {"guest": "Ana"})
    worker.work()
    found = asked(app, organization, workflow_id, event_id).reason
    assert found.code == "other_source"
    assert "This came in from Petal's orders." in found.text


def test_a_workflow_that_starts_by_hand_does_not_wait_for_events(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    workflow_id = workflow_on(app, organization, {"kind": "manual"})
    event_id = publish(app, organization, "seating", {})
    worker.work()
    assert code_of(app, organization, workflow_id, event_id) == "other_trigger"


def test_a_workflow_that_was_off_says_since_when_even_if_it_is_on_now(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    workflow_id = workflow_on(app, organization, on_event("seating"))
    change(app, workflow_id, organization, "turn_off")
    event_id = publish(app, organization, "seating", {})
    worker.work()
    change(app, workflow_id, organization, "resume")
    found = asked(app, organization, workflow_id, event_id).reason
    assert found.code == "off"
    assert found.text.startswith("It was turned off at ")


def test_a_workflow_published_later_was_not_published_yet(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    event_id = publish(app, organization, "seating", {})
    worker.work()
    workflow_id = workflow_on(app, organization, on_event("seating"))
    assert code_of(app, organization, workflow_id, event_id) == "not_published"


def test_what_was_not_passed_on_yet_and_what_was_set_aside(
    app: APIFlask, organization: UUID
) -> None:
    workflow_id = workflow_on(app, organization, on_event("seating"))
    waiting = publish(app, organization, "seating", {})
    with app.app_context():
        parked = events.publish(organization, "seating", {}, source="api")
        parked.parked_at, parked.parked_reason = clock.now(), "ValueError"
        db.session.commit()
        parked_id = parked.id
    assert code_of(app, organization, workflow_id, waiting) == "not_passed_on"
    found = asked(app, organization, workflow_id, parked_id).reason
    assert (found.code, found.technical) == ("parked", "ValueError")


def test_what_did_start_leads_to_its_run(app: APIFlask, worker: Worker, organization: UUID) -> None:
    only_coming = {"id": "coming", "kind": "filter", "when": COMING}
    workflow_id = workflow_on(app, organization, on_event("seating"), only_coming)
    event_id = publish(app, organization, "seating", {"status": "declined"})
    worker.work()
    found = asked(app, organization, workflow_id, event_id)
    assert found.reason.code == "started"
    assert found.run is not None
    assert found.run.state == "filtered"
    assert found.run.reason["message"] == "status was declined, wanted coming"


def test_a_circle_that_was_stopped_says_so(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    workflow_id = workflow_on(app, organization, on_event("seating"))
    with app.app_context():
        event = events.publish(organization, "seating", {}, source="api")
        event.causation = {"root": str(event.id), "depth": 9, "chain": []}
        db.session.commit()
        event_id = event.id
    worker.work()
    assert code_of(app, organization, workflow_id, event_id) == "loop"


# --- it says of every pair what the fan-out did


def test_it_agrees_with_what_really_started(
    app: APIFlask, worker: Worker, organization: UUID
) -> None:
    """Whatever listens to whatever: a run is there exactly when the answer says so."""
    hook = make_hook(app, organization)
    triggers = [
        on_hook(hook),
        on_event("external.rsvp.received", f"hook:{hook.id}"),
        on_event("external.rsvp.received", "api"),
        on_event("external.rsvp.received"),
        on_event("external.rsvp.received", filter=COMING),
        on_event("flowers.chosen", "api"),
        {"kind": "manual"},
    ]
    workflows = [workflow_on(app, organization, trigger) for trigger in triggers]
    happened = [
        accept(app, hook, {"status": "coming"}),
        accept(app, hook, {"status": "declined"}),
        publish(app, organization, "rsvp.received", {}),
        publish(app, organization, "flowers.chosen", {"status": "coming"}),
    ]
    worker.work()
    started = {
        (row.workflow_id, row.event_id)
        for row in rows(app, "SELECT * FROM runs WHERE organization_id = :id", id=organization)
    }
    for workflow_id in workflows:
        for event_id in happened:
            code = code_of(app, organization, workflow_id, event_id)
            assert (code == "started") == ((workflow_id, event_id) in started), code
            assert code != "unexplained"


# --- negatives


def test_nothing_is_written(app: APIFlask, worker: Worker, organization: UUID) -> None:
    workflow_id = workflow_on(app, organization, on_event("seating", filter=COMING))
    event_id = publish(app, organization, "seating", {"status": "declined"})
    worker.work()
    asked(app, organization, workflow_id, event_id)
    assert rows(app, "SELECT id FROM runs WHERE workflow_id = :id", id=workflow_id) == []


def test_a_strangers_workflow_or_event_is_not_found(app: APIFlask, organization: UUID) -> None:
    stranger = make_organization(app, "Lumen")
    workflow_id = workflow_on(app, organization, on_event("seating"))
    event_id = publish(app, organization, "seating", {})
    theirs = publish(app, stranger, "seating", {})
    for organization_id, event in ((stranger, event_id), (organization, theirs)):
        with app.app_context(), pytest.raises(NotFound):
            why_not(organization_id, workflow_id, event, Wording())
    with app.app_context(), pytest.raises(NotFound):
        why_not(organization, workflow_id, uuid4(), Wording())
