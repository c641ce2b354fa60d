"""Workflows worth saving as templates, made as somebody makes them in the builder."""

from typing import Any
from uuid import UUID

from tests.personas import Persona

Definition = dict[str, Any]
CATERER = "kitchen@olive.example"


def letter(connection: object, **changes: Any) -> Definition:
    """A step that writes to the caterer."""
    given = {"to": CATERER, "subject": "One meal less", "body": "Please cook one meal less."}
    return {
        "id": "tell",
        "kind": "action",
        "use": "smtp.send",
        "connection": str(connection),
        "input": {**given, **changes},
    }


def wait(seconds: int = 259_200) -> Definition:
    return {"id": "wait", "kind": "wait", "seconds": seconds}


def ask(user_id: object) -> Definition:
    return {
        "id": "ask",
        "kind": "approval",
        "label": "May we tell them?",
        "ask": "Is it too late to change the meals?",
        "who": {"user": str(user_id)},
    }


def on_rsvp(connection: object, *steps: Definition) -> Definition:
    """Started by an answer of a guest at an account."""
    trigger = {
        "kind": "event",
        "event_type": "external.rsvp.changed",
        "source": f"connection:{connection}",
    }
    return {"format": 1, "trigger": trigger, "steps": list(steps)}


def make(persona: Persona, definition: Definition, name: str = "Tell the caterer") -> UUID:
    """A draft; gives its id."""
    answer = persona.api.post("/workflows", json={"name": name, "definition": definition})
    assert answer.status_code == 201, answer.json
    return UUID(answer.json["id"])


def save(persona: Persona, workflow_id: UUID, **more: Any) -> Any:
    """The template as the API answers it."""
    body = {"workflow_id": str(workflow_id), **more}
    answer = persona.api.post("/workflows/templates", json=body)
    assert answer.status_code == 201, answer.json
    return answer.json


def use(persona: Persona, template_id: str, answers: dict[str, str]) -> Any:
    """The draft that these answers make."""
    path = f"/workflows/templates/{template_id}/workflows"
    answer = persona.api.post(path, json={"answers": answers})
    assert answer.status_code == 201, answer.json
    return answer.json


def draft_of(persona: Persona, workflow_id: object) -> Any:
    return persona.api.get(f"/workflows/{workflow_id}/draft").json["definition"]


def keys_of(template: Any) -> dict[str, str]:
    """By kind, the key of a template's question."""
    return {each["kind"]: each["key"] for each in template["questions"]}
