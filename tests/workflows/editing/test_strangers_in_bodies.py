"""Somebody else's objects, named in what a script sends: as good as ids of nothing at all."""

import json
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.contracts.objects import Objects
from tests.personas import Persona
from tests.workers.scene import Worker, note, one, rows
from wedsync.platform import ids

pytestmark = pytest.mark.usefixtures("empty_database", "built_in_listings", "worker")

MANUAL = {"kind": "manual", "input": None}


def definition(trigger: Any, *steps: Any) -> dict[str, Any]:
    return {"format": 1, "trigger": trigger, "steps": list(steps)}


def sending(**given: Any) -> dict[str, Any]:
    body = {"event_type": "seat.given", "data": {"a": 1}, **given}
    return {"id": "say", "kind": "action", "use": "webhook.send", "input": body}


def on_event(source: str) -> dict[str, Any]:
    return {"kind": "event", "event_type": "external.rsvp.received", "source": source}


def asking(**people: Any) -> dict[str, Any]:
    step = {"id": "ask", "kind": "approval", "ask": "Send it?", "who": {"role": "owner"}}
    return {**step, **people}


def naming(kind: str, named: str) -> list[dict[str, Any]]:
    """Every place of a definition that may name an object of this kind."""
    polling = {"kind": "poll", "connection": named, "stream": "guests", "every_s": 300}
    acting = {"id": "do", "kind": "action", "use": "sandbox.guests", "connection": named}
    calling = {"id": "call", "kind": "call", "workflow": named, "input": {}, "wait": True}
    note_it = note("n", a=1)
    return {
        "hook": [
            definition({"kind": "webhook", "hook": named}, note_it),
            definition(on_event(f"hook:{named}"), note_it),
            definition(MANUAL, sending(hook=named)),
        ],
        "connection": [
            definition(polling, note_it),
            definition(on_event(f"connection:{named}"), note_it),
            definition(MANUAL, {**acting, "input": {}}),
            definition(MANUAL, sending(connection=named)),
        ],
        "workflow": [
            definition(on_event(f"workflow:{named}"), note_it),
            definition(MANUAL, calling),
            definition(MANUAL, {"id": "all", "kind": "for_each", "items": [1], "steps": [calling]}),
            definition(MANUAL, sending(workflow=named)),
        ],
        "endpoint": [definition(MANUAL, sending(endpoint=named))],
        "person": [
            definition(MANUAL, asking(who={"user": named})),
            definition(MANUAL, asking(then_ask={"user": named}, remind_after_s=60)),
        ],
    }[kind]


KINDS = ("hook", "connection", "workflow", "endpoint", "person")


def theirs(app: APIFlask, stranger: Persona, kind: str) -> str:
    if kind == "person":
        return str(stranger.user_id)
    return str(getattr(Objects(app, stranger), kind))


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_definition_names_of_somebody_else_is_not_there(
    app: APIFlask, owner: Persona, stranger: Persona, kind: str
) -> None:
    nobodys, somebodys = str(ids.new_id()), theirs(app, stranger, kind)
    for empty, foreign in zip(naming(kind, nobodys), naming(kind, somebodys), strict=True):
        answers = [
            owner.api.post("/workflows", json={"name": "Seats", "definition": each})
            for each in (empty, foreign)
        ]
        assert [answer.status_code for answer in answers] == [201, 201]
        said = [json.dumps(answer.json["problems"]) for answer in answers]
        assert said[0].replace(nobodys, "…") == said[1].replace(somebodys, "…"), foreign
        assert answers[1].json["problems"], foreign
        path = f"/workflows/{answers[1].json['id']}/publish"
        assert owner.api.post(path, json={}).status_code == 422, foreign


@pytest.mark.parametrize("kind", ["hook", "connection", "workflow"])
def test_an_imported_workflow_cannot_be_mapped_to_somebody_elses(
    app: APIFlask, owner: Persona, stranger: Persona, kind: str
) -> None:
    named = theirs(app, stranger, kind)
    for each in naming(kind, "placeholder"):
        document = {
            "wedsync": {"format": 1, "kind": "workflow"},
            "name": "Seats",
            "definition": each,
            "needs": [{"placeholder": "placeholder", "kind": kind, "name": "Marek's"}],
            "mapping": {"placeholder": named},
        }
        answer = owner.api.post("/workflows/import", json=document)
        assert answer.status_code == 201, answer.text
        path = f"/workflows/{answer.json['id']}/publish"
        assert owner.api.post(path, json={}).status_code == 422, each


def test_an_event_that_names_somebody_elses_wedding_is_about_none(
    app: APIFlask, owner: Persona, stranger: Persona, worker: Worker
) -> None:
    wedding = theirs(app, stranger, "wedding")
    for body in ({"wedding_id": wedding, "data": {}}, {"data": {"wedding_id": wedding}}):
        answer = owner.api.post("/events", json={"type": "seat.asked", **body})
        worker.work()
        event = one(app, "SELECT * FROM events WHERE id = :id", id=answer.json["id"])
        assert (event.wedding_id, event.organization_id) == (None, owner.organization_id)


def test_runs_of_somebody_else_are_not_run_again_in_bulk(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    workflow = theirs(app, stranger, "workflow")
    wanted = {"state": "failed", "workflow": workflow}
    answers = [
        owner.api.post("/run-batches", json={**wanted, "workflow": each})
        for each in (workflow, str(ids.new_id()))
    ]
    assert answers[0].status_code == answers[1].status_code
    assert not rows(app, "SELECT 1 FROM rerun_batches WHERE state = 'running' AND total > 0")


def test_lists_narrowed_to_somebody_elses_are_empty(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    made = Objects(app, stranger)
    asked = {
        "/runs?workflow=": made.workflow,
        "/runs?event=": made.event,
        "/runs?wedding=": made.wedding,
        "/deliveries?event=": made.event,
        "/deliveries?endpoint=": made.endpoint,
    }
    for query, named in asked.items():
        assert isinstance(named, UUID | str)
        answer = owner.api.get(f"{query}{named}")
        assert (answer.status_code, answer.json["data"]) == (200, []), query
