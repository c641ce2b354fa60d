"""Renewing tokens: when, by whom, and what every kind of answer does to the connection."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.renewing import let_it_end, opened, refresh, say_refused, secrets_of
from tests.connections.ways import change, engine_of, events_of, keeper_of, means_of, row_of
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import wait_until
from wedsync.connections.access import Unusable, fresh
from wedsync.connections.tokens import refreshing
from wedsync.connectors.contract import Access
from wedsync.platform import clock


def family(partner: PracticePartner) -> dict[str, Any]:
    found: dict[str, Any] = partner.seen()["families"][0]
    return found


# --- works


def test_a_renewed_token_is_kept_and_used(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    before, held = row_of(app, connection_id), secrets_of(app, connection_id)
    assert refresh(app, connection_id)
    after, now_held = row_of(app, connection_id), secrets_of(app, connection_id)
    assert after.generation == before.generation + 1
    assert after.refresh_started_at is None
    assert held["access_token"] != now_held["access_token"]
    assert held["refresh_token"] != now_held["refresh_token"]
    access = opened(app, connection_id)
    assert isinstance(access, Access)
    me = practice_partner.call("GET", "/api/v1/me", token=access.credentials["access_token"])
    assert me["name"] == "Meadow Weddings"
    assert (family(practice_partner)["refreshes"], family(practice_partner)["reused"]) == (1, 0)


def test_it_is_due_at_half_of_its_life(app: APIFlask, connection_id: UUID) -> None:
    row = row_of(app, connection_id)
    life = row.access_expires_at - row.refreshed_at
    assert timedelta(seconds=3590) < life <= timedelta(seconds=3600)
    assert life * 0.44 < row.refresh_due_at - row.refreshed_at <= life * 0.5


def test_the_drain_renews_what_is_due_and_tells_who_waits(
    app: APIFlask, connection_id: UUID
) -> None:
    kept = keeper_of(app)
    kept.work()
    kept.told.clear()
    change(app, connection_id, "refresh_due_at = now() - interval '1 second'")
    kept.work()
    assert row_of(app, connection_id).generation == 2
    assert kept.told == [connection_id]


def test_an_answer_that_leaves_things_out_loses_nothing(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    held = secrets_of(app, connection_id)
    practice_partner.faults(token_leaves_out=["expires_in", "refresh_token"])
    assert refresh(app, connection_id)
    assert secrets_of(app, connection_id)["refresh_token"] == held["refresh_token"]
    row = row_of(app, connection_id)
    assert row.access_expires_at is not None  # the manifest says how long
    practice_partner.faults(token_leaves_out=[])
    assert refresh(app, connection_id)
    assert row_of(app, connection_id).state == "active"


# --- opening for work


def test_a_token_about_to_end_is_renewed_before_it_is_used(
    app: APIFlask, connection_id: UUID
) -> None:
    let_it_end(app, connection_id)
    found = opened(app, connection_id)
    assert isinstance(found, Unusable)
    assert not found.gone
    assert row_of(app, connection_id).refresh_due_at <= clock.now()
    keeper_of(app).work()
    assert isinstance(opened(app, connection_id), Access)


def test_what_nobody_can_open_says_why(app: APIFlask, connection_id: UUID) -> None:
    change(app, connection_id, "state = 'paused'")
    assert opened(app, connection_id) == Unusable(
        gone=True, message="Petal Practice (Meadow Weddings) is paused."
    )
    change(app, connection_id, "state = 'deleted'")
    found = opened(app, connection_id)
    assert isinstance(found, Unusable)
    assert found.gone


def test_a_refusal_of_older_credentials_says_nothing(app: APIFlask, connection_id: UUID) -> None:
    say_refused(app, connection_id, 0)
    row = row_of(app, connection_id)
    assert (row.state, row.reason) == ("active", None)


def test_a_refusal_has_the_token_renewed_at_once(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(expire_tokens=True)
    say_refused(app, connection_id, 1)
    assert row_of(app, connection_id).state == "degraded"
    found = opened(app, connection_id)
    assert isinstance(found, Unusable)
    assert not found.gone
    keeper_of(app).work()
    row = row_of(app, connection_id)
    assert (row.state, row.reason, row.generation) == ("active", None, 2)


def test_a_second_refusal_of_renewed_credentials_is_believed(
    app: APIFlask, connection_id: UUID, editor: Persona
) -> None:
    say_refused(app, connection_id, 1)
    keeper_of(app).work()
    say_refused(app, connection_id, 2)
    keeper_of(app).work()
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("needs_reauth", "credentials_refused")


def test_refusals_of_tokens_that_may_have_run_out_have_them_renewed_and_count_for_nothing(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    for generation in (1, 2, 3):
        change(app, connection_id, "refreshed_at = now() - interval '1 hour'")
        say_refused(app, connection_id, generation)
        row = row_of(app, connection_id)
        assert (row.state, row.refused_at) == ("active", None)
        found = opened(app, connection_id)
        assert isinstance(found, Unusable)
        assert not found.gone
        keeper_of(app).work()
        assert row_of(app, connection_id).generation == generation + 1
    assert isinstance(opened(app, connection_id), Access)
    assert practice_partner.seen()["refreshes"] == 3


def test_a_token_without_an_end_is_used_until_it_is_refused(
    app: APIFlask, connection_id: UUID
) -> None:
    change(
        app, connection_id, "access_expires_at = NULL, refreshed_at = now() - interval '30 days'"
    )
    assert isinstance(opened(app, connection_id), Access)
    say_refused(app, connection_id, 1)
    assert isinstance(opened(app, connection_id), Unusable)
    keeper_of(app).work()
    row = row_of(app, connection_id)
    assert (row.state, row.generation, row.refused_at) == ("active", 2, None)


# --- what goes wrong


def test_a_late_answers_token_lives_from_when_it_was_asked_for(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=1.5, token_life_s=2)
    asked = clock.now()
    assert refresh(app, connection_id)
    row = row_of(app, connection_id)
    assert row.access_expires_at - row.refreshed_at == timedelta(seconds=2)
    assert row.refreshed_at - asked < timedelta(seconds=1.4) < clock.now() - asked
    found = opened(app, connection_id)
    assert isinstance(found, Unusable)
    assert not found.gone
    assert row_of(app, connection_id).refresh_due_at <= clock.now()


def test_a_withdrawn_grant_needs_a_person_and_says_so_once(
    app: APIFlask, connection_id: UUID, editor: Persona, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(revoke_grants=True)
    assert refresh(app, connection_id)
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("needs_reauth", "credentials_refused")
    assert events_of(app, editor) == ["connection.connected", "connection.needs_reauth"]
    assert not refresh(app, connection_id)
    with engine_of(app).connect() as database:
        query = text("SELECT title, path FROM notices WHERE about_id = :id AND closed_at IS NULL")
        notices = database.execute(query, {"id": connection_id}).all()
    assert [tuple(each) for each in notices] == [
        (
            "Petal Practice (Meadow Weddings) does not know us any more",
            f"/connections/{connection_id}",
        )
    ]
    page = words_of(editor.browser.get("/connections"))
    assert "Petal Practice (Meadow Weddings) needs you" in page
    assert "Connect again" in page
    page = words_of(editor.browser.get(f"/connections/{connection_id}"))
    assert "We last asked just now. It did not know us any more." in page
    found = opened(app, connection_id)
    assert isinstance(found, Unusable)
    assert found.gone


@pytest.mark.parametrize("fault", ["500", "429"])
def test_a_full_refusal_to_process_backs_off_and_loses_nothing(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner, fault: str
) -> None:
    practice_partner.faults(token_answers=fault)
    assert refresh(app, connection_id)
    row = row_of(app, connection_id)
    assert (row.state, row.refresh_failures, row.refresh_started_at) == ("active", 1, None)
    assert row.refresh_due_at > clock.now()
    assert isinstance(opened(app, connection_id), Access)
    refresh(app, connection_id)
    refresh(app, connection_id)
    assert row_of(app, connection_id).reason["code"] == "refresh_failing"
    assert isinstance(opened(app, connection_id), Access)
    let_it_end(app, connection_id)
    put_off = row_of(app, connection_id).refresh_due_at
    found = opened(app, connection_id)
    assert isinstance(found, Unusable)
    assert not found.gone
    assert row_of(app, connection_id).refresh_due_at == put_off > clock.now()
    practice_partner.faults(token_answers=None)
    assert refresh(app, connection_id)
    row = row_of(app, connection_id)
    assert (row.state, row.reason, row.refresh_failures) == ("active", None, 0)
    assert family(practice_partner)["reused"] == 0


def test_nobody_there_backs_off_too(app: APIFlask, connection_id: UUID) -> None:
    means = means_of(app)
    away = replace(means, settings=replace(means.settings, sandbox_url="http://127.0.0.1:9"))
    change(app, connection_id, "refresh_due_at = now() - interval '1 second'")
    organization_id = row_of(app, connection_id).organization_id
    assert refreshing.refresh(away, organization_id, connection_id)
    assert (row_of(app, connection_id).state, row_of(app, connection_id).refresh_failures) == (
        "active",
        1,
    )


# --- concurrency


def test_many_at_once_renew_once(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=0.3)
    let_it_end(app, connection_id)
    means, organization_id = means_of(app), row_of(app, connection_id).organization_id
    starting = threading.Barrier(12)

    def ask(_number: int) -> Access | Unusable:
        starting.wait()
        return fresh(means.engine, means.vault, means.settings, organization_id, connection_id, 5.0)

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(ask, range(12)))
    assert all(isinstance(each, Access) for each in found)
    assert {each.generation for each in found if isinstance(each, Access)} == {2}
    assert practice_partner.seen()["refreshes"] == 1


def test_an_impatient_caller_leaves_and_the_refresh_comes_home(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=1.0)
    let_it_end(app, connection_id)
    means, organization_id = means_of(app), row_of(app, connection_id).organization_id
    found = fresh(means.engine, means.vault, means.settings, organization_id, connection_id, 0.2)
    assert isinstance(found, Unusable)
    assert not found.gone
    wait_until(lambda: row_of(app, connection_id).generation == 2)
