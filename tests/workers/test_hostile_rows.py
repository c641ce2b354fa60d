"""Rows that could keep a whole worker from its work: parked where somebody sees them."""

import secrets

import pytest
from apiflask import APIFlask

from tests.workers.scene import (
    Definition,
    Hook,
    Worker,
    accept,
    call,
    make_hook,
    make_workflow,
    note,
    on_hook,
    run_of,
)

_TOO_LONG_TO_INDEX = {
    "a wait for an event": {
        "id": "hear",
        "kind": "wait",
        "event": {
            "event_type": "external.contract.signed",
            "match": {
                "data." + ".".join(secrets.token_urlsafe(70) for _ in range(10)): "Ana"
                for _ in range(9)
            },
        },
    },
    "a host": call("post", f"https://{secrets.token_hex(3_000)}.example/", key=False),
}


@pytest.mark.parametrize("step", _TOO_LONG_TO_INDEX.values(), ids=_TOO_LONG_TO_INDEX)
def test_what_no_index_can_hold_parks_its_own_run_and_keeps_no_other_from_going_on(
    app: APIFlask, worker: Worker, hook: Hook, step: Definition
) -> None:
    hostile = make_workflow(app, hook.organization_id, on_hook(hook), step)
    another = make_hook(app, hook.organization_id)
    harmless = make_workflow(app, hook.organization_id, on_hook(another), note("after", a=1))
    accept(app, hook, {"guest": "Ana"})
    accept(app, another, {"guest": "Bo"})
    worker.fan_out()
    worker.run()
    assert run_of(app, harmless).state == "succeeded"
    assert run_of(app, hostile).state in ("needs_attention", "failed")
