"""Disconnecting: who may, what stops, and what the provider is told."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import (
    begin,
    change,
    come_back,
    connected,
    engine_of,
    events_of,
    keeper_of,
    means_of,
    only,
    row_of,
)
from tests.far_ends.practice_partner import PracticePartner
from tests.far_ends.rest_service import Asked, Prepared, RestService, started_rest_service
from tests.page_words import words_of
from tests.personas import Persona, make_persona
from tests.workers.scene import wait_until
from wedsync.connections import checking, keeping
from wedsync.connections.access import Unusable, open_for_work
from wedsync.connections.tokens import refreshing, revoking


def end(persona: Persona, connection_id: UUID) -> int:
    return persona.browser.post(f"/connections/{connection_id}/disconnect").status_code


# --- works


def test_it_asks_first_and_says_what_depends_on_it(owner: Persona, connection_id: UUID) -> None:
    page = owner.browser.get(f"/connections/{connection_id}/disconnect")
    assert "Disconnect Petal Practice (Meadow Weddings)?" in words_of(page)
    assert f"/workflows/of-connection/{connection_id}" in page.text


def test_nothing_opens_it_from_then_on(app: APIFlask, owner: Persona, connection_id: UUID) -> None:
    assert end(owner, connection_id) == 303
    means = means_of(app)
    with means.engine.begin() as database:
        found = open_for_work(
            database, means.vault, means.settings, owner.organization_id, connection_id
        )
    assert isinstance(found, Unusable)
    assert found.gone
    assert "Disconnected" in words_of(owner.browser.get(f"/connections/{connection_id}"))
    assert "Connect again" in words_of(owner.browser.get("/connections"))
    assert events_of(app, owner)[-1] == "connection.disconnected"


def test_the_provider_is_told_and_the_tokens_are_wiped(
    app: APIFlask, owner: Persona, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    end(owner, connection_id)
    assert row_of(app, connection_id).secret is not None
    keeper_of(app).work()
    row = row_of(app, connection_id)
    assert (row.secret, row.refresh_due_at) == (None, None)
    assert practice_partner.seen()["families"][0]["revoked"] == "client"


def test_a_token_that_was_on_its_way_is_told_of_too(
    app: APIFlask, owner: Persona, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=1.0)
    change(app, connection_id, "refresh_due_at = now() - interval '1 second'")
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(refreshing.refresh, means_of(app), owner.organization_id, connection_id)
        wait_until(lambda: row_of(app, connection_id).refresh_started_at is not None)
        spent = row_of(app, connection_id).secret
        end(owner, connection_id)
        assert going.result()
    row = row_of(app, connection_id)
    assert (row.state, row.generation, row.refresh_failures) == ("revoked", 1, 0)
    assert row.secret != spent
    keeper_of(app).work()
    assert practice_partner.seen()["families"][0]["revoked"] == "client"
    assert row_of(app, connection_id).secret is None


def test_a_look_that_comes_home_late_brings_nothing_back(
    app: APIFlask, owner: Persona, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(api_slow_s=3.0)
    said = '{"code": "refused", "message": "They did not accept us."}'
    change(app, connection_id, f"state = 'degraded', reason = '{said}', check_due_at = now()")
    asked = practice_partner.seen()["requests"].get("GET /api/v1/me", 0)
    with ThreadPoolExecutor(1) as pool:
        look = partial(checking.check, means_of(app), owner.organization_id, connection_id)
        going = pool.submit(look, timeout_s=20)
        wait_until(lambda: practice_partner.seen()["requests"]["GET /api/v1/me"] > asked)
        end(owner, connection_id)
        assert going.result()
    assert row_of(app, connection_id).state == "revoked"
    assert "connection.recovered" not in events_of(app, owner)


def test_a_token_that_comes_while_its_provider_is_told_of_the_one_before_is_told_of_next(
    app: APIFlask, owner: Persona, connection_id: UUID
) -> None:
    end(owner, connection_id)
    means, row = means_of(app), row_of(app, connection_id)

    class Provider(RestService):
        def answer_to(self, asked: Asked) -> Prepared:
            if not self.asked:
                with means.engine.begin() as database:
                    revoking.keep_late_grant(database, means, row, {"refresh_token": "late"})
            self.asked.append(asked)
            return Prepared(200, {}, b"")

    with started_rest_service(Provider) as provider:
        there = replace(means, settings=replace(means.settings, sandbox_url=provider.url))
        for _ in range(3):
            revoking.revoke(there, owner.organization_id, connection_id)
    told = [asked.form()["token"] for asked in provider.asked]
    assert len(told) == 2
    assert told[1] == "late"
    assert row_of(app, connection_id).secret is None


def test_a_provider_that_does_not_listen_is_told_three_times_at_most(
    app: APIFlask, owner: Persona, connection_id: UUID
) -> None:
    end(owner, connection_id)
    means = means_of(app)
    row = row_of(app, connection_id)
    change(app, connection_id, "refresh_failures = 2")
    nowhere = replace(means, settings=replace(means.settings, sandbox_url="http://127.0.0.1:9"))
    revoking.revoke(nowhere, row.organization_id, connection_id)
    assert row_of(app, connection_id).secret is None


# --- who may


def test_whoever_connected_it_may_end_it(editor: Persona, connection_id: UUID) -> None:
    assert end(editor, connection_id) == 303


def test_another_editor_may_not(app: APIFlask, editor: Persona, connection_id: UUID) -> None:
    other = make_persona(app, editor.organization_id, "editor", name="Gwen")
    assert end(other, connection_id) == 403
    assert "Disconnect" not in words_of(other.browser.get(f"/connections/{connection_id}"))
    assert row_of(app, connection_id).state == "active"


def test_a_viewer_and_a_stranger_may_not(
    app: APIFlask, viewer: Persona, stranger: Persona, connection_id: UUID
) -> None:
    assert end(viewer, connection_id) == 403
    assert end(stranger, connection_id) == 404
    assert row_of(app, connection_id).state == "active"


# --- meanwhile


def test_somebody_still_at_the_provider_comes_back_to_nothing(
    app: APIFlask, owner: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, owner, practice_partner)
    out = begin(owner, f"/connections/{connection_id}/reconnect")
    location = practice_partner.allow(out)
    end(owner, connection_id)
    assert come_back(owner, location).status_code == 422
    assert row_of(app, connection_id).state == "revoked"


# --- forgetting


def test_what_never_came_about_is_forgotten_after_a_day(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    begin(editor)
    with engine_of(app).begin() as database:
        keeping.prune(database)
    connection_id = only(app, editor).id
    change(app, connection_id, "created_at = now() - interval '25 hours'")
    with engine_of(app).begin() as database:
        database.execute(
            text(
                "UPDATE authorizations SET created_at = now() - interval '25 hours'"
                " WHERE connection_id = :id"
            ),
            {"id": connection_id},
        )
        keeping.prune(database)
        left = database.scalar(
            text("SELECT count(*) FROM connections WHERE id = :id"), {"id": connection_id}
        )
    assert left == 0


def test_an_attempt_somebody_died_over_says_so(
    app: APIFlask, editor: Persona, practice_partner: PracticePartner
) -> None:
    begin(editor)
    row = only(app, editor)
    with engine_of(app).begin() as database:
        database.execute(
            text(
                "UPDATE authorizations SET outcome = 'exchanging',"
                " claimed_at = now() - interval '3 minutes' WHERE connection_id = :id"
            ),
            {"id": row.id},
        )
    keeper_of(app).work()
    assert only(app, editor).reason["code"] == "attempt_interrupted"


def test_a_look_at_the_page_alone_takes_nothing_away(
    app: APIFlask, owner: Persona, practice_partner: PracticePartner
) -> None:
    connection_id = connected(app, owner, practice_partner)
    assert owner.browser.head(f"/connections/{connection_id}/disconnect").status_code == 200
    assert row_of(app, connection_id).state == "active"
