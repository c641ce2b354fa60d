"""A sealed value stays sealed wherever a workflow carries it: into questions, letters, bodies,
conditions, waits, loops, calls, weddings, and whatever is told of them."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.letters import letters_to
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.nesting import for_each
from tests.workers.scene import (
    Hook,
    Worker,
    accept,
    make_workflow,
    note,
    on_hook,
    one,
    rows,
    run_of,
    steps_of,
    tell,
)
from tests.workflows.questions.letters import write_letters
from wedsync.platform.db import db
from wedsync.webhooks.hooks import service as hooks

pytestmark = pytest.mark.usefixtures("empty_database")

ALLERGY = "hazelnuts-7f3a"
SEALED = {"var": "trigger.data.guest.allergy"}
INSIDE = {"var": "trigger.data.guest.allergy.$sealed"}


@pytest.fixture
def hook(app: APIFlask, worker: Worker, owner: Persona) -> Hook:
    with app.app_context():
        made, secret = hooks.create(
            owner.organization_id,
            {
                "name": "Guests",
                "scheme": "standard_webhooks",
                "options": {"sensitive": ["guest.allergy"]},
            },
        )
        db.session.commit()
        assert secret is not None
        return Hook(made.id, made.token, secret, made.organization_id)


def ran(app: APIFlask, worker: Worker, hook: Hook, *steps: Any) -> UUID:
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), *steps)
    accept(app, hook, {"guest": {"name": "Ana", "allergy": ALLERGY}, "wanted": "nuts"})
    worker.work()
    return workflow


def ciphertext(app: APIFlask) -> str:
    (row,) = rows(app, "SELECT data FROM events WHERE source LIKE 'hook:%'")
    return str(row.data["guest"]["allergy"]["$sealed"])


def asking(words: Any) -> Any:
    who = {"email": "ana@venue.example"}
    return {"id": "may", "kind": "approval", "ask": words, "who": who}


def branch(when: Any) -> Any:
    branches = [{"label": "Yes", "when": when, "steps": [note("yes", a=1)]}]
    return {"id": "way", "kind": "choose", "branches": branches, "otherwise": []}


PLACES: dict[str, list[Any]] = {
    "a question": [asking({"cat": ["Allergic to ", SEALED, "?"]})],
    "a body": [note("body", words={"text.body": "Ana: {{ trigger.data.guest.allergy }}"})],
    "a body of a record": [
        note(
            "body",
            words={"text.body": "{% for p in trigger.data.guest %}{{ p }}{% endfor %}"},
        )
    ],
    "a condition": [branch({"==": [SEALED, "nuts"]})],
    "a condition on a text": [branch({"==": [{"cat": ["It is ", SEALED]}, "nuts"]})],
    "a list": [for_each("each", [SEALED], note("one", it={"var": "item"}))],
    "a message": [tell("told", "kitchen.told", {"allergy": SEALED})],
    "a wedding": [
        {
            "id": "wed",
            "kind": "action",
            "use": "wedding.update",
            "input": {"venue": SEALED, "wedding": "01a20669-c076-7602-b3c6-7925445fabaa"},
        }
    ],
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_told_nowhere(
    app: APIFlask, worker: Worker, hook: Hook, owner: Persona, place: str
) -> None:
    workflow = ran(app, worker, hook, *PLACES[place])
    write_letters(app)
    mine = "SELECT * FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL"
    run = one(app, mine, id=workflow)
    assert steps_of(app, run.id) or run.state == "failed"
    secrets = (ALLERGY, ciphertext(app))
    event = rows(app, "SELECT id FROM events WHERE source LIKE 'hook:%'")[0].id
    for path in (
        f"/runs/{run.id}",
        f"/events/{event}",
        f"/workflows/{workflow}",
        f"/workflows/{workflow}/performance",
        f"/workflows/{workflow}/why-not/{event}",
        "/approvals",
        "/runs",
        "/",
    ):
        page = owner.browser.get(path)
        assert not [secret for secret in secrets if secret in page.text], path
    for path in (
        f"/runs/{run.id}",
        f"/runs/{run.id}/items",
        f"/workflows/{workflow}/why-not?event={event}",
        f"/workflows/{workflow}/performance",
        "/approvals",
        f"/events/{event}",
        "/events",
    ):
        answer = owner.api.get(path)
        assert answer.status_code == 200, path
        assert not [secret for secret in secrets if secret in answer.text], path
    for letter in letters_to(app, "ana@venue.example"):
        assert not [secret for secret in secrets if secret in letter.text + letter.subject]
    for table in ("events", "runs", "run_steps", "step_attempts", "approvals", "audit_entries"):
        found = rows(app, f"SELECT t::text AS row FROM {table} t")
        assert not [row for row in found if ALLERGY in row.row], table


def test_a_text_is_not_made_of_it(
    app: APIFlask, worker: Worker, hook: Hook, owner: Persona
) -> None:
    workflow = ran(app, worker, hook, *PLACES["a question"])
    assert run_of(app, workflow).state == "failed"
    page = words_of(owner.browser.get(f"/runs/{run_of(app, workflow).id}"))
    assert "A value that is kept sealed cannot become part of a text." in page


def test_nothing_looks_into_it(owner: Persona, hook: Hook) -> None:
    for value in (INSIDE, {"text.body": "{{ trigger.data.guest.allergy['$sealed'] }}"}):
        definition = {"format": 1, "trigger": on_hook(hook), "steps": [note("it", value=value)]}
        kept = owner.api.post("/workflows", json={"name": "Peep", "definition": definition})
        assert kept.status_code == 201
        answer = owner.api.post(f"/workflows/{kept.json['id']}/publish", json={})
        assert answer.status_code == 422, value
        assert "cannot be looked into" in answer.json["problems"][0]["message"]
