"""When a wedding's key is destroyed, what it sealed is gone: it is masked, steps say so, and
everything else goes on."""

import json
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.personas import Persona
from tests.platform.vaulting import make_wedding
from tests.workers.scene import (
    Hook,
    Sink,
    Worker,
    accept,
    call,
    make_endpoint,
    make_workflow,
    on_hook,
    rows,
    run_of,
    tell,
)
from wedsync.platform.db import db
from wedsync.platform.vault import known_keys

ALLERGY = "sesame canary"


@pytest.fixture
def hook(app: APIFlask, worker: Worker, hook: Hook) -> Hook:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text('UPDATE hooks SET options = \'{"sensitive": ["guest.allergy"]}\' WHERE id = :id'),
            {"id": hook.id},
        )
    return hook


def erase(app: APIFlask, wedding_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Destroy the wedding's key, and let the minute pass in which processes still know it."""
    monkeypatch.setattr(known_keys, "KEYRING_SECONDS", 0)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE data_keys SET destroyed_at = now(), wrapped = '' WHERE wedding_id = :id"),
            {"id": wedding_id},
        )


def accepted(app: APIFlask, hook: Hook, wedding_id: UUID) -> UUID:
    guest = {"name": "Ana", "allergy": ALLERGY}
    return accept(app, hook, {"wedding_id": str(wedding_id), "guest": guest})


def test_a_step_that_needs_it_says_that_it_is_gone(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    sink: Sink,
    owner: Persona,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sink.forget()
    wedding, other = (make_wedding(app, hook.organization_id) for _ in range(2))
    workflow = make_workflow(
        app, hook.organization_id, on_hook(hook), call("chef", sink.url("/ok/chef"))
    )
    accepted(app, hook, wedding)
    worker.fan_out()
    erase(app, wedding, monkeypatch)
    worker.work()
    run = run_of(app, workflow)
    assert run.state == "failed"
    assert sink.requests() == []
    assert "was erased" in owner.browser.get(f"/runs/{run.id}").text
    shown = owner.api.get(f"/runs/{run.id}").json
    assert shown["steps"][0]["error"]["code"] == "value_erased"
    accepted(app, hook, other)
    worker.work()
    assert [json.loads(one["body"])["guest"]["allergy"] for one in sink.requests()] == [ALLERGY]


def test_what_is_sent_of_it_is_a_mask(
    app: APIFlask, worker: Worker, hook: Hook, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink.forget()
    wedding = make_wedding(app, hook.organization_id)
    make_endpoint(app, hook.organization_id, sink.url("/ok/told"), event_types=["kitchen.told"])
    make_workflow(
        app,
        hook.organization_id,
        on_hook(hook),
        tell("kitchen", "kitchen.told", {"allergy": {"var": "trigger.data.guest.allergy"}}),
    )
    accepted(app, hook, wedding)
    worker.fan_out()
    erase(app, wedding, monkeypatch)
    worker.run()
    worker.work()
    assert [json.loads(one["body"])["data"] for one in sink.requests()] == [
        {"allergy": {"$sealed": "hidden"}}
    ]


def test_what_comes_in_about_it_afterwards_is_kept_so_that_nobody_reads_it(
    app: APIFlask, worker: Worker, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    wedding = make_wedding(app, hook.organization_id)
    accepted(app, hook, wedding)
    worker.fan_out()
    erase(app, wedding, monkeypatch)
    event = accepted(app, hook, wedding)
    worker.fan_out()
    kept = rows(app, "SELECT data, wedding_id FROM events WHERE id = :id", id=event)[0]
    assert kept.wedding_id == wedding
    assert list(kept.data["guest"]["allergy"]) == ["$sealed"]
    assert rows(app, "SELECT FROM data_keys WHERE wedding_id = :id AND destroyed_at IS NULL",
                id=wedding) == []  # fmt: skip
