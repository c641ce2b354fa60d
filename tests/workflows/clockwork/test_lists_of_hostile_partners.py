"""A partner whose list we look at may answer anything: it learns nothing, gets nobody's secrets
kept, and sends us nowhere else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count, cycle, repeat
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Row

from tests.far_ends.rest_service import Asked, Prepared, RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import Worker, make_workflow, note, rows, run_of
from tests.workflows.clockwork.looking import look
from tests.workflows.clockwork.ticking import timers_of
from tests.workflows.connected import API_KEY, change, connect, seating
from wedsync.platform import clock
from wedsync.platform.vault import MASK
from wedsync.workflows.clockwork.poll_timers import FULL_LOOKS
from wedsync.workflows.clockwork.polling import MOST_PAGES

pytestmark = pytest.mark.usefixtures("empty_database")

MEGABYTE = 1024 * 1024
STREAM = {
    "key": "entries",
    "label": "Entries",
    "sentence": "Look for new entries",
    "event_type": "guestbook.entry_added",
    "request": {
        "method": "GET",
        "path": "/entries",
        "query": {"since": "{cursor.at}", "page": "{cursor.page}"},
    },
    "records": "entries",
    "at_path": "at",
    "next_path": "next",
    "starts": "all",
}


@dataclass
class Inventive(RestService):
    """Once it has `pages`, each answer names the next of them; `invents` a new record in each."""

    pages: Iterator[str] | None = None
    invents: bool = False
    made: int = 0

    def answer_to(self, asked: Asked) -> Prepared:
        if self.pages is not None:
            self.made += self.invents
            listed = [{"id": f"e{self.made}", "at": f"{self.made:09}"}] if self.invents else []
            self.answers("GET", "/entries", {"entries": listed, "next": next(self.pages)})
        return super().answer_to(asked)


@pytest.fixture
def far_end() -> Iterator[Inventive]:
    with started_rest_service(Inventive) as started:
        yield started


@pytest.fixture
def elsewhere() -> Iterator[RestService]:
    with started_rest_service() as started:
        yield started


@pytest.fixture
def connection(app: APIFlask, worker: Worker, organization: UUID, far_end: RestService) -> UUID:
    return connect(app, organization, seating(far_end, "guest-book", streams=[STREAM]))


@pytest.fixture
def workflow(app: APIFlask, organization: UUID, connection: UUID) -> UUID:
    trigger = {"connection": str(connection), "stream": "entries", "every_s": 300}
    step = note("kept", words={"var": "trigger.data"})
    return make_workflow(app, organization, {"kind": "poll", **trigger}, step)


def entry(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "at": f"2026-03-01T10:00:{number:02}Z", **fields}


def error_of(app: APIFlask, workflow: UUID) -> Any:
    (timer,) = timers_of(app, workflow).values()
    return timer.error


def kept(app: APIFlask) -> list[Any]:
    query = "SELECT data FROM events WHERE type = 'guestbook.entry_added' ORDER BY id"
    return [row.data for row in rows(app, query)]


def test_a_record_that_says_our_key_back_is_kept_without_it(
    app: APIFlask, worker: Worker, workflow: UUID, far_end: RestService, owner: Persona
) -> None:
    said = {"name": "Ana", "debug": {"sent": f"Bearer {API_KEY}", API_KEY: 1}}
    far_end.answers("GET", "/entries", {"entries": [entry(**said)]})
    look(app, worker)
    worker.work()
    (data,) = kept(app)
    assert data["debug"] == {"sent": f"Bearer {MASK}", MASK: 1}
    run = run_of(app, workflow)
    assert run.state == "succeeded"
    for table in ("events", "runs", "run_steps", "workflow_timers"):
        found = rows(app, f"SELECT t::text AS row FROM {table} t")
        assert found
        assert not [row for row in found if API_KEY in row.row], table
    assert API_KEY not in owner.browser.get(f"/runs/{run.id}").text


def test_an_error_that_says_our_key_back_is_told_without_it(
    app: APIFlask, worker: Worker, workflow: UUID, far_end: RestService, owner: Persona
) -> None:
    far_end.answers("GET", "/entries", {"message": f"Who is {API_KEY}?"}, status=403)
    look(app, worker)
    assert error_of(app, workflow)["message"] == f"They answered 403: Who is {MASK}?"
    assert API_KEY not in owner.browser.get(f"/workflows/{workflow}").text


def test_the_next_page_is_asked_for_at_the_same_place_whatever_it_is_called(
    app: APIFlask,
    worker: Worker,
    workflow: UUID,
    far_end: RestService,
    elsewhere: RestService,
) -> None:
    for page in (f"{elsewhere.url}/entries", "//elsewhere", "../../admin", "a&since=b#c\r\nX: y"):
        far_end.asked.clear()
        far_end.answers("GET", "/entries", {"entries": [entry(3, to=page)], "next": page})
        change_cursor(app, workflow)
        look(app, worker)
        assert {asked.path for asked in far_end.asked} == {"/entries"}
        assert far_end.asked[1].query()["page"] == page
        assert "x" not in far_end.asked[1].headers
    assert elsewhere.asked == []


def change_cursor(app: APIFlask, workflow: UUID) -> None:
    """Let everything be new again, and be looked at now."""
    rows(
        app,
        "UPDATE workflow_timers SET cursor = NULL, due_at = now() WHERE workflow_id = :id"
        " RETURNING key",
        id=workflow,
    )


def test_nobody_is_sent_on_to_another_address_with_the_connections_key(
    app: APIFlask,
    worker: Worker,
    workflow: UUID,
    far_end: RestService,
    elsewhere: RestService,
) -> None:
    to = {"Location": f"{elsewhere.url}/entries"}
    far_end.answers("GET", "/entries", {}, status=302, headers=to)
    look(app, worker)
    assert elsewhere.asked == []
    assert "another address (302)" in error_of(app, workflow)["message"]


def test_a_list_of_twenty_megabytes_is_not_kept(
    app: APIFlask, worker: Worker, workflow: UUID, far_end: RestService, owner: Persona
) -> None:
    far_end.answers("GET", "/entries", {"entries": [entry(name="a" * 20 * MEGABYTE)]})
    look(app, worker)
    assert kept(app) == []
    assert "too large" in error_of(app, workflow)["message"]
    assert "too large" in words_of(owner.browser.get(f"/workflows/{workflow}"))


def test_a_page_that_names_itself_as_the_next_is_left_with_a_sentence(
    app: APIFlask, worker: Worker, workflow: UUID, far_end: RestService, owner: Persona
) -> None:
    far_end.answers("GET", "/entries", {"entries": [entry()], "next": "more"})
    look(app, worker)
    assert [asked.query().get("page") for asked in far_end.asked] == [None, "more"]
    assert len(kept(app)) == 1
    assert error_of(app, workflow)["code"] == "list_in_a_circle"
    shown = words_of(owner.browser.get(f"/workflows/{workflow}"))
    assert "Their list names a page as the next one that we had seen just before" in shown


def test_pages_that_name_each_other_are_left_with_a_sentence(
    app: APIFlask, worker: Worker, workflow: UUID, far_end: Inventive
) -> None:
    far_end.pages = cycle(["one", "two", "three"])
    look(app, worker)
    assert len(far_end.asked) == 4
    assert error_of(app, workflow)["code"] == "list_in_a_circle"


def test_a_list_that_never_ends_is_looked_at_within_bounds_and_its_owner_told(
    app: APIFlask, worker: Worker, workflow: UUID, far_end: Inventive, owner: Persona
) -> None:
    far_end.pages, far_end.invents = (str(number) for number in count()), True
    look(app, worker)
    assert len(far_end.asked) == FULL_LOOKS * MOST_PAGES
    assert len(kept(app)) == FULL_LOOKS * MOST_PAGES
    timer = the_timer(app, workflow)
    assert (timer.failures, timer.error["code"]) == (0, "list_endless")
    assert clock.now() < timer.due_at <= clock.now() + timedelta(seconds=300)
    shown = words_of(owner.browser.get(f"/workflows/{workflow}"))
    assert "Their list does not seem to end" in shown
    assert "20 looks in a row did not come to the end of their list." in shown
    far_end.invents, far_end.pages = False, repeat("")
    look_now(app, worker, workflow)
    assert (the_timer(app, workflow).full_looks, error_of(app, workflow)) == (0, None)


def test_pages_without_end_that_bring_nothing_are_told_too(
    app: APIFlask, worker: Worker, workflow: UUID, far_end: Inventive
) -> None:
    far_end.pages = (str(number) for number in count())
    for _ in range(FULL_LOOKS):
        assert error_of(app, workflow) is None
        look_now(app, worker, workflow)
    assert len(far_end.asked) == FULL_LOOKS * MOST_PAGES
    assert error_of(app, workflow)["code"] == "list_endless"


def the_timer(app: APIFlask, workflow: UUID) -> Row[Any]:
    (timer,) = timers_of(app, workflow).values()
    return timer


def look_now(app: APIFlask, worker: Worker, workflow: UUID) -> None:
    due = "UPDATE workflow_timers SET due_at = now() WHERE workflow_id = :id RETURNING key"
    rows(app, due, id=workflow)
    look(app, worker)


@pytest.mark.parametrize("at", ["x" * 10_000, {"a": 1}, None, True])
def test_a_position_that_is_none_is_said(
    app: APIFlask, worker: Worker, workflow: UUID, far_end: RestService, at: Any
) -> None:
    far_end.answers("GET", "/entries", {"entries": [{"id": "e1", "at": at}]})
    look(app, worker)
    assert kept(app) == []
    assert "could not be read" in error_of(app, workflow)["message"]


def test_a_connection_that_was_removed_is_said(
    app: APIFlask,
    worker: Worker,
    workflow: UUID,
    connection: UUID,
    far_end: RestService,
    owner: Persona,
) -> None:
    change(app, connection, state="deleted", secret=None)
    look(app, worker)
    assert far_end.asked == []
    assert "was removed" in words_of(owner.browser.get(f"/workflows/{workflow}"))
