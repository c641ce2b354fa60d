"""What can be chosen at an account: read in time, kept for the team, and said when it fails."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import change, connected, engine_of, keeper_of, means_of, row_of
from tests.far_ends.practice_partner import HARBOUR, PracticePartner
from tests.far_ends.rest_service import Asked as Request
from tests.far_ends.rest_service import Prepared, RestService, started_rest_service
from tests.personas import Persona
from tests.workflows.connected import API_KEY, NOBODY, connect, seating
from wedsync.connections import choices, kept_choices, service
from wedsync.connections.kept_choices import Asked, Kept
from wedsync.connectors.choices import MAX_PAGE_BYTES, MOST, Choice
from wedsync.platform import ids
from wedsync.platform.db import db

BEN = Choice("g_ben", "Ben Carter", "The Carters")
TABLES = {
    "key": "tables",
    "label": "Tables",
    "request": {"method": "GET", "path": "/tables", "query": {"page": "{cursor.page}"}},
    "records": "tables",
    "next_path": "next",
}


class Book(RestService):
    """Tables in pages of `size`; answers only while it may."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = 3
        self.size = 100
        self.may_answer = threading.Event()
        self.may_answer.set()

    def answer_to(self, asked: Request) -> Prepared:
        if asked.path != "/tables" or (asked.method, asked.path) in self.prepared:
            return super().answer_to(asked)
        self.asked.append(asked)
        self.may_answer.wait(20)
        first = int(asked.query().get("page", 0))
        after = min(first + self.size, self.tables)
        listed = [{"id": number, "name": f"Table {number}"} for number in range(first, after)]
        self.answers("GET", "/page", {"tables": listed, "next": after if listed else None})
        return self.prepared["GET", "/page"]


@pytest.fixture
def book() -> Iterator[Book]:
    with started_rest_service(Book) as started:
        yield started
        started.may_answer.set()


@pytest.fixture
def tables(app: APIFlask, editor: Persona, book: Book) -> UUID:
    """A connection whose tables can be chosen."""
    return connect(app, editor.organization_id, manifest(book))


def manifest(book: RestService) -> Any:
    return seating(book, f"tables-{ids.new_id().hex[-8:]}", choices=[TABLES])


def ask(
    app: APIFlask, persona: Persona, connection_id: UUID, key: str, *, refresh: bool = False
) -> Asked | None:
    with engine_of(app).begin() as database:
        return choices.ask(database, persona.organization_id, connection_id, key, refresh=refresh)


def load(app: APIFlask, persona: Persona, asked: Asked, within_s: float = 5.0) -> None:
    """As the request of a page does."""
    choices.load(means_of(app), persona.organization_id, asked.id, within_s=within_s, last=False)


def kept(app: APIFlask, persona: Persona, connection_id: UUID, key: str = "tables") -> Kept:
    means = means_of(app)
    with means.engine.begin() as database:
        return choices.kept(database, means.vault, persona.organization_id, connection_id, key)


def read(
    app: APIFlask,
    persona: Persona,
    connection_id: UUID,
    key: str = "tables",
    *,
    within_s: float = 5.0,
    refresh: bool = False,
) -> Kept:
    """Ask, read at once, and what is known then."""
    asked = ask(app, persona, connection_id, key, refresh=refresh)
    assert asked is not None
    if asked.is_wanted:
        load(app, persona, asked, within_s)
    return kept(app, persona, connection_id, key)


def age(app: APIFlask, connection_id: UUID, seconds: int) -> None:
    """Let it be so long since anything was read, failed or asked for."""
    with engine_of(app).begin() as database:
        past = f"- interval '{seconds} seconds'"
        database.execute(
            text(
                f"UPDATE account_choices SET loaded_at = loaded_at {past},"
                f" failed_at = failed_at {past}, asked_at = asked_at {past},"
                f" due_at = due_at {past}, claimed_until = claimed_until {past}"
                " WHERE connection_id = :id"
            ),
            {"id": connection_id},
        )


# --- works


def test_the_guests_of_the_practice_partner_are_there_to_choose_from(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    assert kept(app, editor, connection_id, "guests") == Kept()
    found = read(app, editor, connection_id, "guests")
    assert BEN in found.choices
    assert len(found.choices) == 16
    assert (found.is_wanted, found.failure, found.is_cut) == (False, None, False)
    assert found.loaded_at is not None


def test_what_was_read_is_not_asked_for_again_while_it_is_fresh(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    read(app, editor, tables)
    again = ask(app, editor, tables, "tables")
    assert again is not None
    assert (again.is_wanted, again.is_there) == (False, True)
    age(app, tables, kept_choices.FRESH_S + 1)
    later = ask(app, editor, tables, "tables")
    assert later is not None
    assert (later.is_wanted, later.is_there) == (True, True)
    assert len(book.asked) == 2


def test_a_refresh_reads_it_anew_and_shows_the_old_one_meanwhile(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    assert len(read(app, editor, tables).choices) == 3
    book.tables = 4
    asked = ask(app, editor, tables, "tables", refresh=True)
    assert asked is not None
    meanwhile = kept(app, editor, tables)
    assert (len(meanwhile.choices), meanwhile.is_wanted) == (3, True)
    load(app, editor, asked)
    assert kept(app, editor, tables).choices[-1] == Choice(3, "Table 3")


def test_pages_are_read_to_the_end(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    book.tables, book.size = 250, 100
    found = read(app, editor, tables)
    assert [each.value for each in found.choices] == list(range(250))
    assert [each.query() for each in book.asked] == [
        {}, {"page": "100"}, {"page": "200"}, {"page": "250"},
    ]  # fmt: skip
    assert not found.is_cut


def test_a_drain_reads_what_no_request_had_the_time_for(
    app: APIFlask, editor: Persona, tables: UUID, book: Book
) -> None:
    book.may_answer.clear()
    late = read(app, editor, tables, within_s=0.3)
    assert (late.choices, late.is_wanted, late.failure) == ((), True, None)
    book.may_answer.set()
    keeper_of(app).work()
    found = kept(app, editor, tables)
    assert (len(found.choices), found.is_wanted) == (3, False)


def test_a_drain_takes_up_what_was_left_to_it_and_not_before(
    app: APIFlask, editor: Persona, tables: UUID, book: Book
) -> None:
    asked = ask(app, editor, tables, "tables")
    assert asked is not None
    keeper_of(app).work()
    assert book.asked == []
    with engine_of(app).begin() as database:
        choices.leave_to_drain(database, editor.organization_id, asked)
    keeper_of(app).work()
    assert len(kept(app, editor, tables).choices) == 3


def test_a_token_that_ended_is_renewed_first(
    app: APIFlask, editor: Persona, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    change(app, connection_id, "access_expires_at = now() - interval '1 hour'")
    assert BEN in read(app, editor, connection_id, "guests").choices
    assert row_of(app, connection_id).refresh_failures == 0


def test_a_token_that_is_refused_is_renewed_and_it_is_asked_once_more(
    app: APIFlask, editor: Persona, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    before = row_of(app, connection_id).generation
    practice_partner.faults(expire_tokens=True)
    assert BEN in read(app, editor, connection_id, "guests").choices
    assert row_of(app, connection_id).generation == before + 1


# --- what people are told


def test_at_most_a_thousand_are_kept_and_it_is_said_that_there_are_more(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    book.tables = book.size = MOST + 1
    found = read(app, editor, tables)
    assert (len(found.choices), found.is_cut) == (MOST, True)


def test_a_list_that_goes_round_in_circles_ends(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    book.answers("GET", "/tables", {"tables": [{"id": "t1", "name": "One"}], "next": "again"})
    found = read(app, editor, tables)
    assert (found.choices, found.is_cut) == ((Choice("t1", "One"),), False)
    assert len(book.asked) == 2


def test_nobody_there_is_a_sentence_with_what_to_do(app: APIFlask, editor: Persona) -> None:
    gone = RestService(port=int(NOBODY))
    connection = connect(app, editor.organization_id, manifest(gone))
    found = read(app, editor, connection)
    assert found.failure == (
        "Our seating could not be reached. Try again in a moment. "
        "You can type it yourself meanwhile."
    )
    assert not found.is_wanted


@pytest.mark.parametrize(
    ("status", "document", "said"),
    [
        (500, {}, "gave no answer we could read. Try again in a moment."),
        (429, {}, "asks us to slow down. Try again in a minute."),
        (403, {}, "did not allow us to see this list. Connect it again"),
        (404, {"message": "No tables here."}, "could not be read. They answered 404: No tables"),
        (200, {"tables": 3}, "could not be read. There is no list in their answer."),
    ],
)
def test_what_they_answer_instead_is_said(
    app: APIFlask,
    editor: Persona,
    book: Book,
    tables: UUID,
    status: int,
    document: Any,
    said: str,
) -> None:
    book.answers("GET", "/tables", document, status=status)
    failure = read(app, editor, tables).failure
    assert failure is not None
    assert said in failure
    assert failure.endswith("You can type it yourself meanwhile.")


def test_after_a_failure_it_waits_a_minute_unless_somebody_refreshes(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    read(app, editor, tables)
    book.answers("GET", "/tables", {}, status=500)
    failed = read(app, editor, tables, refresh=True)
    assert failed.failure is not None
    assert len(failed.choices) == 3
    age(app, tables, kept_choices.FRESH_S + 1)
    assert read(app, editor, tables).failure is not None
    book.prepared.clear()
    asked = len(book.asked)
    read(app, editor, tables)
    assert len(book.asked) == asked
    mended = read(app, editor, tables, refresh=True)
    assert (mended.failure, len(mended.choices)) == (None, 3)


def test_a_page_that_is_too_large_is_a_failure(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    body = b'{"tables": ["' + b"x" * MAX_PAGE_BYTES + b'"]}'
    book.answers("GET", "/tables", body=body, headers={"Content-Type": "application/json"})
    assert "could not be read" in str(read(app, editor, tables).failure)


def test_a_connection_that_needs_somebody_says_so(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    change(app, connection_id, "state = 'needs_reauth', reason = NULL")
    failure = read(app, editor, connection_id, "guests").failure
    assert failure == (
        "Petal Practice needs you. Connect it again. You can type it yourself meanwhile."
    )


def test_a_list_the_connector_does_not_offer_any_more_is_said(
    app: APIFlask, editor: Persona, tables: UUID
) -> None:
    failure = read(app, editor, tables, "chairs").failure
    assert str(failure).startswith("Our seating does not offer this list any more.")


def test_without_the_permission_it_says_which_way_to_get_it(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner, connection_id: UUID
) -> None:
    practice_partner.faults(revoke_grants=True)
    failure = str(read(app, editor, connection_id, "guests").failure)
    assert failure.endswith("You can type it yourself meanwhile.")
    assert row_of(app, connection_id).state == "needs_reauth"


# --- whose it is


def test_a_stranger_cannot_have_a_list_of_ours_read(
    app: APIFlask, editor: Persona, stranger: Persona, tables: UUID, book: Book
) -> None:
    read(app, editor, tables)
    assert ask(app, stranger, tables, "tables", refresh=True) is None
    assert kept(app, stranger, tables) == Kept()
    asked = ask(app, editor, tables, "tables", refresh=True)
    assert asked is not None
    load(app, stranger, asked)
    assert len(book.asked) == 2
    assert kept(app, editor, tables).is_wanted


def test_what_is_kept_is_sealed_and_holds_no_credentials(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    book.answers("GET", "/tables", {"tables": [{"id": "t1", "name": f"Ana {API_KEY}"}]})
    assert API_KEY not in repr(read(app, editor, tables))
    with engine_of(app).connect() as database:
        rows = database.execute(text("SELECT row_to_json(l) FROM account_choices l")).all()
    assert "Ana" not in repr(rows)


def test_what_was_chosen_from_goes_with_the_account(
    app: APIFlask, owner: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, owner, practice_partner)
    assert read(app, owner, connection_id, "guests").choices
    with app.test_request_context():
        service.disconnect(owner.identity, connection_id)
        db.session.commit()
    assert kept(app, owner, connection_id, "guests") == Kept()
    assert ask(app, owner, connection_id, "guests") is None


def test_another_account_has_its_own_list(
    app: APIFlask, owner: Persona, practice_partner: PracticePartner
) -> None:
    meadow = connected(app, owner, practice_partner)
    first = read(app, owner, meadow, "guests").choices
    with app.test_request_context():
        service.disconnect(owner.identity, meadow)
        db.session.commit()
        db.session.execute(text("DELETE FROM connections WHERE id = :id"), {"id": meadow})
        db.session.commit()
    harbour = connected(app, owner, practice_partner, account=HARBOUR)
    second = read(app, owner, harbour, "guests").choices
    assert second
    assert not {each.value for each in first} & {each.value for each in second}


# --- concurrency


def test_ten_who_ask_at_once_have_it_read_once(
    app: APIFlask, editor: Persona, book: Book, tables: UUID
) -> None:
    together = threading.Barrier(10)

    def look() -> None:
        asked = ask(app, editor, tables, "tables")
        assert asked is not None
        together.wait(10)
        load(app, editor, asked)

    threads = [threading.Thread(target=look) for _ in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(book.asked) == 2
    assert len(kept(app, editor, tables).choices) == 3


def test_who_died_reading_it_leaves_it_to_a_drain(
    app: APIFlask, editor: Persona, tables: UUID
) -> None:
    asked = ask(app, editor, tables, "tables")
    assert asked is not None
    with engine_of(app).begin() as database:
        assert kept_choices.claim(database, editor.organization_id, asked.id, 20.0)
    keeper_of(app).work()
    assert kept(app, editor, tables).loaded_at is None
    age(app, tables, 60)
    keeper_of(app).work()
    assert len(kept(app, editor, tables).choices) == 3
