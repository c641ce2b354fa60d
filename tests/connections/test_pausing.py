"""Pausing: nothing opens it, its permission is kept alive, and what waited goes on."""

from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import (
    begin,
    change,
    come_back,
    engine_of,
    events_of,
    keeper_of,
    means_of,
    row_of,
)
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from wedsync.connections.access import Unusable, open_for_work
from wedsync.connections.tokens import refreshing
from wedsync.connectors.contract import Access


def press(persona: Persona, connection_id: UUID, what: str) -> int:
    return persona.browser.post(f"/connections/{connection_id}/{what}").status_code


def opened(app: APIFlask, persona: Persona, connection_id: UUID) -> Access | Unusable:
    means = means_of(app)
    with means.engine.begin() as database:
        return open_for_work(
            database, means.vault, means.settings, persona.organization_id, connection_id
        )


def audited(app: APIFlask, connection_id: UUID) -> list[str]:
    query = text("SELECT action FROM audit_entries WHERE object_id = :id ORDER BY id")
    with engine_of(app).connect() as database:
        return list(database.scalars(query, {"id": connection_id}))


def let_refresh(app: APIFlask, persona: Persona, connection_id: UUID) -> bool:
    change(app, connection_id, "refresh_due_at = now() - interval '1 second'")
    return refreshing.refresh(means_of(app), persona.organization_id, connection_id)


# --- works


def test_nothing_opens_what_is_paused_until_it_goes_on(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    assert press(editor, connection_id, "pause") == 303
    found = opened(app, editor, connection_id)
    assert isinstance(found, Unusable)
    assert found.gone
    assert press(editor, connection_id, "resume") == 303
    assert isinstance(opened(app, editor, connection_id), Access)
    assert events_of(app, editor)[-2:] == ["connection.paused", "connection.resumed"]
    assert audited(app, connection_id)[-2:] == ["connection.paused", "connection.resumed"]


def test_whoever_waits_is_told_when_it_goes_on(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    keeper_of(app).work()
    press(editor, connection_id, "pause")
    kept = keeper_of(app)
    kept.work()
    assert connection_id not in kept.told
    press(editor, connection_id, "resume")
    kept.work()
    assert connection_id in kept.told


def test_its_permission_is_renewed_meanwhile_and_it_stays_paused(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    press(editor, connection_id, "pause")
    assert let_refresh(app, editor, connection_id)
    row = row_of(app, connection_id)
    assert (row.state, row.generation) == ("paused", 2)


def test_a_renewal_that_does_not_work_is_said_when_it_goes_on(
    app: APIFlask, editor: Persona, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    press(editor, connection_id, "pause")
    practice_partner.faults(token_answers="500")
    for _ in range(3):
        assert let_refresh(app, editor, connection_id)
    assert row_of(app, connection_id).state == "paused"
    press(editor, connection_id, "resume")
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("degraded", "refresh_failing")


def test_checks_stop_and_are_made_up_for(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    press(editor, connection_id, "pause")
    before = row_of(app, connection_id).checked_at
    change(app, connection_id, "check_due_at = now() - interval '1 hour'")
    keeper_of(app).work()
    assert row_of(app, connection_id).checked_at == before
    press(editor, connection_id, "resume")
    keeper_of(app).work()
    assert row_of(app, connection_id).checked_at > before


def test_one_that_is_mended_while_it_is_paused_stays_paused(
    app: APIFlask, editor: Persona, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    press(editor, connection_id, "pause")
    practice_partner.faults(revoke_grants=True)
    let_refresh(app, editor, connection_id)
    assert row_of(app, connection_id).state == "needs_reauth"
    out = begin(editor, f"/connections/{connection_id}/reconnect")
    come_back(editor, practice_partner.allow(out))
    assert row_of(app, connection_id).state == "paused"
    press(editor, connection_id, "resume")
    assert row_of(app, connection_id).state == "active"


def test_the_page_says_so_and_offers_to_go_on(editor: Persona, connection_id: UUID) -> None:
    press(editor, connection_id, "pause")
    page = words_of(editor.browser.get(f"/connections/{connection_id}"))
    assert "Paused" in page
    assert "Let it go on" in page
    assert "Paused" in words_of(editor.browser.get("/connections"))


# --- said twice, and where it does not fit


def test_said_twice_it_is_done_once(app: APIFlask, editor: Persona, connection_id: UUID) -> None:
    for what in ("pause", "pause", "resume", "resume"):
        assert press(editor, connection_id, what) == 303
    assert events_of(app, editor).count("connection.paused") == 1
    assert events_of(app, editor).count("connection.resumed") == 1


def test_what_needs_somebody_is_not_paused(
    app: APIFlask, editor: Persona, connection_id: UUID
) -> None:
    change(app, connection_id, "state = 'needs_reauth'")
    assert press(editor, connection_id, "pause") == 303
    assert row_of(app, connection_id).state == "needs_reauth"


# --- who may


def test_a_viewer_and_a_stranger_may_not(
    app: APIFlask, viewer: Persona, stranger: Persona, connection_id: UUID
) -> None:
    assert press(viewer, connection_id, "pause") == 403
    assert press(stranger, connection_id, "pause") == 404
    assert row_of(app, connection_id).state == "active"
