"""Workflows look for new records at a partner: each once, however often and by whomever."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.far_ends.rest_service import Asked, Prepared, RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import Worker, beside, make_workflow, note, one, rows
from tests.workflows.clockwork.looking import look
from tests.workflows.clockwork.ticking import MovedClock, moved_clock, timers_of
from tests.workflows.clockwork.ticking import publish_again as republish
from tests.workflows.connected import change, connect, mend, seating
from wedsync.connectors.manifest import Manifest
from wedsync.platform.db import db

__all__ = ["moved_clock"]

pytestmark = pytest.mark.usefixtures("empty_database")

NOTE = note("note", guest={"var": "trigger.data.name"}, type={"var": "trigger.type"})


@dataclass
class GuestBook(RestService):
    """A list that grows: `GET /entries?since=&limit=` or, by page, `&page=`."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    refusing: Prepared | None = None

    def add(self, *names: str, at: str = "2026-03-01T10:00:00Z") -> None:
        for name in names:
            number = len(self.entries)
            self.entries.append({"id": f"e{number}", "name": name, "at": at})

    def answer_to(self, asked: Asked) -> Prepared:
        self.asked.append(asked)
        if self.refusing is not None:
            return self.refusing
        query = asked.query()
        since, limit = query.get("since", ""), int(query.get("limit", "50"))
        begin = int(query.get("page", "0")) * limit
        found = [each for each in self.entries if each["at"] >= since]
        page = found[begin : begin + limit]
        more = str(begin // limit + 1) if len(found) > begin + limit else None
        body = orjson.dumps({"entries": page, "next": more})
        return Prepared(200, {"Content-Type": "application/json"}, body)


@pytest.fixture
def book() -> Iterator[GuestBook]:
    with started_rest_service(GuestBook) as started:
        yield started


def reading(book: GuestBook, slug: str, **fields: Any) -> Manifest:
    """A connector with the guest book as its stream."""
    stream = {
        "key": "entries",
        "label": "Entries",
        "sentence": "Look for new entries",
        "event_type": "guestbook.entry_added",
        "request": {
            "method": "GET",
            "path": "/entries",
            "query": {"since": "{cursor.at}", "limit": "50", "page": "{cursor.page}"},
        },
        "records": "entries",
        "at_path": "at",
        **fields,
    }
    other = {**stream, "key": "others", "starts": "all"}
    return seating(book, slug, streams=[stream, other])


def every(connection_id: UUID, stream: str = "entries", every_s: int = 300) -> dict[str, Any]:
    about = {"connection": str(connection_id), "stream": stream, "every_s": every_s}
    return {"kind": "poll", **about}


def guests(app: APIFlask, workflow_id: UUID) -> list[str]:
    """Whom a workflow's runs are about, oldest first."""
    query = (
        "SELECT e.data ->> 'name' AS name FROM runs r JOIN events e ON e.id = r.event_id"
        " WHERE r.workflow_id = :id ORDER BY e.id"
    )
    return [row.name for row in rows(app, query, id=workflow_id)]


def timer(app: APIFlask, workflow_id: UUID) -> Any:
    (found,) = timers_of(app, workflow_id).values()
    return found


@pytest.fixture
def march(moved_clock: MovedClock) -> MovedClock:
    moved_clock.set("2026-03-01T09:00:00Z")
    return moved_clock


# --- looking


def test_only_what_is_new_since_it_was_published_starts_runs(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    book.add("Long ago", at="2026-02-01T10:00:00Z")
    connection = connect(app, organization, reading(book, "guest-book"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    look(app, worker)
    assert book.asked == []
    book.add("Ann", "Bo")
    march.move(seconds=300)
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == ["Ann", "Bo"]
    event = one(app, "SELECT * FROM events ORDER BY id LIMIT 1")
    assert (event.type, event.source) == ("guestbook.entry_added", f"connection:{connection}")
    assert (event.sender_event_id, event.causation["polled_by"]) == ("e1", str(workflow))
    runs = rows(app, "SELECT cause, event_id FROM runs")
    assert all(run.cause == f"event:{run.event_id}" for run in runs)


def test_what_is_listed_again_starts_nothing_and_what_shares_its_moment_does(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    for names in ((), ("Ann",), ("Bo", "Cy"), ()):
        book.add(*names)
        look(app, worker)
        march.move(seconds=300)
    worker.fan_out()
    assert guests(app, workflow) == ["Ann", "Bo", "Cy"]


def test_a_look_comes_as_often_as_the_trigger_says(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    workflow = make_workflow(app, organization, every(connection, every_s=900), NOTE)
    look(app, worker)
    assert timer(app, workflow).due_at == march.now + timedelta(seconds=900)
    look(app, worker)
    assert len(book.asked) == 1


@pytest.mark.parametrize("next_path", ["", "next"])
def test_all_pages_are_read_at_most_a_thousand_records_at_a_time(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    book: GuestBook,
    march: MovedClock,
    next_path: str,
) -> None:
    for number in range(1_230):
        book.add(f"Guest {number}", at=f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z")
    manifest = reading(book, "guest-book", starts="all", next_path=next_path)
    connection = connect(app, organization, manifest)
    workflow = make_workflow(app, organization, every(connection), NOTE)
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == [f"Guest {number}" for number in range(1_230)]
    assert timer(app, workflow).error is None


def test_a_polled_record_starts_the_workflow_that_looked_and_no_other(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    source = f"connection:{connection}"
    listening = {"kind": "event", "event_type": "guestbook.entry_added", "source": source}
    other = make_workflow(app, organization, {**listening, "filter": None}, NOTE)
    first = make_workflow(app, organization, every(connection), NOTE)
    second = make_workflow(app, organization, every(connection), NOTE)
    book.add("Ann")
    look(app, worker)
    worker.work()
    assert [guests(app, each) for each in (first, second, other)] == [["Ann"], ["Ann"], []]


def test_what_is_sensitive_in_a_record_is_sealed(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    manifest = reading(book, "guest-book", starts="all", sensitive=["name"])
    connection = connect(app, organization, manifest)
    workflow = make_workflow(app, organization, every(connection), NOTE)
    book.add("Ann")
    look(app, worker)
    assert "Ann" not in str(one(app, "SELECT data FROM events").data)
    worker.work()
    assert one(app, "SELECT state FROM runs WHERE workflow_id = :id", id=workflow).state == (
        "succeeded"
    )


# --- cursors belong to the workflow


def test_the_cursor_outlives_publishing_pausing_and_going_back(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    worker: Worker,
    book: GuestBook,
    march: MovedClock,
) -> None:
    connection = connect(app, organization, reading(book, "guest-book"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    look(app, worker)
    path = f"/workflows/{workflow}"

    def publish(trigger: dict[str, Any]) -> None:
        draft = owner.api.get(path).json
        definition = {"format": 1, "trigger": trigger, "steps": [NOTE]}
        answer = owner.api.put(
            f"{path}/draft",
            json={"definition": definition},
            headers={"If-Match": f'"{draft["draft_revision"]}"'},
        )
        assert answer.status_code == 200
        act("publish")

    def act(what: str) -> None:
        assert owner.api.post(f"{path}/{what}", json={}).status_code == 200

    changes = [
        lambda: publish(every(connection, every_s=600)),
        lambda: publish(every(connection, "others")),
        lambda: act("versions/1/rollback"),
        lambda: act("pause"),
        lambda: act("resume"),
        lambda: act("turn-off"),
        lambda: act("resume"),
        lambda: publish({"kind": "manual"}),
        lambda: act("versions/1/rollback"),
    ]
    for number, change_it in enumerate(changes):
        book.add(f"Guest {number}")
        change_it()
        march.move(seconds=900)
        look(app, worker)
        worker.fan_out()
    march.move(seconds=900)
    look(app, worker)
    worker.fan_out()
    told = guests(app, workflow)
    of_the_other = [f"Guest {number}" for number in range(2)]
    for name in of_the_other:  # the other list is the same book, read from its beginning
        told.remove(name)
    assert sorted(told) == sorted(f"Guest {number}" for number in range(len(changes)))


def test_a_look_that_comes_home_after_a_change_keeps_nothing(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    worker: Worker,
    book: GuestBook,
    march: MovedClock,
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    book.add("Ann")
    answer = book.answer_to

    def turned_off_meanwhile(asked: Asked) -> Prepared:
        owner.api.post(f"/workflows/{workflow}/turn-off")
        return answer(asked)

    book.answer_to = turned_off_meanwhile  # type: ignore[method-assign]
    look(app, worker)
    found = timer(app, workflow)
    assert (found.cursor, found.owner, found.due_at) == (None, None, None)
    assert rows(app, "SELECT 1 FROM events WHERE source <> 'ours'") == []
    book.answer_to = answer  # type: ignore[method-assign]
    owner.api.post(f"/workflows/{workflow}/resume")
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == ["Ann"]


# --- trouble


@pytest.mark.parametrize(
    ("refusal", "seconds", "code"),
    [
        (Prepared(429, {"Retry-After": "1234"}, b"{}"), 1234, "http_429"),
        (Prepared(500, {}, b"{}"), 600, "http_500"),
        (Prepared(200, {"Content-Type": "application/json"}, b"{}"), 600, "answer_unreadable"),
        (
            Prepared(200, {"Content-Type": "application/json"}, b'{"entries": [{"name": "x"}]}'),
            600,
            "answer_unreadable",
        ),
    ],
)
def test_a_partner_in_trouble_is_asked_less_often_and_the_reason_is_kept(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    book: GuestBook,
    march: MovedClock,
    refusal: Prepared,
    seconds: int,
    code: str,
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    book.refusing = refusal
    look(app, worker)
    found = timer(app, workflow)
    assert (found.failures, found.error["code"]) == (1, code)
    assert found.due_at == march.now + timedelta(seconds=seconds)
    book.refusing = None
    book.add("Ann")
    march.move(seconds=seconds)
    look(app, worker)
    worker.fan_out()
    found = timer(app, workflow)
    assert (guests(app, workflow), found.failures, found.error) == (["Ann"], 0, None)


def test_it_waits_for_a_connection_that_needs_somebody_and_goes_on_when_it_is_mended(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    workflow = make_workflow(app, organization, every(connection, every_s=3600), NOTE)
    change(app, connection, state="needs_reauth")
    book.add("Ann")
    look(app, worker)
    found = timer(app, workflow)
    assert (book.asked, found.error["code"]) == ([], "connection")
    mend(app, connection)
    worker.fan_out()
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == ["Ann"]


def test_the_workflows_page_says_what_keeps_it_from_looking(
    app: APIFlask,
    worker: Worker,
    organization: UUID,
    book: GuestBook,
    march: MovedClock,
    owner: Persona,
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    look(app, worker)
    page = words_of(owner.browser.get(f"/workflows/{workflow}"))
    assert "We looked last at 09:00. We look next at 09:05." in page
    book.refusing = Prepared(500, {}, b"{}")
    march.move(seconds=300)
    look(app, worker)
    page = words_of(owner.browser.get(f"/workflows/{workflow}"))
    assert "They answered 500. We try again by ourselves." in page


def test_a_record_too_large_to_keep_is_left_out_and_said(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    book.add("Ann", "x" * 300_000, "Bo")
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == ["Ann", "Bo"]
    assert timer(app, workflow).error["message"].startswith("One record was left out.")


# --- deaths and many workers


def test_a_death_between_two_pages_loses_nothing_and_doubles_nothing(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    for number in range(120):
        book.add(f"Guest {number}", at=f"2026-03-01T10:{number // 60:02}:{number % 60:02}Z")
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    workflow = make_workflow(app, organization, every(connection), NOTE)
    answer = book.answer_to

    def dies_at_the_second(asked: Asked) -> Prepared:
        if len(book.asked) == 1:
            with app.app_context(), db.engine.begin() as connection:
                taken = "UPDATE workflow_timers SET owner = uuidv7(), lease_until = now()"
                connection.execute(text(taken))
        return answer(asked)

    book.answer_to = dies_at_the_second  # type: ignore[method-assign]
    look(app, worker)
    assert one(app, "SELECT count(*) AS n FROM events WHERE source <> 'ours'").n in (50, 120)
    march.move(seconds=600)
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == [f"Guest {number}" for number in range(120)]


def test_what_a_dead_worker_was_looking_at_is_looked_at_by_another(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    make_workflow(app, organization, every(connection), NOTE)
    with app.app_context(), db.engine.begin() as connection_:
        connection_.execute(
            text(
                "UPDATE workflow_timers SET owner = :dead,"
                " lease_until = clock_timestamp() + interval '1 hour'"
            ),
            {"dead": dead_owner(app)},
        )
    look(app, worker)
    assert book.asked == []
    worker.sweep()
    look(app, worker)
    assert len(book.asked) == 1


def dead_owner(app: APIFlask) -> UUID:
    query = (
        "INSERT INTO owners (id, lock_key, process) VALUES (uuidv7(), 4711, 'dead:1') RETURNING id"
    )
    return one(app, query).id


def test_many_workers_take_each_record_once(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    connection = connect(app, organization, reading(book, "guest-book", starts="all"))
    made = [make_workflow(app, organization, every(connection), NOTE) for _ in range(6)]
    for number in range(5):
        book.add(*(f"Guest {number}.{each}" for each in range(7)))
        with beside(lambda: look(app, worker)) as one_, beside(lambda: look(app, worker)) as other:
            one_.result()
            other.result()
        march.move(seconds=300)
    worker.fan_out()
    whole = [entry["name"] for entry in book.entries]
    assert [guests(app, each) for each in made] == [whole] * 6


def test_publishing_pausing_and_going_back_under_load_misses_and_doubles_nothing(
    app: APIFlask,
    owner: Persona,
    organization: UUID,
    worker: Worker,
    book: GuestBook,
    march: MovedClock,
) -> None:
    """Three of them at once: somebody who writes into the book, two workers, and an editor."""
    connection = connect(
        app, organization, reading(book, "guest-book", starts="all", next_path="next")
    )
    workflow = make_workflow(app, organization, every(connection), NOTE)
    path = f"/workflows/{workflow}"
    republish(app, organization, workflow, every(connection, every_s=600))
    acts = ("pause", "resume", "versions/1/rollback", "turn-off", "resume", "versions/2/rollback")

    def edit() -> None:
        for act in acts * 4:
            answer = owner.api.post(f"{path}/{act}", json={})
            assert answer.status_code in (200, 409), answer.json

    with beside(edit) as editing:
        number = 0
        while not editing.done():
            book.add(f"Guest {number}", f"Guest {number + 1}")
            number += 2
            with beside(lambda: look(app, worker)) as one_:
                look(app, worker)
                one_.result()
            worker.fan_out()
            march.move(seconds=600)
        editing.result()
    owner.api.post(f"{path}/resume")
    for _ in range(2):
        march.move(seconds=600)
        look(app, worker)
        worker.fan_out()
    stored = rows(
        app, "SELECT data ->> 'name' AS name FROM events WHERE source <> 'ours' ORDER BY id"
    )
    assert [row.name for row in stored] == [entry["name"] for entry in book.entries]
