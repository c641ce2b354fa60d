"""A step whose account was not given the permission it needs waits before it calls, and goes on."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.page_words import words_of
from tests.personas import Persona, make_persona
from tests.workers.scene import Hook, Worker, run_of, steps_of, tries_of
from tests.workflows.connected import change, connect, release, seating, tell
from tests.workflows.running.beginning import begin
from wedsync.connectors.manifest import Manifest
from wedsync.platform.db import db
from wedsync.workflows.editing import service
from wedsync.workflows.editing.checking import LACKS
from wedsync.workflows.running import waiting_on
from wedsync.workflows.running.reach import Reach

GIVEN = ["seats:read"]


def manifest(service: RestService, slug: str) -> Manifest:
    """Releasing a seat needs a permission that may be left out."""
    plain = seating(service, slug).model_dump(mode="json", by_alias=True)
    scopes = [
        {"name": "seats:read", "words": "See the seats"},
        {"name": "seats:write", "words": "Free seats", "required": False},
    ]
    plain["auth"] |= {
        "kind": "oauth2_code",
        "fields": [],
        "oauth": {
            "authorize_url": f"{service.url}/authorize",
            "token_url": f"{service.url}/token",
            "scopes": scopes,
        },
    }
    plain["actions"][0]["scopes"] = ["seats:write"]
    return Manifest.model_validate(plain)


@pytest.fixture
def connection(app: APIFlask, hook: Hook, seats: RestService, slug: str) -> UUID:
    return connect(app, hook.organization_id, manifest(seats, slug), scopes=GIVEN)


def sweep(app: APIFlask) -> int:
    here = app.extensions["wedsync"]
    with app.app_context(), db.engine.begin() as database:
        return waiting_on.sweep(database, Reach(database, here.vault, here.settings))


def test_it_waits_before_anything_is_asked_and_says_why(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, connection: UUID
) -> None:
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    run = run_of(app, workflow)
    assert (run.state, run.due_at) == ("waiting", None)
    assert run.waiting_for == {
        "kind": "connection",
        "id": str(connection),
        "permissions": ["seats:write"],
    }
    assert seats.asked == []
    assert (steps_of(app, run.id)["seat"].attempts, tries_of(app, run.id, "seat")) == (0, [])
    reader: Persona = make_persona(app, hook.organization_id, "viewer", name="Gwen")
    page = words_of(reader.browser.get(f"/runs/{run.id}"))
    assert "it is not allowed to do this there" in page
    assert "Ask for the permission and this goes on by itself." in page


def test_it_goes_on_when_the_permission_is_given(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, connection: UUID
) -> None:
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    change(app, connection, scopes=[*GIVEN, "seats:write"])
    tell(app, connection, "connection.reconnected")
    worker.work()
    assert run_of(app, workflow).state == "succeeded"
    assert len(seats.asked) == 1


def test_nobody_is_woken_in_vain_and_nobody_is_forgotten(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, connection: UUID
) -> None:
    workflow = begin(app, worker, hook, release("seat", connection, slug))
    worker.work()
    sweep(app)
    assert run_of(app, workflow).due_at is None
    change(app, connection, scopes=[*GIVEN, "seats:write"])
    sweep(app)
    assert run_of(app, workflow).due_at is not None
    worker.work()
    assert run_of(app, workflow).state == "succeeded"


def test_what_needs_no_more_than_was_given_goes_on(
    app: APIFlask, worker: Worker, hook: Hook, seats: RestService, slug: str, connection: UUID
) -> None:
    workflow = begin(app, worker, hook, release("pay", connection, slug, key="pay"))
    worker.work()
    assert run_of(app, workflow).waiting_for is None
    assert [asked.path for asked in seats.asked] == ["/pay"]


def test_the_builder_says_so_before_it_is_published(
    app: APIFlask, hook: Hook, slug: str, connection: UUID
) -> None:
    definition = {
        "format": 1,
        "trigger": {"kind": "manual"},
        "steps": [release("seat", connection, slug)],
    }
    with app.app_context():
        made = service.create(hook.organization_id, "Late no", definition)
        workflow_id = made.workflow.id
        told = [each for each in made.problems if each.message.startswith(LACKS)]
        db.session.commit()
    assert [(each.step, each.severity) for each in told] == [("seat", "warning")]
    assert told[0].message == "Its account is not allowed to do this yet: free seats."
    owner = make_persona(app, hook.organization_id, "editor", name="Gwen")
    page = owner.browser.get(f"/workflows/{workflow_id}/edit")
    assert f'href="/connections/{connection}#may"' in page.text
    assert "Ask for this permission" in words_of(page)
