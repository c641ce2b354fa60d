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
from wedsync.webhooks import hooks

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


def test_the_run_page_says_hidden_here(owner: Persona, told: UUID) -> None:
    page = owner.browser.get(f"/runs/{told}").text
    assert ALLERGY not in page
    assert "hidden here" in page
