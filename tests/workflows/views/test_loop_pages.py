"""The page of a run that goes through a list: counts, the items, and what each of them asks."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

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
    rows,
    tell,
)
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.history import courses

ITEMS = 10_000


def each_guest(*steps: Any, **fields: Any) -> dict[str, Any]:
    items = {"var": "trigger.data.guests"}
    return {"id": "all", "kind": "for_each", "items": items, "steps": list(steps), **fields}


def greet(**fields: Any) -> Any:
    return tell("greet", "seating.greeted", {"to": {"var": "item"}}, **fields)


def gone_through(
    app: APIFlask, worker: Worker, organization_id: UUID, guests: list[Any], *steps: Any
) -> UUID:
    """A run that went through its guests as far as it gets by itself."""
    workflow_id = make_workflow(app, organization_id, on_event("guests.chosen"), *steps)
    publish(app, organization_id, "guests.chosen", {"guests": guests})
    worker.work()
    found: UUID = one(
        app,
        "SELECT id FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL",
        id=workflow_id,
    ).id
    return found


def page(persona: Persona, path: str) -> str:
    answer = persona.browser.get(path)
    assert answer.status_code == 200, path
    return words_of(answer)


def item_ids(app: APIFlask, run_id: UUID, state: str) -> list[UUID]:
    found = rows(
        app,
        "SELECT id FROM runs WHERE parent_run_id = :id AND state = :state ORDER BY item",
        id=run_id,
        state=state,
    )
    return [row.id for row in found]


# --- told


def test_a_loop_is_told_by_what_became_of_its_items(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    run_id = gone_through(
        app, worker, owner.organization_id, ["Ana", "Ben", "Cleo"], each_guest(greet())
    )
    said = page(owner, f"/runs/{run_id}")
    assert "For each of 3 guests Done 3 done" in said
    assert "Ana Its steps Do Told the tools that listen: Seating greeted Done" in said
    assert "All 3, one by one" in said


def test_a_list_of_nothing_says_so(app: APIFlask, worker: Worker, owner: Persona) -> None:
    run_id = gone_through(app, worker, owner.organization_id, [], each_guest(greet()))
    assert "There was nothing to go through Done" in page(owner, f"/runs/{run_id}")


def test_the_items_of_a_loop_stand_on_a_page_of_their_own_narrowed_and_paged(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    guests = [f"Guest {number}" for number in range(courses.ITEMS_SHOWN + 5)]
    odd = {"id": "odd", "kind": "filter", "when": {"!=": [{"var": "item"}, "Guest 3"]}}
    run_id = gone_through(app, worker, owner.organization_id, guests, each_guest(odd, greet()))
    first = page(owner, f"/runs/{run_id}/items?step=all")
    assert "Each of 25 guests 24 done and 1 not needed." in first
    assert "Guest 0 " in first
    assert "Guest 20" not in first
    assert "The next ones" in first
    assert "Guest 24" in page(owner, f"/runs/{run_id}/items?step=all&after=19")
    narrowed = page(owner, f"/runs/{run_id}/items?step=all&state=not-needed")
    assert "Guest 3" in narrowed
    assert "Guest 4" not in narrowed


def test_items_that_need_somebody_come_first_and_are_settled_on_the_page(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    step = call("order", sink.url("/status/500/items"), key=False)
    order = {**step, "label": "Order the flowers"}
    guests = [{"name": "Ana"}, {"name": "Ben"}]
    run_id = gone_through(app, worker, owner.organization_id, guests, each_guest(order))
    said = page(owner, f"/runs/{run_id}")
    assert "“Order the flowers” may have happened" in said
    assert "2 need you" in said
    ben = item_ids(app, run_id, "needs_attention")[1]
    answer = owner.browser.post(f"/runs/{ben}/decide", data={"choice": "treat_as_done"})
    assert answer.location == f"/runs/{run_id}"
    worker.work()
    assert "1 done 1 needs you" in page(owner, f"/runs/{run_id}")


def test_an_item_that_did_not_work_says_why_and_the_others_go_on(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    broken = {"if": [{"==": [{"var": "item"}, "Ben"]}, "/status/404/x", "/ok"]}
    step = call("order", "", **retrying(1))
    step["input"]["url"] = {"cat": [sink.url(""), broken]}
    run_id = gone_through(app, worker, owner.organization_id, ["Ana", "Ben"], each_guest(step))
    said = page(owner, f"/runs/{run_id}")
    assert "1 done 1 did not work" in said
    assert said.index("Ben “order” did not work") < said.index("Ana Its steps")


def test_a_loop_in_a_loop_leads_to_its_own_items(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    inner = {
        "id": "seats", "kind": "for_each", "items": {"var": "item.seats"}, "steps": [greet()],
    }  # fmt: skip
    guests = [{"name": "Ana", "seats": ["window", "aisle"]}]
    run_id = gone_through(app, worker, owner.organization_id, guests, each_guest(inner))
    said = page(owner, f"/runs/{run_id}")
    assert "For each of 2 seats Done 2 done" in said
    (ana,) = item_ids(app, run_id, "succeeded")
    assert "Each of 2 seats" in page(owner, f"/runs/{ana}/items?step=seats")


def test_an_item_has_no_page_of_its_own(app: APIFlask, worker: Worker, owner: Persona) -> None:
    run_id = gone_through(app, worker, owner.organization_id, ["Ana"], each_guest(greet()))
    (ana,) = item_ids(app, run_id, "succeeded")
    assert owner.browser.get(f"/runs/{ana}").location == f"/runs/{run_id}"


# --- refusals


@pytest.mark.parametrize("step", ["", "greet", "nothing"])
def test_a_step_that_is_no_loop_has_no_items(
    app: APIFlask, worker: Worker, owner: Persona, step: str
) -> None:
    run_id = gone_through(app, worker, owner.organization_id, ["Ana"], each_guest(greet()))
    assert owner.browser.get(f"/runs/{run_id}/items?step={step}").status_code == 404


def test_a_strangers_items_are_not_found(app: APIFlask, worker: Worker, owner: Persona) -> None:
    run_id = gone_through(app, worker, owner.organization_id, ["Ana"], each_guest(greet()))
    stranger = make_persona(app, make_organization(app, "Lumen"), name="Noor")
    assert stranger.browser.get(f"/runs/{run_id}/items?step=all").status_code == 404


# --- many


def test_ten_thousand_items_are_counted_and_a_page_of_them_read(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    run_id = gone_through(app, worker, owner.organization_id, ["Ana"], each_guest(greet()))
    with app.app_context(), db.engine.begin() as connection:
        many = (
            "INSERT INTO runs (organization_id, workflow_id, version_id, cause, event_id, state,"
            " parent_run_id, root_run_id, item, input)"
            " SELECT organization_id, workflow_id, version_id, 'item:' || id || ':all:' || n,"
            " event_id, 'succeeded', id, id, n, jsonb_build_object('item', 'Guest ' || n,"
            " 'index', n) FROM runs, generate_series(1, :items) n WHERE id = :id"
        )
        steps = (
            "INSERT INTO run_steps (run_id, step_id, item, organization_id, state)"
            " SELECT run_id, step_id, n, organization_id, 'succeeded'"
            " FROM run_steps, generate_series(1, :items) n WHERE run_id = :id AND item = 0"
        )
        for statement in (many, steps):
            connection.execute(text(statement), {"id": run_id, "items": ITEMS - 1})
        connection.execute(text("ANALYZE runs"))
        connection.execute(text("ANALYZE run_steps"))
    assert f"{ITEMS:,} done" in page(owner, f"/runs/{run_id}")
    assert "Guest 5021" in page(owner, f"/runs/{run_id}/items?step=all&after=5020")
    with app.app_context():
        recorded = queries.run_record(owner.organization_id, run_id)
    assert [each.step.step_id for each in recorded.steps] == ["all"]
