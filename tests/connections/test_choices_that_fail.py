"""What people are told of a list that was cut short, or could not be read."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.connections.choosing import Book, age, by_a_drain, kept, limited, manifest, read
from tests.connections.ways import change, row_of
from tests.far_ends.practice_partner import PracticePartner
from tests.far_ends.rest_service import RestService
from tests.personas import Persona
from tests.workflows.connected import NOBODY, connect
from wedsync.connections.choosing import kept_choices
from wedsync.connectors.choices import MAX_PAGE_BYTES, MOST, Choice


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


def test_where_the_calls_are_used_up_what_was_read_is_shown_and_else_why_there_is_nothing(
    app: APIFlask, editor: Persona, book: Book
) -> None:
    tables = limited(app, editor, book, {"calls": 1, "seconds": 86_400})
    by_a_drain(app, editor, tables)
    found = kept(app, editor, tables)
    assert ([each.value for each in found.choices], found.is_cut) == ([0], True)
    by_a_drain(app, editor, tables)
    kept_on = kept(app, editor, tables)
    assert [each.value for each in kept_on.choices] == [0]
    assert kept_on.failure == (
        "Our seating lets us ask only so often, and not again just now. Try again later."
        " You can type it yourself meanwhile."
    )
    assert len(book.asked) == 1


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
        "Petal Practice (Meadow Weddings) needs you. Connect it again."
        " You can type it yourself meanwhile."
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
