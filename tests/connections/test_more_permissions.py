"""Asking for more: what is missing is said, asked for beside what was given, and costs nothing."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.connections.ways import begin, come_back, connected, engine_of, row_of, way_out
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from wedsync import connectors
from wedsync.connections.permissions import lacking, permissions_of
from wedsync.connectors.manifest import Manifest
from wedsync.listings.built_in import publish_built_in
from wedsync.platform.db import db

FIRST = ("guests:read", "guests:write", "webhooks")
ALL = ["dates:write", "guests:read", "guests:write", "webhooks"]


@pytest.fixture
def without_diary(app: APIFlask, editor: Persona, practice_partner: PracticePartner) -> UUID:
    """A connection whose diary somebody left out when they agreed."""
    return connected(app, editor, practice_partner, scopes=FIRST)


@pytest.fixture
def newer(app: APIFlask) -> Iterator[Manifest]:
    """A version of the practice partner that also asks for pictures."""
    ours = connectors.manifests()["sandbox"]
    document = ours.model_dump(mode="json", by_alias=True)
    document["auth"]["oauth"]["scopes"].append(
        {"name": "pictures", "words": "See their pictures", "required": False}
    )
    manifest = Manifest.model_validate(document)
    with app.app_context():
        publish_built_in({"sandbox": manifest})
        db.session.commit()
        yield manifest
        publish_built_in({"sandbox": ours})
        db.session.commit()


def ask(persona: Persona, connection_id: UUID, *names: str) -> str:
    """Press the button; the address of the consent page."""
    sent = persona.browser.post(
        f"/connections/{connection_id}/permissions", data={"permission": list(names)}
    )
    assert sent.status_code == 303, words_of(sent)
    return way_out(persona.browser.get(sent.location))


# --- works


def test_the_page_says_what_is_missing_and_what_it_would_allow(
    editor: Persona, without_diary: UUID
) -> None:
    page = words_of(editor.browser.get(f"/connections/{without_diary}"))
    assert "See the diary and hold dates not allowed It would allow: " in page
    assert "Hold a date" in page
    assert "Ask for this permission" in page


def test_all_that_was_given_is_asked_for_again_beside_it(
    app: APIFlask, editor: Persona, without_diary: UUID, practice_partner: PracticePartner
) -> None:
    out = ask(editor, without_diary, "dates:write")
    for name in ALL:
        assert name.replace(":", "%3A") in out
    come_back(editor, practice_partner.allow(out))
    row = row_of(app, without_diary)
    assert sorted(row.scopes) == ALL
    assert (row.state, row.generation) == ("active", 2)
    page = words_of(editor.browser.get(f"/connections/{without_diary}"))
    assert "not allowed" not in page
    assert "Asked for more permissions" in page


def test_what_works_goes_on_working_until_then(
    app: APIFlask, editor: Persona, without_diary: UUID
) -> None:
    ask(editor, without_diary, "dates:write")
    assert row_of(app, without_diary).state == "active"


def test_a_no_changes_nothing(
    app: APIFlask, editor: Persona, without_diary: UUID, practice_partner: PracticePartner
) -> None:
    before = row_of(app, without_diary)
    come_back(editor, practice_partner.deny(ask(editor, without_diary, "dates:write")))
    after = row_of(app, without_diary)
    assert (after.state, after.scopes, after.secret) == (
        before.state,
        before.scopes,
        before.secret,
    )
    page = words_of(editor.browser.get(f"/connections/{without_diary}"))
    assert "The new permissions were not given. Everything stays as it was." in page


def test_a_later_version_is_gone_over_to_with_what_it_asks_for(
    app: APIFlask,
    editor: Persona,
    practice_partner: PracticePartner,
    connection_id: UUID,
    newer: Manifest,
) -> None:
    pinned = row_of(app, connection_id).listing_version_id
    page = words_of(editor.browser.get(f"/connections/{connection_id}"))
    assert "See their pictures new, and not asked yet" in page
    out = ask(editor, connection_id, "pictures")
    assert "pictures" in out
    assert row_of(app, connection_id).listing_version_id == pinned
    # Whether they may be given is the partner's to say: it knows nothing of pictures.
    out = begin(editor, f"/connections/{connection_id}/reconnect")
    come_back(editor, practice_partner.allow(out))
    assert row_of(app, connection_id).listing_version_id == pinned


def test_what_an_action_lacks_is_known(app: APIFlask, without_diary: UUID) -> None:
    ours = connectors.manifests()["sandbox"]
    given = row_of(app, without_diary).scopes
    assert [each.name for each in lacking(given, ours, "hold_date")] == ["dates:write"]
    assert lacking(given, ours, "read_guest") == ()
    missing = [each for each in permissions_of(given, ours) if not each.is_given]
    assert [each.name for each in missing] == ["dates:write"]


# --- what cannot be


def test_nothing_but_what_is_there_to_ask_for_is_asked(
    app: APIFlask, editor: Persona, without_diary: UUID
) -> None:
    for names in ((), ("everything",), ("dates:write", "everything")):
        sent = editor.browser.post(
            f"/connections/{without_diary}/permissions", data={"permission": list(names)}
        )
        assert sent.location.endswith(f"/connections/{without_diary}")
        assert "has no such permission to ask for" in words_of(editor.browser.get(sent.location))
    with engine_of(app).connect() as database:
        asked = database.exec_driver_sql(
            "SELECT count(*) FROM authorizations WHERE scopes IS NOT NULL AND connection_id = %s",
            (without_diary,),
        )
        assert asked.scalar() == 0


def test_a_viewer_and_a_stranger_may_not(
    viewer: Persona, stranger: Persona, without_diary: UUID
) -> None:
    url, data = f"/connections/{without_diary}/permissions", {"permission": "dates:write"}
    assert viewer.browser.post(url, data=data).status_code == 403
    assert stranger.browser.post(url, data=data).status_code == 404
