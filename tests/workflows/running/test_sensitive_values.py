"""A value a hook calls sensitive is nowhere in the open between the sender and the far end."""

import json
from collections.abc import Iterator
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import Persona
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    call,
    make_endpoint,
    make_workflow,
    on_hook,
    run_of,
    tell,
    worker_of,
)
from wedsync.platform.db import db
from wedsync.platform.leaves import MASKED
from wedsync.webhooks.hooks import service as hooks

# Before any persona is made: a worker takes whatever is due, whoever left it there.
pytestmark = pytest.mark.usefixtures("empty_database")

ALLERGY = "hazelnuts-7f3a"
TABLES = ("events", "runs", "run_steps", "step_attempts", "deliveries", "delivery_attempts")


@pytest.fixture
def worker(app: APIFlask) -> Iterator[Worker]:
    with worker_of(app) as started:
        yield started


@pytest.fixture
def hook(app: APIFlask, worker: Worker, owner: Persona) -> Hook:
    with app.app_context():
        made, secret = hooks.create(
            owner.identity.organization_id,
            {
                "name": "Guests",
                "scheme": "standard_webhooks",
                "options": {"sensitive": ["guest.allergy"]},
            },
        )
        db.session.commit()
        assert secret is not None
        return Hook(made.id, made.token, secret, made.organization_id)


@pytest.fixture
def told(app: APIFlask, worker: Worker, hook: Hook, sink: Sink) -> UUID:
    """An event with a sensitive value went through a web request and a webhook; gives the run."""
    sink.forget()
    make_endpoint(app, hook.organization_id, sink.url("/ok/kitchen"))
    workflow = make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        call("chef", sink.url("/ok/chef")),
        tell("kitchen", "kitchen.told", {"allergy": {"var": "trigger.data.guest.allergy"}}),
    )
    accept(app, hook, {"guest": {"name": "Ana", "allergy": ALLERGY}})
    worker.work()
    run: UUID = run_of(app, workflow).id
    return run


def test_the_far_ends_are_told_the_value(told: UUID, sink: Sink) -> None:
    bodies = [(request["path"], json.loads(request["body"])) for request in sink.requests()]
    assert ("/ok/chef", {"guest": {"name": "Ana", "allergy": ALLERGY}}) in bodies
    kitchen = [body["data"] for path, body in bodies if path == "/ok/kitchen"]
    assert {"allergy": ALLERGY} in kitchen


def test_no_table_holds_it_in_the_open(app: APIFlask, told: UUID) -> None:
    with app.app_context(), db.engine.connect() as connection:
        for table in TABLES:
            rows = connection.execute(text(f"SELECT t::text AS row FROM {table} t")).all()
            assert not [row for row in rows if ALLERGY in row.row], table


def test_the_api_says_only_that_something_is_there(owner: Persona, told: UUID) -> None:
    answer = owner.api.get(f"/runs/{told}")
    assert answer.status_code == 200
    assert ALLERGY not in answer.text
    assert answer.json["steps"][0]["input"]["json"]["guest"]["allergy"] == {"$sealed": "hidden"}


def failed_at_the_chef(app: APIFlask, worker: Worker, hook: Hook, sink: Sink) -> UUID:
    """A run that told an address where nothing is, and failed."""
    sink.forget()
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), call("chef", sink.url("/status/404"))
    )
    accept(app, hook, {"guest": {"name": "Ana", "allergy": ALLERGY}})
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "failed"
    return UUID(str(run.id))


def test_what_is_masked_stays_as_it_is_when_a_script_corrects_the_rest(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, owner: Persona
) -> None:
    run = failed_at_the_chef(app, worker, hook, sink)
    shown = owner.api.get(f"/runs/{run}").json["steps"][0]["input"]
    guest = {**shown["json"]["guest"], "name": "Anna"}
    given = {**shown, "url": sink.url("/ok/chef"), "json": {"guest": guest}}
    again = owner.api.post(f"/runs/{run}/rerun", json={"input": given})
    assert again.status_code == 202, again.text
    worker.work()
    assert json.loads(sink.requests()[-1]["body"]) == {
        "guest": {"name": "Anna", "allergy": ALLERGY}
    }
    recorded = owner.api.get(f"/runs/{again.json['id']}").json["steps"][0]["input"]
    assert recorded["json"]["guest"] == {"name": "Anna", "allergy": MASKED}


def test_a_mask_where_nothing_is_hidden_is_refused_with_its_place(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, owner: Persona
) -> None:
    run = failed_at_the_chef(app, worker, hook, sink)
    given = {"method": "POST", "url": sink.url("/ok/chef"), "json": {"a/b": [1, MASKED]}}
    answer = owner.api.post(f"/runs/{run}/rerun", json={"input": given})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/input/json/a~1b/1"


def test_what_is_masked_stays_as_it_is_when_an_unsure_step_is_sent_again(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, owner: Persona
) -> None:
    sink.forget()
    step = call("chef", sink.url("/reset"), key=False)
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), step)
    accept(app, hook, {"guest": {"name": "Ana", "allergy": ALLERGY}})
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "needs_attention"
    path = f"/runs/{run.id}"
    given = {**owner.api.get(path).json["steps"][0]["input"], "url": sink.url("/ok/chef")}
    wrong = {"decision": "treat_as_done", "output": {"allergy": MASKED}}
    assert owner.api.post(f"{path}/decide", json=wrong).status_code == 422
    decided = owner.api.post(f"{path}/decide", json={"decision": "send_again", "input": given})
    assert decided.status_code == 200, decided.text
    worker.work()
    assert json.loads(sink.requests()[-1]["body"])["guest"]["allergy"] == ALLERGY


def test_a_workflow_is_not_started_by_hand_with_a_mask(
    app: APIFlask, worker: Worker, owner: Persona
) -> None:
    workflow = make_workflow(
        app, owner.organization_id, {"kind": "manual"}, call("chef", "https://x")
    )
    answer = owner.api.post(f"/workflows/{workflow}/runs", json={"input": {"allergy": MASKED}})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/input/allergy"


def test_the_run_page_says_hidden_here(owner: Persona, told: UUID) -> None:
    page = owner.browser.get(f"/runs/{told}").text
    assert ALLERGY not in page
    assert "hidden here" in page
