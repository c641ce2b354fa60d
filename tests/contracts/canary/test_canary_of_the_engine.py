"""A secret that a partner says back goes no further through the engine either: not into questions,
bodies, lists that are looked at, weddings, exports, differences, nor anything told of them."""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.contracts.canary.canaries import Canaries
from tests.far_ends.rest_service import Asked, Prepared, RestService, started_rest_service
from tests.letters import letters_to
from tests.personas import Persona, browser_of
from tests.workers.scene import Worker, make_workflow, note, on_event, one, publish, rows
from tests.workflows.clockwork.looking import look
from tests.workflows.connected import API_KEY, connect, seating
from tests.workflows.questions.letters import link_in, write_letters
from wedsync.migrations import tables
from wedsync.platform.db import db
from wedsync.platform.vault import MASK

pytestmark = pytest.mark.usefixtures("empty_database")

ANA = "ana@venue.example"
SAID = {"var": "steps.release.message"}
STREAM = {
    "key": "entries",
    "label": "Entries",
    "sentence": "Look for new entries",
    "event_type": "guestbook.entry_added",
    "request": {"method": "GET", "path": "/entries"},
    "records": "entries",
    "at_path": "at",
    "starts": "all",
}


class Echo(RestService):
    """Says back what it was sent, as an answer and as a record of its list."""

    def answer_to(self, asked: Asked) -> Prepared:
        self.asked.append(asked)
        said = asked.headers.get("authorization", "")
        entry = {"id": "e1", "at": "2026-03-01", "message": said, "sent": dict(asked.headers)}
        body = {**entry, "entries": [entry]}
        return Prepared(200, {"Content-Type": "application/json"}, orjson.dumps(body))


@pytest.fixture
def echo() -> Iterator[Echo]:
    with started_rest_service(Echo) as service:
        yield service


def action(step_id: str, use: str, given: Any, **fields: Any) -> Any:
    return {"id": step_id, "kind": "action", "use": use, "input": given, **fields}


def steps(connection: UUID, wedding: str) -> list[Any]:
    """What the partner said, carried to every place there is."""
    given = {"guest": "Ana"}
    words = {"text.body": "They said {{ steps.release.message }}."}
    ask = {"ask": {"cat": ["Is this right: ", SAID, "?"]}, "who": {"email": ANA}}
    return [
        action("release", "guest-book.release", given, connection=str(connection)),
        note("body", words=words, all={"var": "steps.release"}),
        action("venue", "wedding.update", {"wedding": wedding, "venue": SAID}),
        action("told", "webhook.send", {"event_type": "kitchen.told", "data": {"said": SAID}}),
        {"id": "each", "kind": "for_each", "items": [SAID], "steps": [note("it", said=SAID)]},
        {"id": "may", "kind": "approval", **ask},
    ]


@pytest.fixture
def everything_happened(
    app: APIFlask, worker: Worker, owner: Persona, echo: Echo, caplog: pytest.LogCaptureFixture
) -> dict[str, str]:
    """Ids of what there is to read."""
    caplog.set_level(logging.DEBUG)
    connection = connect(app, owner.organization_id, seating(echo, "guest-book", streams=[STREAM]))
    wedding = owner.api.post("/weddings", json={"title": "Ana & Ben"}).json["id"]
    trigger = on_event("canary.told")
    workflow = make_workflow(app, owner.organization_id, trigger, *steps(connection, wedding))
    looking = {"kind": "poll", "connection": str(connection), "stream": "entries", "every_s": 300}
    polling = make_workflow(
        app, owner.organization_id, looking, note("kept", it={"var": "trigger"})
    )
    event = publish(app, owner.organization_id, "canary.told", {"guest": "Ana"})
    look(app, worker)
    worker.work()
    write_letters(app)
    shown = owner.api.get(f"/workflows/{workflow}/draft")
    changed = shown.json["definition"] | {"steps": steps(connection, wedding)[:3]}
    owner.api.put(
        f"/workflows/{workflow}/draft",
        json={"definition": changed},
        headers={"If-Match": shown.headers["ETag"]},
    )
    owner.api.post(f"/workflows/{workflow}/publish", json={})
    run = one(
        app,
        "SELECT id FROM runs WHERE workflow_id = :id AND parent_run_id IS NULL",
        id=workflow,
    )
    asked = one(app, "SELECT id FROM approvals")
    return {
        "workflow": str(workflow),
        "polling": str(polling),
        "run": str(run.id),
        "event": str(event),
        "wedding": wedding,
        "approval": str(asked.id),
    }


def canaries() -> Canaries:
    known = Canaries()
    known.add("the connection's key", API_KEY)
    return known


PAGES = (
    "/",
    "/runs",
    "/runs/{run}",
    "/runs/{run}/items?step=each",
    "/approvals",
    "/approvals/{approval}",
    "/events/{event}",
    "/weddings",
    "/weddings/{wedding}",
    "/workflows/{workflow}",
    "/workflows/{workflow}/changes",
    "/workflows/{workflow}/history",
    "/workflows/{workflow}/versions",
    "/workflows/{workflow}/versions/2",
    "/workflows/{workflow}/why-not?event={event}",
    "/workflows/{workflow}/performance",
    "/workflows/{workflow}/export",
    "/workflows/{polling}",
    "/workflows/{polling}/performance",
    "/workflows/moves-of-wedding/{wedding}",
    "/workflows/runs-of-wedding/{wedding}",
)
ANSWERS = (
    "/runs",
    "/runs/{run}",
    "/runs/{run}/items",
    "/approvals",
    "/approvals/{approval}",
    "/events",
    "/events/{event}",
    "/weddings/{wedding}",
    "/weddings/{wedding}/moves",
    "/workflows/{workflow}",
    "/workflows/{workflow}/draft",
    "/workflows/{workflow}/draft/operations",
    "/workflows/{workflow}/draft/changes",
    "/workflows/{workflow}/export",
    "/workflows/{workflow}/versions/2",
    "/workflows/{workflow}/versions/2/differences",
    "/workflows/{workflow}/why-not?event={event}",
    "/workflows/{workflow}/performance",
    "/workflows/{polling}/runs",
)


def test_what_a_partner_says_back_is_kept_and_told_without_our_key(
    app: APIFlask,
    owner: Persona,
    echo: Echo,
    everything_happened: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    known = canaries()
    assert {asked.path for asked in echo.asked} == {"/seats/release", "/entries"}
    ids = everything_happened
    for path in PAGES:
        page = owner.browser.get(path.format(**ids))
        assert page.status_code == 200, path
        assert known.found_in(page.data) == [], path
    for path in ANSWERS:
        answer = owner.api.get(path.format(**ids))
        assert answer.status_code == 200, path
        assert known.found_in(answer.data) == [], path
    for letter in letters_to(app, ANA):
        assert MASK in letter.text
        assert known.found_in(f"{letter.subject}\n{letter.text}".encode()) == []
    assert known.found_in(caplog.text.encode()) == []
    assert found_in_tables(app, known) == {}
    told = rows(app, "SELECT venue FROM weddings WHERE venue LIKE :mask", mask=f"%{MASK}%")
    assert len(told) == 1


def test_the_token_of_a_link_is_in_the_letter_alone(
    app: APIFlask,
    owner: Persona,
    everything_happened: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    (letter,) = letters_to(app, ANA)
    known, link = Canaries(), link_in(letter)
    known.add("token of a link", link.rpartition("/")[2])
    visitor = browser_of(app)
    opened = visitor.get(link)
    assert opened.headers["Cache-Control"] == "no-store"
    assert known.found_in(str(opened.headers).encode()) == []
    assert visitor.post(link, data={"answer": "approved", "note": ""}).status_code == 200
    for path in PAGES:
        page = owner.browser.get(path.format(**everything_happened))
        assert known.found_in(page.data) == [], path
    for path in ANSWERS:
        answer = owner.api.get(path.format(**everything_happened))
        assert known.found_in(answer.data) == [], path
    assert known.found_in(caplog.text.encode()) == []
    assert found_in_tables(app, known) == {}


def found_in_tables(app: APIFlask, known: Canaries) -> dict[str, list[str]]:
    found = {}
    with app.app_context(), db.engine.connect() as connection:
        for table in tables().sorted_tables:
            lines = connection.execute(text(f'SELECT t::text FROM "{table.name}" t')).scalars()
            if names := known.found_in("\n".join(lines).encode()):
                found[table.name] = names
    return found
