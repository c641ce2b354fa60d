"""Workflows that wait for two weeks before a wedding, and until when."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.workers.scene import note, run_of

THEN = note("then", at={"var": "now"})
ON_EVENT = {"kind": "event", "event_type": "wedding.created", "source": "ours", "filter": None}
Work = Callable[[], None]


def wait(step_id: str = "wait", *, late: str = "skip", **fields: Any) -> dict[str, Any]:
    about = {"anchor": "wedding.date", "offset_days": -14, "at": "09:00", "late": late, **fields}
    return {"id": step_id, "kind": "wait", "label": "Two weeks before", **about}


def waits_until(app: APIFlask, workflow_id: UUID) -> str | None:
    until = (run_of(app, workflow_id).waiting_for or {}).get("until")
    return f"{datetime.fromisoformat(until):%Y-%m-%dT%H:%M:%SZ}" if until else None
