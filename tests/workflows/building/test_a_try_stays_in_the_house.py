"""Nothing leaves for what is only pretended, and nothing is left behind: whatever action there is,
wherever it stands, in the process of the pages and in the workers."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests import door
from tests.personas import Persona
from tests.weddings.couples import marry
from tests.workers.scene import Worker, rows
from tests.workflows.clockwork.ticking import MovedClock
from tests.workflows.connected import connect_built_in
from tests.workflows.definitions import make_workflow
from wedsync.connectors import manifests
from wedsync.migrations import tables
from wedsync.platform.db import db
from wedsync.workflows.building.models import Try
from wedsync.workflows.building.tries import service
from wedsync.workflows.catalogue import entries

pytestmark = pytest.mark.usefixtures("empty_database", "built_in_listings")

USES = sorted(entries())
OWN = ("tries", "tried_outputs")
"""What a try itself keeps."""
SETTINGS: Mapping[str, dict[str, Any]] = {
    "smtp": {
        "host": "post.example",
        "port": "25",
        "security": "None",
        "from_address": "hello@rosewood.example",
    }
}
_OF_TYPE: Mapping[str, Any] = {"string": "x", "integer": 1, "number": 1, "boolean": True}


def given_to(use: str) -> dict[str, Any]:
    """What an action can be given, by its manifest."""
    schema = entries()[use].input
    needed = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    return {name: _some(said) for name, said in fields if name in needed or _is_told(said)}


def _is_told(said: Any) -> bool:
    return bool(said.get("examples") or said.get("enum"))


def _some(said: Any) -> Any:
    told = [*said.get("examples", ()), *said.get("enum", ())]
    if told:
        return told[0]
    kind = said.get("type")
    if kind == "object":
        inner = said.get("properties", {})
        return {name: _some(inner[name]) for name in said.get("required", ())}
    if kind == "array":
        return [_some(said.get("items", {"type": "string"}))]
    return _OF_TYPE.get(kind, "x")


@pytest.fixture
def accounts(app: APIFlask, owner: Persona) -> Mapping[str, str]:
    """An account of every connector, by its name in addresses."""
    return {
        slug: str(connect_built_in(app, owner.organization_id, slug, SETTINGS.get(slug, {})))
        for slug in manifests()
    }


def action(use: str, accounts: Mapping[str, str], step_id: str, **more: Any) -> dict[str, Any]:
    step = {"id": step_id, "kind": "action", "use": use, "input": given_to(use), **more}
    if entries()[use].needs_account:
        step["connection"] = accounts[entries()[use].connector]
    return step


def of_all_kinds(accounts: Mapping[str, str]) -> list[Any]:
    """Every action there is, alone, where it may go wrong, in a branch and in loops in loops; and
    beside them everything that waits, asks and starts something else."""

    def acts(place: str, **more: Any) -> list[Any]:
        return [action(use, accounts, f"{place}-{n}", **more) for n, use in enumerate(USES)]

    after = {"then": "steps", "steps": acts("after")[:3]}
    inner = {"id": "inner", "kind": "for_each", "items": ["a"], "steps": acts("in")}
    event = {"event_type": "contract.signed", "match": {}, "timeout_s": 60, "otherwise": []}
    asked = {"ask": "Send it?", "expires_after_s": 60, "on_expiry": "stop"}
    return [
        {"id": "ask", "kind": "approval", "who": {"email": "ada@guest.example"}, **asked},
        {"id": "rest", "kind": "wait", "seconds": 60},
        {"id": "signed", "kind": "wait", "event": event},
        *acts("plain"),
        *acts("skips", on_unsure="skip", on_error={"then": "continue"}),
        *[{**each, "on_error": after} for each in acts("wary")[:1]],
        {
            "id": "which",
            "kind": "choose",
            "branches": [{"label": "Yes", "when": True, "steps": acts("yes")}],
            "otherwise": [],
        },
        {"id": "each", "kind": "for_each", "items": [1, 2], "steps": [inner]},
    ]


@pytest.fixture
def flow(app: APIFlask, owner: Persona, accounts: Mapping[str, str]) -> UUID:
    """A draft of all that, which also starts another workflow."""
    called = {"format": 1, "trigger": {"kind": "workflow"}, "steps": []}
    note = {"id": "n", "kind": "set", "values": {"x": 1}}
    other = make_workflow(app, owner.organization_id, {**called, "steps": [note]})
    call = {"id": "call", "kind": "call", "workflow": str(other), "input": {}, "wait": True}
    definition = {**called, "trigger": {"kind": "manual"}}
    steps = [*of_all_kinds(accounts), call]
    return make_workflow(app, owner.organization_id, {**definition, "steps": steps}, publish=False)


def all_there_is(app: APIFlask) -> dict[str, str]:
    """What every table holds, in short."""
    told = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t"
    names = sorted(table.name for table in tables().sorted_tables)
    with app.app_context(), db.engine.connect() as connection:
        return {name: connection.scalar(text(told.format(f'"{name}"'))) for name in names}


def pressed(persona: Persona, flow: UUID, **fields: str) -> Any:
    """Press a button that pretends, and look at what came of it."""
    answer = persona.browser.post(f"/workflows/{flow}/tries", data=fields)
    assert answer.status_code == 303
    page = persona.browser.get(answer.location)
    assert page.status_code == 200
    return page


def test_pretending_all_there_is_opens_nothing_and_changes_nothing(
    app: APIFlask, owner: Persona, worker: Worker, flow: UUID
) -> None:
    marry(app, owner)
    owner.browser.get(f"/workflows/{flow}/edit")
    worker.work()
    before = all_there_is(app)
    with door.shut() as heard:
        pressed(owner, flow)
        pressed(owner, flow, step="plain-0", onwards="yes")
        worker.work()
        worker.try_steps()
    after = all_there_is(app)
    assert heard == []
    assert {name for name in before if before[name] != after[name]} == set(OWN)


def test_every_action_there_is_can_be_pretended_and_nothing_of_it_leaves(
    app: APIFlask, owner: Persona, worker: Worker, flow: UUID
) -> None:
    before = all_there_is(app)
    with door.shut() as heard:
        for number, use in enumerate(USES):
            made = one_step(app, owner, flow, f"plain-{number}")
            assert [line["state"] for line in made.told["steps"]] == ["would"], use
        worker.try_steps()
    after = all_there_is(app)
    assert heard == []
    assert {name for name in before if before[name] != after[name]} == set(OWN)


def one_step(app: APIFlask, persona: Persona, flow: UUID, step: str) -> Try:
    with app.test_request_context():
        made = service.pretend(persona.identity, flow, step=step)
        db.session.commit()
        db.session.refresh(made)
        db.session.expunge(made)
        return made


def test_what_is_asked_to_really_happen_leaves_by_a_worker_alone_and_only_that(
    app: APIFlask, owner: Persona, worker: Worker, flow: UUID, moved_clock: MovedClock
) -> None:
    moved_clock.set("2027-06-01T10:00:00Z")  # a free moment to write to a couple
    couple = marry(app, owner, date=date(2027, 6, 12))
    left = set()
    for number, use in enumerate(USES):
        with door.shut() as heard:
            with app.test_request_context():
                wanted = {"sample": str(couple), "key": use}
                service.really(owner.identity, flow, f"plain-{number}", **wanted)
                db.session.commit()
            assert heard == [], use
            worker.try_steps()
        left |= {use} if heard else set()
    inside = {use for use in USES if use.split(".")[0] in ("webhook", "wedding")}
    assert not left & inside
    assert {"smtp.send", "http.request"} <= left
    asked = rows(app, "SELECT step_id, state FROM tries")
    assert len(asked) == len(USES)
    assert {row.state for row in asked} <= {"done", "failed", "unsure"}


WRITING = [use for use in USES if entries()[use].recipient]


def test_there_are_actions_that_somebody_gets() -> None:
    assert "smtp.send" in WRITING


@pytest.mark.parametrize("use", WRITING)
@pytest.mark.parametrize(
    "to", ["ada@guest.example", {"cat": ["ada@", "guest.example"]}, {"var": "trigger.x"}]
)
def test_what_is_really_sent_to_me_is_to_nobody_else(
    app: APIFlask, owner: Persona, accounts: Mapping[str, str], use: str, to: Any
) -> None:
    step = action(use, accounts, "write")
    recipient = entries()[use].recipient
    step["input"] = {**step["input"], recipient: to}
    definition = {"format": 1, "trigger": {"kind": "manual"}, "steps": [step]}
    flow = make_workflow(app, owner.organization_id, definition, publish=False)
    with app.test_request_context():
        made = service.really(owner.identity, flow, "write", to_me=True)
        assert made.input[recipient] == owner.email
        assert "guest.example" not in str({**made.input, "reply_to": ""})


def test_a_viewer_pretends_nothing_and_a_stranger_finds_nothing(
    app: APIFlask, viewer: Persona, stranger: Persona, flow: UUID
) -> None:
    before = all_there_is(app)
    for fields in ({}, {"how": "really", "step": "plain-0"}):
        assert viewer.browser.post(f"/workflows/{flow}/tries", data=fields).status_code == 403
        assert stranger.browser.post(f"/workflows/{flow}/tries", data=fields).status_code == 404
    after = all_there_is(app)
    assert before["tries"] == after["tries"]
