"""Workflows on a hook, with their first events accepted and fanned out."""

from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.workers.scene import Hook, Worker, accept, make_workflow, on_hook


def begin(app: APIFlask, worker: Worker, hook: Hook, *steps: Any, events: int = 1) -> UUID:
    """Publish these steps and accept events of the guests `g_0`, `g_1` …; the workflow's id."""
    workflow = make_workflow(app, hook.organization_id, on_hook(hook), *steps)
    for number in range(events):
        accept(app, hook, {"guest": f"g_{number}"})
    worker.fan_out()
    return workflow
