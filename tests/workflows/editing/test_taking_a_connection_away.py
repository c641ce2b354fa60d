"""Taking a connection away: what depends on it is said, and never stops silently."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import rows
from tests.workflows.connected import connect, release, seating
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.workflows.editing import service


@pytest.fixture
def slug() -> str:
    return f"seating-{ids.new_id().hex[-8:]}"


@pytest.fixture
def connection_id(app: APIFlask, owner: Persona, slug: str) -> UUID:
    manifest = seating(RestService(port=9), slug)
    return connect(app, owner.organization_id, manifest, name="Our seating")


def workflow_of(app: APIFlask, owner: Persona, name: str, step: object, *, live: bool) -> UUID:
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [step]}
    with app.app_context():
        made = service.create(owner.organization_id, name, definition).workflow
        if live:
            service.publish(owner.organization_id, made.id)
        db.session.commit()
        return made.id


@pytest.fixture
def live(app: APIFlask, owner: Persona, connection_id: UUID, slug: str) -> UUID:
    step = release("seat", connection_id, slug, label="Free the seat")
    return workflow_of(app, owner, "Late no", step, live=True)


def state_of(app: APIFlask, connection_id: UUID) -> str:
    found: str = rows(app, "SELECT state FROM connections WHERE id = :id", id=connection_id)[
        0
    ].state
    return found


# --- works


def test_the_page_says_which_workflows_use_it_and_how(
    app: APIFlask, owner: Persona, connection_id: UUID, live: UUID, slug: str
) -> None:
    workflow_of(app, owner, "Only begun", release("seat", connection_id, slug), live=False)
    page = words_of(owner.browser.get(f"/workflows/of-connection/{connection_id}"))
    assert "Late no Does “Free the seat” through it" in page
    assert "Only begun" in page
    assert "so far only in its draft" in page


def test_before_it_goes_the_page_says_what_cannot_go_on(
    owner: Persona, connection_id: UUID, live: UUID
) -> None:
    page = words_of(owner.browser.get(f"/connections/{connection_id}/delete"))
    assert "Delete Our seating?" in page
    assert "Late no" in page
    assert "Turn it off and delete" in page


def test_what_cannot_go_on_is_turned_off_with_it(
    app: APIFlask, owner: Persona, connection_id: UUID, live: UUID
) -> None:
    sent = owner.browser.post(f"/connections/{connection_id}/delete", data={"turn_off": "1"})
    assert sent.status_code == 303
    assert state_of(app, connection_id) == "deleted"
    assert rows(app, "SELECT state FROM workflows WHERE id = :id", id=live)[0].state == "off"
    told = rows(
        app, "SELECT type FROM events WHERE organization_id = :id", id=owner.organization_id
    )
    assert "connection.deleted" in [each.type for each in told]
    assert owner.browser.get(f"/connections/{connection_id}").status_code == 404


def test_nothing_that_is_off_keeps_it(
    app: APIFlask, owner: Persona, connection_id: UUID, live: UUID
) -> None:
    with app.app_context():
        service.turn_off(owner.organization_id, live)
        db.session.commit()
    page = words_of(owner.browser.get(f"/connections/{connection_id}/delete"))
    assert "Late no names it too, but is not on." in page
    assert owner.browser.post(f"/connections/{connection_id}/delete").status_code == 303
    assert state_of(app, connection_id) == "deleted"


# --- what cannot be


def test_it_does_not_go_silently(
    app: APIFlask, owner: Persona, connection_id: UUID, live: UUID
) -> None:
    sent = owner.browser.post(f"/connections/{connection_id}/delete")
    assert sent.location == f"/connections/{connection_id}/delete"
    assert "“Late no” cannot go on without it." in words_of(owner.browser.get(sent.location))
    assert state_of(app, connection_id) == "active"
    assert rows(app, "SELECT state FROM workflows WHERE id = :id", id=live)[0].state == "on"


def test_only_who_may_disconnect_may_delete(
    app: APIFlask, editor: Persona, viewer: Persona, stranger: Persona, connection_id: UUID
) -> None:
    for persona, status in ((editor, 403), (viewer, 403), (stranger, 404)):
        sent = persona.browser.post(f"/connections/{connection_id}/delete")
        assert sent.status_code == status
    assert state_of(app, connection_id) == "active"
