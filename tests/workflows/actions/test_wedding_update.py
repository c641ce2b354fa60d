"""`wedding.update`: a step changes the wedding's own record, with its commit or not at all."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import Persona
from tests.weddings.couples import ahead, marry, wedding
from tests.workers.scene import Worker, answered, call, make_workflow, note, one, rows, worker_of
from tests.workers.trouble import refusing
from wedsync.events import service as events
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.weddings import service
from wedsync.workflows.catalogue import entries, infos_of
from wedsync.workflows.engine import sentence, validate

ENQUIRY = "enquiry.answered"
ON_ENQUIRY = {"kind": "event", "event_type": ENQUIRY, "source": "any", "filter": None}


def update(step_id: str = "change", **given: Any) -> dict[str, Any]:
    return {"id": step_id, "kind": "action", "use": "wedding.update", "input": given}


def happen(app: APIFlask, owner: Persona, about: UUID | None, data: Any = None) -> UUID:
    with app.app_context():
        event = events.publish(
            owner.organization_id, ENQUIRY, data or {}, source="api", wedding_id=about
        )
        db.session.commit()
        return event.id


def steps_of(app: APIFlask) -> dict[str, Any]:
    found = rows(app, "SELECT step_id, state, output, error, attempts FROM run_steps")
    return {row.step_id: row for row in found}


def announced(app: APIFlask, first_word: str = "wedding") -> list[Any]:
    found = rows(
        app,
        "SELECT type, source, data, wedding_id, causation FROM events"
        " WHERE type LIKE :word AND causation ->> 'depth' <> '0' ORDER BY id",
        word=f"{first_word}.%",
    )
    return list(found)


def test_a_step_changes_the_wedding_its_run_is_about(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    couple = marry(app, owner)
    counted = {"var": "trigger.data.count"}
    make_workflow(
        app,
        owner.organization_id,
        ON_ENQUIRY,
        update(final_count=counted, date=ahead(400).isoformat(), venue=None),
        {"id": "seen", "kind": "set", "values": {"count": {"var": "wedding.final_count"}}},
    )
    happen(app, owner, couple, {"count": 82})
    worker.fan_out()
    worker.run()
    now = wedding(app, couple)
    assert (now.final_count, now.date, now.venue) == (82, ahead(400), "Villa Serena")
    assert now.revision == 2
    steps = steps_of(app)
    assert steps["change"].state == "succeeded"
    assert steps["change"].output == {
        "wedding_id": str(couple),
        "changed": {
            "date": {"from": ahead(365).isoformat(), "to": ahead(400).isoformat()},
            "final_count": {"from": None, "to": 82},
        },
    }
    assert steps["seen"].output == {"count": 82}, "what comes after sees it as it is now"


def test_it_says_what_changed_and_what_caused_it(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    couple = marry(app, owner)
    made = make_workflow(
        app,
        owner.organization_id,
        ON_ENQUIRY,
        update(final_count=82, title="Hannah & Jo", date=ahead(400).isoformat()),
    )
    cause = happen(app, owner, couple)
    worker.fan_out()
    worker.run()
    moved, updated = announced(app)
    assert (moved.type, moved.source, moved.wedding_id) == ("wedding.date_changed", "ours", couple)
    assert moved.data["changed"]["date"]["to"] == ahead(400).isoformat()
    assert moved.data["postponed"] is False
    assert updated.type == "wedding.updated"
    assert updated.data["changed"] == {"title": {}, "final_count": {"from": None, "to": 82}}
    assert moved.causation == {"root": str(cause), "depth": 1, "chain": [str(made)]}


def test_what_is_as_it_was_changes_and_says_nothing(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    couple = marry(app, owner, final_count=82)
    make_workflow(app, owner.organization_id, ON_ENQUIRY, update(final_count=82))
    happen(app, owner, couple)
    worker.fan_out()
    worker.run()
    assert steps_of(app)["change"].output["changed"] == {}
    assert wedding(app, couple).revision == 1
    assert announced(app) == []


def test_another_wedding_can_be_named(app: APIFlask, worker: Worker, owner: Persona) -> None:
    about, other = marry(app, owner), marry(app, owner, title="Leila & Marcus")
    make_workflow(
        app, owner.organization_id, ON_ENQUIRY, update(wedding=str(other), status="tentative")
    )
    happen(app, owner, about)
    worker.fan_out()
    worker.run()
    assert wedding(app, about).status == "booked"
    assert wedding(app, other).status == "tentative"


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"date": "2027-02-30"}, "wedding_refused", "Date: There is no such day."),
        ({"zone": "Mars/Olympus"}, "wedding_refused", "Zone: There is no such time zone."),
        ({"status": "over"}, "wedding_refused", "Status: There is no such status."),
        ({"status": "completed"}, "wedding_refused", "It is still to come"),
        ({"final_count": -1}, "wedding_refused", "Final count: This should be a whole number"),
        (
            {"wedding": str(UUID(int=7)), "final_count": 1},
            "wedding_not_found",
            "There is no such wedding.",
        ),
        ({"wedding": "Hannah", "final_count": 1}, "wedding_not_found", "There is no such wedding."),
    ],
)
def test_what_cannot_be_kept_fails_the_step_with_a_sentence(
    app: APIFlask, worker: Worker, owner: Persona, given: Any, code: str, sentence: str
) -> None:
    couple = marry(app, owner)
    make_workflow(app, owner.organization_id, ON_ENQUIRY, update(**given))
    happen(app, owner, couple)
    worker.fan_out()
    worker.run()
    failed = steps_of(app)["change"]
    assert (failed.state, failed.attempts) == ("failed", 1)
    assert (failed.error["class"], failed.error["code"]) == ("permanent", code)
    assert sentence in failed.error["message"]
    assert wedding(app, couple).revision == 1


def test_a_run_about_no_wedding_says_so(app: APIFlask, worker: Worker, owner: Persona) -> None:
    make_workflow(app, owner.organization_id, ON_ENQUIRY, update(final_count=82))
    happen(app, owner, None)
    worker.fan_out()
    worker.run()
    assert steps_of(app)["change"].error["code"] == "wedding_missing"


def test_a_stranger_s_wedding_is_not_there(
    app: APIFlask, worker: Worker, owner: Persona, stranger: Persona
) -> None:
    theirs = marry(app, stranger)
    make_workflow(
        app, owner.organization_id, ON_ENQUIRY, update(wedding=str(theirs), final_count=1)
    )
    happen(app, owner, None)
    worker.fan_out()
    worker.run()
    assert steps_of(app)["change"].error["code"] == "wedding_not_found"
    assert wedding(app, theirs).final_count is None


def test_a_ring_of_changes_is_parked(app: APIFlask, worker: Worker, owner: Persona) -> None:
    """Each change sets off the next, with another value every time."""
    couple = marry(app, owner, final_count=1)
    make_workflow(
        app,
        owner.organization_id,
        {"kind": "event", "event_type": "wedding.updated", "source": "ours", "filter": None},
        update(final_count={"+": [{"var": "wedding.final_count"}, 1]}),
    )
    with app.app_context():
        service.change(owner.identity, couple, {"final_count": 2})
        db.session.commit()
    worker.work()
    states = [row.state for row in rows(app, "SELECT state FROM runs ORDER BY id")]
    assert states.count("succeeded") < 4
    assert states[-1] == "needs_attention"
    assert wedding(app, couple).final_count < 6


def test_a_run_that_was_stopped_meanwhile_changes_nothing(
    app: APIFlask, worker: Worker, owner: Persona, sink: Any
) -> None:
    """The effect before came home to a worker whose run somebody had stopped."""
    couple = marry(app, owner)
    call = {"method": "GET", "url": sink.url("/ok")}
    make_workflow(
        app,
        owner.organization_id,
        ON_ENQUIRY,
        {"id": "call", "kind": "action", "use": "http.request", "input": call},
        update(final_count=82),
    )
    happen(app, owner, couple)
    worker.fan_out()
    begun = worker.begin_runs()
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE runs SET state = 'stopped', fence = fence + 1"))
    worker.come_home(worker.run_source, [(run, answered()) for run, _effect in begun])
    assert wedding(app, couple).final_count is None
    assert announced(app) == []


def test_a_wedding_somebody_is_changing_is_tried_again(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    couple = marry(app, owner)
    make_workflow(app, owner.organization_id, ON_ENQUIRY, update(final_count=82))
    happen(app, owner, couple)
    worker.fan_out()
    with app.app_context(), db.engine.connect() as connection, connection.begin():
        connection.execute(
            text("SELECT id FROM weddings WHERE id = :id FOR NO KEY UPDATE"), {"id": couple}
        )
        worker.run()
        step = steps_of(app)["change"]
        assert (step.state, step.error["code"]) == ("waiting", "wedding_busy")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE runs SET due_at = clock_timestamp()"))
        connection.execute(text("UPDATE lanes SET next_due_at = clock_timestamp()"))
    worker.run()
    assert wedding(app, couple).final_count == 82


def test_two_workers_change_one_wedding_without_losing_a_change(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    couple = marry(app, owner, final_count=0)
    for _ in range(2):
        make_workflow(
            app,
            owner.organization_id,
            ON_ENQUIRY,
            update(final_count={"+": [{"var": "trigger.data.count"}, 0]}),
        )
    for count in range(1, 21):
        happen(app, owner, couple, {"count": count})
    worker.fan_out()
    with worker_of(app) as other, ThreadPoolExecutor(2) as pool:
        for moved in [pool.submit(each.run) for each in (worker, other)]:
            moved.result(timeout=30)
    left = one(app, "SELECT count(*) AS n FROM runs WHERE state = 'waiting'").n
    changes = len(announced(app))
    assert wedding(app, couple).revision == 1 + changes
    done = one(app, "SELECT count(*) AS n FROM runs WHERE state = 'succeeded'").n
    assert done + left == 40


def test_items_of_a_loop_change_weddings_of_their_own(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    couples = [marry(app, owner, title=f"Couple {number}") for number in range(5)]
    each = {
        "id": "each",
        "kind": "for_each",
        "items": {"var": "trigger.data.couples"},
        "steps": [update(wedding={"var": "item"}, final_count={"var": "index"})],
    }
    workflow = make_workflow(
        app,
        owner.organization_id,
        ON_ENQUIRY,
        each,
        {"id": "after", "kind": "set", "values": {"counted": {"var": "steps.each"}}},
    )
    nobody = str(ids.new_id())
    happen(app, owner, None, {"couples": [*map(str, couples), nobody]})
    worker.fan_out()
    worker.run()
    assert [wedding(app, couple).final_count for couple in couples] == [0, 1, 2, 3, 4]
    assert run_of_root(app, workflow).state == "succeeded"
    after = one(app, "SELECT output FROM run_steps WHERE step_id = 'after'").output
    assert after["counted"] == {"total": 6, "succeeded": 5, "failed": 1}
    assert len(announced(app)) == 5


def test_a_whole_loop_may_change_one_wedding(app: APIFlask, worker: Worker, owner: Persona) -> None:
    couple = marry(app, owner)
    each = {
        "id": "each",
        "kind": "for_each",
        "items": [1, 2, 3, 4, 5, 6, 7, 8],
        "steps": [
            update(final_count={"var": "item"}),
            {"id": "seen", "kind": "set", "values": {"n": {"var": "wedding.final_count"}}},
        ],
    }
    make_workflow(app, owner.organization_id, ON_ENQUIRY, each)
    happen(app, owner, couple)
    worker.fan_out()
    worker.run()
    assert wedding(app, couple).revision == 9
    seen = rows(app, "SELECT item, output FROM run_steps WHERE step_id = 'seen' ORDER BY item")
    assert [row.output["n"] for row in seen] == [1, 2, 3, 4, 5, 6, 7, 8]


def run_of_root(app: APIFlask, workflow_id: UUID) -> Any:
    return one(
        app,
        "SELECT * FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL",
        id=workflow_id,
    )


def test_a_turn_that_is_taken_again_works_with_the_wedding_as_it_is(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    """What a turn changed and could not commit was never so."""
    couple = marry(app, owner, final_count=80)
    one_more = {"+": [{"var": "wedding.final_count"}, 1]}
    asks = call("ask", "http://127.0.0.1:65531/")
    make_workflow(app, owner.organization_id, ON_ENQUIRY, asks, update(final_count=one_more))
    make_workflow(app, owner.organization_id, ON_ENQUIRY, asks, note("refused", a=1))
    happen(app, owner, couple)
    worker.fan_out()
    finished = [(run, answered()) for run, _ in worker.begin_runs()]
    with refusing(app, "run_steps", "step_id <> 'refused'"):
        worker.come_home(worker.run_source, finished)
    assert wedding(app, couple).final_count == 81


def test_it_says_what_it_changes() -> None:
    step = update(wedding="Hannah", venue="Villa Serena", final_count={"var": "trigger.data.seats"})
    told = sentence(step, infos_of(entries()))
    assert told == "Change the wedding’s final count to seats, venue to “Villa Serena”."


@pytest.mark.parametrize("given", [{}, {"wedding": "Hannah"}, {"venue": ""}, {"final_count": None}])
def test_a_step_that_changes_nothing_is_refused(given: Any) -> None:
    definition = {"format": 1, "trigger": ON_ENQUIRY, "steps": [update(**given)]}
    (problem,) = validate(definition, actions=infos_of(entries()))
    assert (problem.field, problem.severity) == ("input.final_count", "error")
    assert problem.message == "It is not said what changes."
