"""What a run waits for, in a sentence a florist would say, on its page and in the API."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import Worker, make_workflow, note, on_event, one, publish, run_of
from tests.workflows.definitions import make_run
from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.weddings.models import Wedding
from wedsync.workflows.history.courses import Course
from wedsync.workflows.words.waiting_words import Circumstances, waiting_sentence

NOW = datetime(2027, 5, 11, 9, 0, tzinfo=UTC)
LONDON = Wording("Europe/London", NOW)
TONIGHT = "2027-05-11T19:30:00Z"


def waiting(**waiting_for: Any) -> Course:
    return Course(UUID(int=1), "waiting", None, waiting_for, "on", None, None, {})


@pytest.mark.parametrize(
    ("waits", "step", "circumstances", "said"),
    [
        (
            {"kind": "time", "until": "2027-05-12T08:00:00Z"}, {}, Circumstances(),
            "Waiting until tomorrow, 09:00",
        ),
        (
            {"kind": "time", "anchor": "wedding.date", "offset_days": -14, "at": "09:00",
             "until": "2027-06-12T07:00:00Z"}, {}, Circumstances("Europe/Rome"),
            "Waiting until Sat 12 June, 09:00 in Rome (14 days before the wedding)",
        ),
        (
            {"kind": "time", "anchor": "wedding.date", "offset_days": -14, "at": "09:00",
             "until": "2028-06-12T08:00:00Z"}, {}, Circumstances("Europe/London"),
            "Waiting until Mon 12 June 2028, 09:00 (14 days before the wedding)",
        ),
        (
            {"kind": "time", "anchor": "rsvp_deadline", "offset_days": 0, "at": "09:00",
             "until": None}, {}, Circumstances(),
            "Waiting until there is a date for the RSVP deadline",
        ),
        (
            {"kind": "event", "id": "answer", "until": TONIGHT},
            {"event": {"event_type": "external.rsvp.received", "match": {"data.guest.id": "g1"}}},
            Circumstances(),
            "Waiting for “RSVP received” about this guest, until today, 20:30",
        ),
        (
            {"kind": "event", "id": "answer"},
            {"event": {"event_type": "contract.fully_signed", "match": {"wedding_id": 1}}},
            Circumstances(),
            "Waiting for “Contract fully signed” about this wedding, for as long as it takes",
        ),
        ({"kind": "approval"}, {}, Circumstances(asked="Ana"), "Waiting for Ana's yes"),
        ({"kind": "approval"}, {}, Circumstances(asked="Hans"), "Waiting for Hans' yes"),
        ({"kind": "call"}, {}, Circumstances(), "Waiting for another workflow to be done"),
        (
            {"kind": "limit", "id": "at_once"}, {}, Circumstances(limit=2, before=5),
            "At most 2 at the same time; 5 before this one",
        ),
        (
            {"kind": "limit", "id": "at_once"}, {}, Circumstances(limit=2, before=0),
            "At most 2 at the same time; this one is next",
        ),
        (
            {"kind": "limit", "id": "per_hour", "until": TONIGHT}, {}, Circumstances(limit=20),
            "At most 20 an hour; it continues at 20:30",
        ),
        (
            {"kind": "limit", "id": "quiet_hours", "until": TONIGHT}, {}, Circumstances(),
            "Held back until today, 20:30: these are quiet hours",
        ),
        (
            {"kind": "limit", "id": "host:kitchen.example"}, {}, Circumstances(),
            "It waits for its turn: one at a time goes to kitchen.example",
        ),
        (
            {"kind": "items", "id": "all", "total": 12},
            {"items": {"var": "trigger.data.guests"}}, Circumstances(),
            "Going through 12 guests",
        ),
        ({}, {}, Circumstances(), "Waiting"),
    ],
)  # fmt: skip
def test_every_wait_is_told_in_a_sentence(
    waits: dict[str, Any], step: dict[str, Any], circumstances: Circumstances, said: str
) -> None:
    assert waiting_sentence(waiting(**waits), step, LONDON, circumstances) == said


def page(persona: Persona, run_id: UUID) -> str:
    answer = persona.browser.get(f"/runs/{run_id}")
    assert answer.status_code == 200
    return words_of(answer)


def waits_for(
    app: APIFlask, worker: Worker, organization_id: UUID, *steps: Any, **event: Any
) -> UUID:
    workflow_id = make_workflow(app, organization_id, on_event("menu.ready"), *steps)
    event_id = publish(app, organization_id, "menu.ready", {"couple": "Hannah & Josef"})
    if event:
        with app.app_context(), db.engine.begin() as connection:
            statement = text("UPDATE events SET wedding_id = :wedding WHERE id = :id")
            connection.execute(statement, {"id": event_id, **event})
    worker.work()
    people_see = "SELECT id FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL"
    run_id: UUID = one(app, people_see, id=workflow_id).id
    return run_id


def wedding_in(app: APIFlask, organization_id: UUID, days: int) -> UUID:
    with app.app_context():
        day = datetime.now(UTC).date() + timedelta(days=days)
        made = Wedding(
            organization_id=organization_id, title="Noor & Sam", date=day, zone="Europe/Rome"
        )
        db.session.add(made)
        db.session.commit()
        return made.id


# --- on the page


def test_a_question_stands_on_the_run_with_the_way_to_it(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    ask = {"id": "ok", "kind": "approval", "ask": "Send the menu?", "who": {"role": "owner"}}
    run_id = waits_for(app, worker, owner.organization_id, ask)
    said = page(owner, run_id)
    assert "Waiting for the owners' yes “Send the menu?” See the question" in said
    approval_id = one(app, "SELECT id FROM approvals WHERE run_id = :id", id=run_id).id
    owner.browser.post(f"/approvals/{approval_id}", data={"answer": "approved", "note": "Go"})
    worker.work()
    assert "Imogen said Yes to “Send the menu?”: “Go”" in page(owner, run_id)


def test_a_wait_for_the_wedding_says_when_there_and_what_it_read(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    wait = {"id": "until", "kind": "wait", "anchor": "wedding.date", "offset_days": -14,
            "at": "09:00", "late": "ask"}  # fmt: skip
    wedding = wedding_in(app, owner.organization_id, 400)
    run_id = waits_for(app, worker, owner.organization_id, wait, wedding=wedding)
    said = page(owner, run_id)
    assert "09:00 in Rome (14 days before the wedding)." in said
    assert "What it read of the wedding Date" in said


def test_what_came_too_late_is_settled_on_the_page(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    wait = {"id": "until", "kind": "wait", "anchor": "wedding.date", "offset_days": -500,
            "at": "09:00", "late": "ask"}  # fmt: skip
    wedding = wedding_in(app, owner.organization_id, 30)
    for choice, state in (("go_on", "succeeded"), ("end", "stopped")):
        run_id = waits_for(
            app, worker, owner.organization_id, wait, note("n", x=1), wedding=wedding
        )
        assert "is late" in page(owner, run_id)
        assert "Go on all the same End it here" in page(owner, run_id)
        owner.browser.post(f"/runs/{run_id}/decide", data={"choice": choice})
        worker.work()
        assert one(app, "SELECT state FROM runs WHERE id = :id", id=run_id).state == state


def test_a_called_run_and_its_caller_lead_to_each_other(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    called = make_workflow(
        app, owner.organization_id, {"kind": "workflow", "input": {}},
        {"id": "w", "kind": "wait", "seconds": 3600},
    )  # fmt: skip
    call = {"id": "c", "kind": "call", "workflow": str(called), "input": {}, "wait": True}
    run_id = waits_for(app, worker, owner.organization_id, call)
    child = run_of(app, called).id
    answer = owner.browser.get(f"/runs/{run_id}")
    assert "Waiting for another workflow to be done." in words_of(answer)
    assert f"/runs/{child}" in answer.text
    there = owner.browser.get(f"/runs/{child}")
    assert "Started by Seat the guests" in words_of(there)
    assert f"/runs/{run_id}" in there.text
    whole = owner.api.get(f"/runs/{run_id}").json
    assert whole["calls"] == [{"step": "c", "run_id": str(child), "state": "waiting"}]
    assert owner.api.get(f"/runs/{child}").json["caller_run_id"] == str(run_id)


# --- by the API


def test_runs_are_narrowed_by_wedding_time_and_what_they_wait_for(
    app: APIFlask, owner: Persona
) -> None:
    organization_id = owner.organization_id
    wedding = wedding_in(app, organization_id, 30)
    workflow_id = make_workflow(app, organization_id, on_event("menu.ready"))
    about = make_run(app, organization_id, workflow_id, "failed", wedding_id=wedding)
    timed = make_run(app, organization_id, workflow_id, "waiting", waiting_for={"kind": "time"})
    make_run(app, organization_id, workflow_id, "waiting", waiting_for={"kind": "call"})

    def listed(query: str) -> list[str]:
        return [each["id"] for each in owner.api.get(f"/runs?{query}").json["data"]]

    assert listed(f"wedding={wedding}") == [str(about)]
    assert listed("waiting_for=time") == [str(timed)]
    assert len(listed("from=2020-01-01T00:00:00Z")) == 3
    assert listed("to=2020-01-01T00:00:00Z") == []
    assert listed("from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z") == []
    assert owner.api.get("/runs?waiting_for=godot").status_code == 422
    assert owner.api.get("/runs?from=yesterday").status_code == 422


def test_the_items_of_a_loop_are_listed_with_their_steps_a_page_at_a_time(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    each = {"id": "all", "kind": "for_each", "items": ["Ana", "Ben", "Cleo"],
            "steps": [note("n", who={"var": "item"})]}  # fmt: skip
    run_id = waits_for(app, worker, owner.organization_id, each)
    first = owner.api.get(f"/runs/{run_id}/items?limit=2").json
    assert [item["value"] for item in first["data"]] == ["Ana", "Ben"]
    assert first["data"][1]["steps"][0]["output"] == {"who": "Ben"}
    rest = owner.api.get(f"/runs/{run_id}/items?limit=2&cursor={first['next_cursor']}").json
    assert [item["index"] for item in rest["data"]] == [2]
    assert rest["next_cursor"] is None
    assert owner.api.get(f"/runs/{run_id}/items?step=other").json["data"] == []
    assert owner.api.get(f"/runs/{run_id}/items?state=failed").json["data"] == []
    whole = owner.api.get(f"/runs/{run_id}").json
    assert whole["loops"] == [
        {"step": "all", "total": 3, "states": {"succeeded": 3}, "not_begun": 0}
    ]
    assert [step["id"] for step in whole["steps"]] == ["all"]
    item = owner.api.get(f"/runs/{first['data'][0]['id']}").json
    assert [step["id"] for step in item["steps"]] == ["n"]
