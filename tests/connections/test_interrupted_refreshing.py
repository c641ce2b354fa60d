"""Renewals whose answer is lost, late, or written down by somebody else: nothing is used twice."""

from datetime import timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.renewing import let_it_end, opened, refresh, say_refused, secrets_of
from tests.connections.ways import (
    change,
    engine_of,
    events_of,
    keeper_of,
    row_of,
    wait_until_not_kept_yet,
)
from tests.far_ends.practice_partner import PracticePartner
from tests.personas import Persona
from tests.workers.scene import beside, wait_until
from wedsync.connections.access import Unusable
from wedsync.connections.tokens import refreshing
from wedsync.connectors.contract import Access

SLOW_S = 6.0
"""Long enough for all that a test does before the answer comes, on a busy machine too."""


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


def test_an_answer_that_took_too_long_is_lost_too(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=SLOW_S)
    assert refresh(app, connection_id, timeout_s=3.0)
    row = row_of(app, connection_id)
    assert (row.state, row.reason["code"]) == ("degraded", "refresh_interrupted")
    assert not refresh(app, connection_id)
    assert isinstance(opened(app, connection_id), Access)
    assert practice_partner.seen()["reuse_attempts"] == 0


def test_an_answer_is_waited_for_longer_than_any_other_and_nobody_asks_meanwhile(
    app: APIFlask, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=SLOW_S)
    with beside(lambda: refresh(app, connection_id)) as going:
        wait_until(lambda: row_of(app, connection_id).refresh_started_at is not None)
        row = row_of(app, connection_id)
        assert row.refresh_until - row.refresh_started_at > timedelta(seconds=60)
        assert not refresh(app, connection_id)
        assert going.result()
    assert row_of(app, connection_id).generation == 2
    assert practice_partner.seen()["refreshes"] == 1


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
    practice_partner.faults(token_slow_s=SLOW_S)
    with beside(lambda: refresh(app, connection_id)) as going:
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
    practice_partner.faults(token_slow_s=SLOW_S)
    with beside(lambda: refresh(app, connection_id)) as going:
        wait_until(lambda: row_of(app, connection_id).refresh_started_at is not None)
        change(app, connection_id, "refresh_until = now() - interval '1 second'")
        assert not refresh(app, connection_id)
        assert row_of(app, connection_id).reason["code"] == "refresh_interrupted"
        assert going.result()
    row = row_of(app, connection_id)
    assert (row.state, row.reason, row.generation) == ("active", None, 2)
    assert refresh(app, connection_id)
    assert practice_partner.seen()["reuse_attempts"] == 0


def test_the_answer_of_who_was_taken_for_dead_mends_what_a_person_was_asked_to_mend(
    app: APIFlask, editor: Persona, connection_id: UUID, practice_partner: PracticePartner
) -> None:
    practice_partner.faults(token_slow_s=SLOW_S)
    with beside(lambda: refresh(app, connection_id)) as going:
        wait_until(lambda: row_of(app, connection_id).refresh_started_at is not None)
        change(app, connection_id, "refresh_until = now() - interval '1 second'")
        let_it_end(app, connection_id)
        assert not refresh(app, connection_id)
        assert row_of(app, connection_id).state == "needs_reauth"
        assert going.result()
    row = row_of(app, connection_id)
    assert (row.state, row.reason, row.generation) == ("active", None, 2)
    assert row.check_due_at is not None
    assert isinstance(opened(app, connection_id), Access)
    assert events_of(app, editor)[1:] == ["connection.needs_reauth", "connection.recovered"]
    with engine_of(app).connect() as database:
        query = text("SELECT closed_at IS NOT NULL FROM notices WHERE about_id = :id")
        assert database.scalars(query, {"id": connection_id}).all() == [True]
    assert practice_partner.seen()["reuse_attempts"] == 0


def test_an_answer_nobody_can_write_down_at_once_is_not_lost(
    app: APIFlask,
    connection_id: UUID,
    practice_partner: PracticePartner,
    caplog: pytest.LogCaptureFixture,
) -> None:
    practice_partner.faults(token_slow_s=SLOW_S)
    with beside(lambda: refresh(app, connection_id)) as going:
        wait_until(lambda: row_of(app, connection_id).refresh_started_at is not None)
        with engine_of(app).begin() as other:
            lock = text("SELECT 1 FROM connections WHERE id = :id FOR UPDATE")
            other.execute(lock, {"id": connection_id})
            wait_until_not_kept_yet(caplog)
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
