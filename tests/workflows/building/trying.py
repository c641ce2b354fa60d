"""Drafts that are tried, as their buttons and the API try them."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.personas import Persona
from tests.workers.scene import one
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.building.models import Try
from wedsync.workflows.building.tries import keeping, service
from wedsync.workflows.editing import service as workflows

MANUAL = {"kind": "manual"}
NOON = "2027-06-01T10:00:00Z"


def made(app: APIFlask, persona: Persona, *steps: Any, trigger: Any = MANUAL) -> UUID:
    """A draft, never published."""
    definition = {"format": 1, "trigger": trigger, "steps": list(steps)}
    with app.app_context():
        draft = workflows.create(persona.organization_id, "Write to them", definition)
        db.session.commit()
        return draft.workflow.id


def pretend(app: APIFlask, persona: Persona, workflow_id: UUID, **wanted: Any) -> Try:
    with app.test_request_context():
        found = service.pretend(persona.identity, workflow_id, **wanted)
        db.session.commit()
        db.session.refresh(found)
        db.session.expunge(found)
        return found


def really(app: APIFlask, persona: Persona, workflow_id: UUID, step: str, **wanted: Any) -> UUID:
    with app.test_request_context():
        found = service.really(persona.identity, workflow_id, step, **wanted)
        db.session.commit()
        return found.id


def state_of(app: APIFlask, try_id: UUID) -> tuple[str, str]:
    row = one(app, "SELECT state, message FROM tries WHERE id = :id", id=try_id)
    return row.state, row.message


def last(app: APIFlask, persona: Persona, workflow_id: UUID) -> keeping.Last:
    with app.app_context():
        workflow = queries.get_workflow(persona.organization_id, workflow_id)
        return keeping.last_of(persona.identity, workflow.id, workflow.draft)


def write(box: UUID, step_id: str = "write", **given: Any) -> Any:
    letter = {"to": "ada@guest.example", "subject": "Your answer", "body": "Will you come?"}
    step = {"id": step_id, "kind": "action", "use": "smtp.send", "connection": str(box)}
    return {**step, "input": {**letter, **given}}
