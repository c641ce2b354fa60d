"""Steps that begin runs of their own: for each item of a list, and of other workflows."""

from typing import Any
from uuid import UUID

GUESTS = {"var": "trigger.data.guests"}
BY_OTHERS = {"kind": "workflow", "input": None}
STARTED = {"guest": {"var": "trigger.data.guest"}}


def for_each(step_id: str, items: Any, *steps: Any, **fields: Any) -> dict[str, Any]:
    return {"id": step_id, "kind": "for_each", "items": items, "steps": list(steps), **fields}


def start(step_id: str, workflow: UUID, *, wait: bool = True, **fields: Any) -> dict[str, Any]:
    called = {"workflow": str(workflow), "input": STARTED, "wait": wait}
    return {"id": step_id, "kind": "call", **called, **fields}
