"""Workflows look for new records at a partner: each once, however often and by whomever."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.far_ends.rest_service import Asked, Prepared
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.passing_time import let_pass
from tests.workers.scene import Worker, make_workflow, one, rows
from tests.workers.trouble import refusing
from tests.workflows.clockwork.guest_book import NOTE, GuestBook, every, guests, reading, timer
from tests.workflows.clockwork.looking import look
from tests.workflows.clockwork.ticking import MovedClock
from tests.workflows.connected import change, connect, mend

pytestmark = pytest.mark.usefixtures("empty_database")


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


def test_a_list_of_more_pages_than_may_be_asked_for_at_once_is_read_to_its_end(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    limits = {"connection": {"calls": 1, "seconds": 1}}
    manifest = reading(book, "guest-book", starts="all", next_path="next", limits=limits)
    connection = connect(app, organization, manifest)
    workflow = make_workflow(app, organization, every(connection), NOTE)
    names = [f"Guest {number}" for number in range(60)]
    book.add(*names)
    look(app, worker)
    worker.fan_out()
    assert len(book.asked) >= 2
    assert guests(app, workflow) == names
    assert timer(app, workflow).error is None


def test_more_records_of_one_moment_than_a_page_holds_are_no_circle(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    manifest = reading(book, "guest-book", starts="all", next_path="next")
    connection = connect(app, organization, manifest)
    workflow = make_workflow(app, organization, every(connection), NOTE)
    names = [f"Guest {number}" for number in range(120)]
    book.add(*names)
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == names
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
    let_pass(app, seconds)  # nobody may call there before
    look(app, worker)
    worker.fan_out()
    found = timer(app, workflow)
    assert (guests(app, workflow), found.failures, found.error) == (["Ann"], 0, None)


def test_a_look_there_is_no_call_for_keeps_what_the_one_before_found(
    app: APIFlask, worker: Worker, organization: UUID, book: GuestBook, march: MovedClock
) -> None:
    limits = {"connection": {"calls": 1, "seconds": 86_400}}
    manifest = reading(book, "guest-book", starts="all", limits=limits)
    connection = connect(app, organization, manifest)
    workflow = make_workflow(app, organization, every(connection), NOTE)
    book.refusing = Prepared(500, {}, b"{}")
    look(app, worker)
    failed = timer(app, workflow)
    assert (failed.error["code"], failed.failures) == ("http_500", 1)
    march.move(seconds=600)
    look(app, worker)
    put_off = timer(app, workflow)
    assert len(book.asked) == 1
    assert (put_off.error, put_off.failures, put_off.owner) == (failed.error, 1, None)
    assert put_off.due_at > march.now + timedelta(hours=1)


def test_a_look_that_breaks_off_is_given_back_told_of_and_comes_later_each_time(
    app: APIFlask,
    owner: Persona,
    worker: Worker,
    organization: UUID,
    book: GuestBook,
    march: MovedClock,
) -> None:
    """Also after a page was kept, which lengthened its lease."""
    manifest = reading(book, "guest-book", starts="all", next_path="next")
    connection = connect(app, organization, manifest)
    workflow = make_workflow(app, organization, every(connection), NOTE)
    names = [f"Guest {number}" for number in range(60)]
    for second, name in enumerate(names):
        book.add(name, at=f"2026-03-01T10:00:{second:02}Z")
    with refusing(app, "events", "sender_event_id <> 'e55'"):
        for wait in (600, 1200):
            look(app, worker)
            after = timer(app, workflow)
            assert (after.owner, after.lease_until) == (None, None)
            assert after.error["code"] == "look_broke_off"
            assert after.due_at == march.now + timedelta(seconds=wait)
            march.move(seconds=wait)
    said = words_of(owner.browser.get(f"/workflows/{workflow}"))
    assert "Something went wrong on our side while we looked." in said
    look(app, worker)
    worker.fan_out()
    assert guests(app, workflow) == names
    assert timer(app, workflow).error is None


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
