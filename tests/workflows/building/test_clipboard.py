"""Copying between workflows: what is pasted works as it did, or says what it does not find."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.engine.building import act, note, workflow
from tests.far_ends.rest_service import RestService
from tests.personas import Persona, make_persona
from tests.workflows.connected import change, connect, release, seating
from tests.workflows.definitions import make_workflow
from wedsync.errors import Conflict, NotFound
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.building.gestures import clipboard, doing
from wedsync.workflows.building.gestures.doing import Done
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.editing import drafts
from wedsync.workflows.models import Workflow

DRAFT = workflow(
    note("shape", guest=1), act("tell", input={"url": {"var": "steps.shape.guest"}}), act("last")
)


@pytest.fixture
def flow(app: APIFlask, owner: Persona) -> UUID:
    return make_workflow(app, owner.organization_id, DRAFT, publish=False)


@pytest.fixture
def other(app: APIFlask, owner: Persona) -> UUID:
    steps = [note("start", one=1), {"id": "shape", "kind": "wait", "seconds": 60}]
    return make_workflow(app, owner.organization_id, workflow(*steps), publish=False)


def copied(app: APIFlask, by: Persona, flow: UUID, *steps: str) -> str:
    with app.app_context():
        words = clipboard.copy(by.identity, flow, steps).words
        db.session.commit()
        return words


def cut(app: APIFlask, by: Persona, flow: UUID, *steps: str, **fields: Any) -> Done:
    with app.app_context():
        done = clipboard.cut(by.identity, flow, steps, **fields)
        db.session.commit()
        return done


def paste(app: APIFlask, by: Persona, flow: UUID, spot: Spot, **fields: Any) -> Done:
    with app.app_context():
        done = clipboard.paste(by.identity, flow, spot, **fields)
        db.session.commit()
        return done


def steps_of(app: APIFlask, by: Persona, flow: UUID) -> list[Any]:
    with app.app_context():
        return list(queries.get_workflow(by.organization_id, flow).draft["steps"])


def test_steps_are_copied_into_another_workflow(
    app: APIFlask, owner: Persona, flow: UUID, other: UUID
) -> None:
    assert copied(app, owner, flow, "tell", "shape") == "2 steps"
    done = paste(app, owner, other, Spot(after="start"), key="v")
    assert (done.words, done.focus, done.told) == ("pasted 2 steps", "shape-2", ())
    pasted = steps_of(app, owner, other)
    assert [step["id"] for step in pasted] == ["start", "shape-2", "tell", "shape"]
    assert pasted[2]["input"] == {"url": {"var": "steps.shape-2.guest"}}
    assert paste(app, owner, other, Spot(after="start"), key="v").repeated
    assert len(steps_of(app, owner, other)) == 4
    with app.app_context():
        doing.undo(owner.identity, other)
        db.session.commit()
    assert [step["id"] for step in steps_of(app, owner, other)] == ["start", "shape"]


def test_what_is_not_found_there_is_listed(
    app: APIFlask, owner: Persona, flow: UUID, other: UUID
) -> None:
    copied(app, owner, flow, "tell")
    done = paste(app, owner, other, Spot(after="shape"))
    assert done.told == ("“Contact guest” reads “Note guest”, which is not in this workflow.",)
    assert steps_of(app, owner, other)[2]["input"] == {"url": {"var": "steps.shape-2.guest"}}
    with app.app_context():
        found = drafts.validate(owner.organization_id, other)
    assert "tell" in [problem.step for problem in found]


def test_a_step_that_is_cut_and_pasted_is_the_same_one(
    app: APIFlask, owner: Persona, flow: UUID
) -> None:
    done = cut(app, owner, flow, "shape", key="x")
    assert (done.words, done.focus) == ("cut “Note guest”", "tell")
    assert cut(app, owner, flow, "shape", key="x").repeated
    done = paste(app, owner, flow, Spot())
    assert (steps_of(app, owner, flow), done.told) == (DRAFT["steps"], ())
    assert paste(app, owner, flow, Spot(after="last")).focus == "shape-2"


def test_a_deleted_connection_is_said_to_be_gone(
    app: APIFlask, owner: Persona, service: RestService, other: UUID
) -> None:
    slug = f"seating-{ids.new_id().hex[-8:]}"
    connection = connect(app, owner.organization_id, seating(service, slug))
    step = release("seat", connection, slug)
    source = make_workflow(app, owner.organization_id, workflow(step), publish=False)
    copied(app, owner, source, "seat")
    assert paste(app, owner, other, Spot(after="shape")).told == ()
    change(app, connection, state="deleted")
    done = paste(app, owner, other, Spot(after="shape"))
    assert done.told == ("There is no such connection. Choose one of yours.",)


def test_a_clipboard_outlives_the_workflow_it_is_of(
    app: APIFlask, owner: Persona, flow: UUID, other: UUID
) -> None:
    copied(app, owner, flow, "last")
    with app.app_context():
        db.session.delete(db.session.get_one(Workflow, flow))
        db.session.commit()
    assert paste(app, owner, other, Spot()).focus == "last"


def test_nothing_copied_is_nothing_to_paste(app: APIFlask, owner: Persona, flow: UUID) -> None:
    with pytest.raises(Conflict) as error:
        paste(app, owner, flow, Spot())
    assert error.value.code == "nothing_copied"


def test_a_clipboard_is_one_persons_in_one_team(
    app: APIFlask, owner: Persona, stranger: Persona, flow: UUID
) -> None:
    ana = make_persona(app, owner.organization_id, "editor", name="Ana")
    copied(app, owner, flow, "last")
    theirs = make_workflow(app, stranger.organization_id, workflow(), publish=False)
    with app.app_context():
        assert clipboard.held(ana.identity) is None
        assert clipboard.held(stranger.identity) is None
        held = clipboard.held(owner.identity)
        assert held is not None
        assert held.words == "“Contact far.example”"
    for somebody, where in ((owner, theirs), (stranger, flow)):
        with pytest.raises(NotFound):
            paste(app, somebody, where, Spot())
    with pytest.raises(NotFound):
        copied(app, stranger, flow, "last")


def test_a_step_that_is_gone_cannot_be_copied(app: APIFlask, owner: Persona, flow: UUID) -> None:
    with pytest.raises(Conflict):
        copied(app, owner, flow, "nothing")
