"""Names: several connections of one connector are told apart, by us and by whoever names them."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import begin, come_back, engine_of, events_of, row_of
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona


def connect_another(persona: Persona, partner: PracticePartner, account: str) -> None:
    assert come_back(persona, partner.allow(begin(persona), account=account)).status_code == 303


def names_of(app: APIFlask, persona: Persona) -> list[str]:
    query = text("SELECT name FROM connections WHERE organization_id = :id ORDER BY id")
    with engine_of(app).connect() as database:
        return list(database.scalars(query, {"id": persona.organization_id}))


def rename(persona: Persona, connection_id: UUID, name: str) -> int:
    return persona.browser.post(
        f"/connections/{connection_id}/name", data={"name": name}
    ).status_code


# --- works


def test_each_is_called_by_its_account(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner, connection_id: UUID
) -> None:
    connect_another(editor, practice_partner, "acct_harbour")
    assert names_of(app, editor) == [
        "Petal Practice (Meadow Weddings)",
        "Petal Practice (Harbour Events)",
    ]
    assert events_of(app, editor) == ["connection.connected"] * 2


def test_the_same_account_twice_gets_a_number(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner, connection_id: UUID
) -> None:
    connect_another(editor, practice_partner, "acct_meadow")
    assert names_of(app, editor)[1] == "Petal Practice (Meadow Weddings) 2"


def test_a_chosen_name_lasts(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner, connection_id: UUID
) -> None:
    assert rename(editor, connection_id, "  Our   guest list ") == 303
    out = begin(editor, f"/connections/{connection_id}/reconnect")
    come_back(editor, practice_partner.allow(out))
    assert row_of(app, connection_id).name == "Our guest list"
    assert "Our guest list" in words_of(editor.browser.get("/connections"))


def test_a_slip_is_undone(app: APIFlask, editor: Persona, connection_id: UUID) -> None:
    before = row_of(app, connection_id).name
    rename(editor, connection_id, "Something else")
    page = editor.browser.get(f"/connections/{connection_id}")
    assert "It is called Something else now." in words_of(page)
    assert "Undo" in words_of(page)
    assert rename(editor, connection_id, before) == 303
    assert row_of(app, connection_id).name == before


# --- what cannot be


def test_two_are_not_called_the_same(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner, connection_id: UUID
) -> None:
    connect_another(editor, practice_partner, "acct_harbour")
    sent = editor.browser.post(
        f"/connections/{connection_id}/name", data={"name": "PETAL practice (Harbour Events)"}
    )
    assert sent.status_code == 422
    assert "Another connection is called that." in words_of(sent)
    assert row_of(app, connection_id).name == "Petal Practice (Meadow Weddings)"


def test_nothing_and_too_much_are_no_names(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    for name in ("", "   ", "x" * 121, "a\x00b", "\u202egnp"):
        assert rename(editor, connection_id, name) == 422
    assert row_of(app, connection_id).name == "Petal Practice (Meadow Weddings)"


def test_a_viewer_and_a_stranger_may_not(
    app: APIFlask, viewer: Persona, stranger: Persona, connection_id: UUID
) -> None:
    assert rename(viewer, connection_id, "Mine") == 403
    assert rename(stranger, connection_id, "Mine") == 404
    assert row_of(app, connection_id).name == "Petal Practice (Meadow Weddings)"
