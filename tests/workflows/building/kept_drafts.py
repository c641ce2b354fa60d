"""A draft that is kept, and gestures done to it as somebody does them."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.engine.building import act, choose, note, workflow
from tests.personas import Persona
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.building.gestures import doing
from wedsync.workflows.building.gestures import of_branches as branch_gestures
from wedsync.workflows.building.gestures import of_steps as gestures
from wedsync.workflows.building.gestures.doing import Done, Seen
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.editing.draft_operations import Change
from wedsync.workflows.editing.drafts import look_at

DRAFT = workflow(
    note("shape", guest=1),
    choose("which", ("Yes", {"==": [1, 1]}, [act("first")]), ("No", {"==": [1, 2]}, [])),
    act("last"),
)


def draft_of(app: APIFlask, somebody: Persona, workflow_id: UUID) -> Any:
    with app.app_context():
        return queries.get_workflow(somebody.organization_id, workflow_id).draft


def revision(app: APIFlask, somebody: Persona, workflow_id: UUID) -> int:
    with app.app_context():
        return queries.get_workflow(somebody.organization_id, workflow_id).draft_revision


def operation(app: APIFlask, somebody: Persona, workflow_id: UUID) -> int:
    with app.app_context():
        return queries.get_workflow(somebody.organization_id, workflow_id).draft_operation


def in_words(app: APIFlask, somebody: Persona, workflow_id: UUID) -> tuple[str | None, str | None]:
    """What can be undone, and what can be done again."""
    with app.app_context():
        draft = look_at(queries.get_workflow(somebody.organization_id, workflow_id))
        return draft.undo, draft.redo


def do(app: APIFlask, by: Persona, flow: UUID, act: doing.Act, **fields: Any) -> Done:
    with app.app_context():
        done = doing.do(by.identity, flow, act, **fields)
        db.session.commit()
        return done


def change(
    app: APIFlask, by: Persona, flow: UUID, seen: Seen, *changes: Change, **fields: Any
) -> Done:
    with app.app_context():
        done = doing.change_fields(by.identity, flow, seen, lambda _: changes, **fields)
        db.session.commit()
        return done


def undo(app: APIFlask, by: Persona, flow: UUID, **fields: Any) -> Done:
    with app.app_context():
        done = doing.undo(by.identity, flow, **fields)
        db.session.commit()
        return done


def redo(app: APIFlask, by: Persona, flow: UUID, **fields: Any) -> Done:
    with app.app_context():
        done = doing.redo(by.identity, flow, **fields)
        db.session.commit()
        return done


def ids(definition: Any) -> list[str]:
    return [step["id"] for step in definition["steps"]]


def labelled(app: APIFlask, by: Persona, flow: UUID, label: str, step: str = "shape") -> Done:
    return do(app, by, flow, lambda draft: gestures.rename(draft, step, label))


GESTURES: dict[str, doing.Act] = {
    "add": lambda d: gestures.add(d, {"kind": "wait", "seconds": 60}, Spot(after="shape")),
    "remove": lambda d: gestures.remove(d, "which"),
    "move": lambda d: gestures.move(d, "shape", "down"),
    "move_to": lambda d: gestures.move_to(d, "last", Spot()),
    "duplicate": lambda d: gestures.duplicate(d, "which"),
    "turn_off": lambda d: gestures.turn_off(d, "last"),
    "rename": lambda d: gestures.rename(d, "shape", "The guest"),
    "set_note": lambda d: gestures.set_note(d, "shape", "Ask Ana"),
    "set_trigger": lambda d: gestures.set_trigger(d, {"kind": "workflow"}),
    "use_connection": lambda d: gestures.use_connection(d, "last", "somewhere"),
    "add_branch": lambda d: branch_gestures.add_branch(d, "which"),
    "remove_branch": lambda d: branch_gestures.remove_branch(d, "which", 0),
    "rename_branch": lambda d: branch_gestures.rename_branch(d, "which", 0, "Perhaps"),
    "move_branch": lambda d: branch_gestures.move_branch(d, "which", 0, "down"),
}
