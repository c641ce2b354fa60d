"""What can be chosen at an account: read in time, kept for the team, and nobody else's."""

import threading
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.choosing import Book, age, ask, kept, limited, load, read
from tests.connections.ways import change, connected, engine_of, keeper_of, row_of
from tests.far_ends.practice_partner import HARBOUR, PracticePartner
from tests.personas import Persona
from tests.workers.scene import wait_until
from tests.workflows.connected import API_KEY
from wedsync.connections import life
from wedsync.connections.choosing import choices, kept_choices
from wedsync.connections.choosing.kept_choices import Kept
from wedsync.connectors.choices import Choice
from wedsync.platform.db import db

BEN = Choice("g_ben", "Ben Carter", "The Carters")


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


def test_more_pages_than_may_be_asked_for_at_once_are_waited_for(
    app: APIFlask, editor: Persona, book: Book
) -> None:
    tables = limited(app, editor, book, {"calls": 1, "seconds": 1})
    found = read(app, editor, tables, within_s=20.0)
    assert [each.value for each in found.choices] == [0, 1]
    assert (len(book.asked), found.is_cut) == (3, False)


def test_a_drain_goes_on_where_the_calls_of_a_page_were_used_up(
    app: APIFlask, editor: Persona, book: Book
) -> None:
    tables = limited(app, editor, book, {"calls": 1, "seconds": 1})
    late = read(app, editor, tables, within_s=0.5)
    assert (late.choices, late.is_wanted, late.failure) == ((), True, None)
    keeper_of(app).work()
    wait_until(lambda: not kept(app, editor, tables).is_wanted, 20)
    found = kept(app, editor, tables)
    assert ([each.value for each in found.choices], found.is_cut) == ([0, 1], False)


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
        life.delete(owner.identity, connection_id)
        db.session.commit()
    assert kept(app, owner, connection_id, "guests") == Kept()
    assert ask(app, owner, connection_id, "guests") is None


def test_another_account_has_its_own_list(
    app: APIFlask, owner: Persona, practice_partner: PracticePartner
) -> None:
    meadow = connected(app, owner, practice_partner)
    first = read(app, owner, meadow, "guests").choices
    with app.test_request_context():
        life.delete(owner.identity, meadow)
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
