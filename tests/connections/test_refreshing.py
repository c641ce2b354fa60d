"""Renewing tokens: when, by whom, and what every kind of answer does to the connection."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import (
    change,
    connected,
    engine_of,
    events_of,
    keeper_of,
    means_of,
    row_of,
)
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import wait_until
from wedsync.connections import credentials, refreshing
from wedsync.connections.access import Unusable, fresh, open_for_work, refused
from wedsync.connectors.contract import Access
from wedsync.platform import clock


@pytest.fixture
def connection_id(app: APIFlask, editor: Persona, practice_partner: PracticePartner) -> UUID:
    return connected(app, editor, practice_partner)


def refresh(app: APIFlask, connection_id: UUID, **given: Any) -> bool:
    """Renew now, whether it is due or not."""
    change(app, connection_id, "refresh_due_at = now() - interval '1 second'")
    organization_id = row_of(app, connection_id).organization_id
    return refreshing.refresh(means_of(app), organization_id, connection_id, **given)


def opened(app: APIFlask, connection_id: UUID) -> Access | Unusable:
    means, row = means_of(app), row_of(app, connection_id)
    with means.engine.begin() as database:
        return open_for_work(
            database, means.vault, means.settings, row.organization_id, connection_id
        )


def say_refused(app: APIFlask, connection_id: UUID, generation: int) -> None:
    with engine_of(app).begin() as database:
        organization_id = row_of(app, connection_id).organization_id
        refused(database, organization_id, connection_id, generation)


def secrets_of(app: APIFlask, connection_id: UUID) -> dict[str, str]:
    means, row = means_of(app), row_of(app, connection_id)
    with means.engine.connect() as database:
        return credentials.opened(database, means.vault, row.organization_id, row.id, row.secret)


def let_it_end(app: APIFlask, connection_id: UUID) -> None:
    change(app, connection_id, "access_expires_at = now() - interval '1 second'")


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
    assert opened(app, connection_id) == Unusable(gone=True, message="Petal Practice is paused.")
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


# --- what goes wrong


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
        ("Petal Practice does not know us any more", f"/connections/{connection_id}")
    ]
    page = words_of(editor.browser.get("/connections"))
    assert "Petal Practice needs you" in page
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


@pytest.mark.parametrize("fault", ["drop", "html"])
def test_a_lost_answer_to_a_rotation_is_never_asked_for_again(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner, fault: str
) -> None:
    practice_partner.faults(token_answers=fault)
    assert refresh(app, connection_id)
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("degraded", "refresh_interrupted")
    assert row.refresh_due_at == row.access_expires_at
    assert isinstance(opened(app, connection_id), Access)
    practice_partner.faults(token_answers=None)
    let_it_end(app, connection_id)
    assert not refresh(app, connection_id)
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("needs_reauth", "refresh_interrupted")
    assert practice_partner.seen()["reuse_attempts"] == 0


def test_a_refusal_of_a_token_that_cannot_be_renewed_needs_a_person(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_answers="drop")
    refresh(app, connection_id)
    practice_partner.faults(token_answers=None)
    say_refused(app, connection_id, 1)
    keeper_of(app).work()
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("needs_reauth", "refresh_interrupted")
    assert practice_partner.seen()["reuse_attempts"] == 0


def test_a_death_between_request_and_answer_is_seen_when_its_lease_has_ended(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    change(
        app,
        connection_id,
        "refresh_started_at = now() - interval '90 seconds',"
        " refresh_until = now() - interval '1 second', access_expires_at = now()",
    )
    assert not refresh(app, connection_id)
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("needs_reauth", "refresh_interrupted")
    assert practice_partner.seen()["refreshes"] == 0


def test_a_dead_workers_lease_is_given_back_at_once(app: APIFlask, connection_id: UUID) -> None:
    dead = UUID(int=7)
    change(
        app,
        connection_id,
        "refresh_owner = :dead, refresh_until = now() + interval '1 hour',"
        " refresh_started_at = now()",
        dead=dead,
    )
    assert not refresh(app, connection_id)
    assert row_of(app, connection_id).state == "active"
    with engine_of(app).begin() as database:
        assert refreshing.release(database, [dead]) == 1
    assert not refresh(app, connection_id)
    assert row_of(app, connection_id).reason["code"] == "refresh_interrupted"


def test_connecting_again_meanwhile_wins_over_a_refresh_in_flight(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=2.0)
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(refresh, app, connection_id)
        wait_until(lambda: row_of(app, connection_id).refresh_started_at is not None)
        change(
            app,
            connection_id,
            "refresh_fence = refresh_fence + 1, generation = generation + 1,"
            " refresh_started_at = NULL, refresh_until = NULL",
        )
        held = secrets_of(app, connection_id)
        assert going.result()
    assert secrets_of(app, connection_id) == held
    assert row_of(app, connection_id).generation == 2


def test_the_answer_of_who_was_taken_for_dead_is_kept_where_nobody_has_a_later_one(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=2.0)
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(refresh, app, connection_id)
        wait_until(lambda: row_of(app, connection_id).refresh_started_at is not None)
        change(app, connection_id, "refresh_until = now() - interval '1 second'")
        assert not refresh(app, connection_id)
        assert row_of(app, connection_id).reason["code"] == "refresh_interrupted"
        assert going.result()
    row = row_of(app, connection_id)
    assert (row.state, row.reason, row.generation) == ("active", None, 2)
    assert refresh(app, connection_id)
    assert practice_partner.seen()["reuse_attempts"] == 0


def test_an_answer_nobody_can_write_down_at_once_is_not_lost(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=2.0)
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(refresh, app, connection_id)
        wait_until(lambda: row_of(app, connection_id).refresh_started_at is not None)
        with engine_of(app).begin() as other:
            lock = text("SELECT 1 FROM connections WHERE id = :id FOR UPDATE")
            other.execute(lock, {"id": connection_id})
            time.sleep(5)  # longer than the answer takes and anybody waits for a lock
        assert going.result()
    row = row_of(app, connection_id)
    assert (row.state, row.generation) == ("active", 2)


def test_what_ended_before_its_time_is_not_waited_for_once_its_refresh_was_interrupted(
    app: APIFlask, connection_id: UUID
) -> None:
    change(
        app,
        connection_id,
        "state = 'degraded', access_expires_at = now() - interval '1 second',"
        " refresh_due_at = now() + interval '1 hour',"
        """ reason = '{"code": "refresh_interrupted", "message": "It was."}'""",
    )
    assert isinstance(opened(app, connection_id), Unusable)
    keeper_of(app).work()
    assert row_of(app, connection_id).state == "needs_reauth"


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
    until = time.monotonic() + 10
    while row_of(app, connection_id).generation == 1 and time.monotonic() < until:
        time.sleep(0.05)
    assert row_of(app, connection_id).generation == 2
