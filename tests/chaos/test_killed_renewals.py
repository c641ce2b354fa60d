"""Processes killed while they renew a token, at each point where that makes a difference.

Before the claim and after the commit it costs nothing. In between, the only copy of a rotated
token may be lost: then the old one is never sent again, what it had given is used to its end, and
a person is asked once. The certified server of npm `oidc-provider` withdraws everything when a
spent token is used again.
"""

import json
import os
import signal
from pathlib import Path
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.chaos.shared import (
    connected,
    make_noting,
    notices,
    reconnect,
    run_state,
    sharing,
    start_run,
    worker,
)
from tests.connections.renewing import let_it_end
from tests.connections.ways import change, events_of, row_of
from tests.far_ends.oidc_provider import OidcProvider
from tests.personas import Persona
from tests.workers.machine import Process
from tests.workers.scene import wait_until
from wedsync.settings import Settings

OUTSIDE = ["before the claim is committed", "when the answer is committed"]
INSIDE = ["before the request leaves", "when the answer came", "before the answer is committed"]
ON_ITS_WAY = ["while it is not granted yet", "while the answer is on its way"]
PATIENCE_S = 40
CROWD_S = 40

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def connection_id(
    app: APIFlask,
    empty_database: None,
    built_in_listings: None,
    editor: Persona,
    oidc_provider: OidcProvider,
) -> UUID:
    return connected(app, editor, oidc_provider)


def make_due(app: APIFlask, connection_id: UUID) -> None:
    change(app, connection_id, "refresh_due_at = now()")


def killed_at(
    app: APIFlask, connection_id: UUID, settings: Settings, folder: Path, point: str
) -> None:
    """A worker renews the token, and dies of it."""
    make_due(app, connection_id)
    with worker(settings, folder, doom=point) as doomed:
        wait_until(lambda: doomed.ended, PATIENCE_S)


def killed_on_its_way(
    app: APIFlask,
    connection_id: UUID,
    provider: OidcProvider,
    settings: Settings,
    folder: Path,
    point: str,
) -> None:
    """A worker waits for an answer, and is killed meanwhile."""
    slow = "before_s" if point == ON_ITS_WAY[0] else "after_s"
    provider.steer(life_s=3600, refreshes=[{slow: 3}, {}])
    make_due(app, connection_id)
    with worker(settings, folder) as one:
        wait_until(lambda: provider.seen()["refreshes_begun"] > 0, PATIENCE_S)
        one.kill()
    wait_until(lambda: provider.seen()["left_unanswered"] > 0, PATIENCE_S)


@pytest.mark.parametrize("point", OUTSIDE)
def test_a_kill_outside_the_window_leaves_it_active(
    app: APIFlask,
    connection_id: UUID,
    editor: Persona,
    oidc_provider: OidcProvider,
    settings: Settings,
    tmp_path: Path,
    point: str,
) -> None:
    killed_at(app, connection_id, settings, tmp_path, point)
    with worker(settings, tmp_path):
        wait_until(lambda: row_of(app, connection_id).generation == 2, PATIENCE_S)
        make_due(app, connection_id)
        wait_until(lambda: row_of(app, connection_id).generation == 3, PATIENCE_S)
    judged = oidc_provider.seen()
    assert judged["families"] == [{"refreshes": 2, "spent": 2, "revoked": False}]
    assert (judged["reuses"], judged["faults"], judged["token_requests"]) == (0, [], 3)
    assert (row_of(app, connection_id).state, notices(app, connection_id)) == ("active", 0)
    assert events_of(app, editor) == ["connection.connected"]


@pytest.mark.parametrize("point", [*INSIDE, *ON_ITS_WAY])
def test_a_kill_inside_the_window_needs_a_person_once_and_runs_go_on_in_order_afterwards(
    app: APIFlask,
    connection_id: UUID,
    editor: Persona,
    oidc_provider: OidcProvider,
    settings: Settings,
    tmp_path: Path,
    point: str,
) -> None:
    if point in ON_ITS_WAY:
        killed_on_its_way(app, connection_id, oidc_provider, settings, tmp_path, point)
    else:
        killed_at(app, connection_id, settings, tmp_path, point)
    asked = oidc_provider.seen()["token_requests"]
    workflow = make_noting(app, editor, connection_id)
    with worker(settings, tmp_path) as one:
        used_to_its_end(app, editor, connection_id, workflow, one)
        parked = [start_run(app, editor, workflow, f"parked {each}") for each in range(3)]
        waits = {("waiting", "connection")}
        wait_until(lambda: {run_state(app, each) for each in parked} == waits, PATIENCE_S)
        assert oidc_provider.seen()["token_requests"] == asked
        assert notices(app, connection_id) == 1
        reconnect(editor, oidc_provider, connection_id)
        wait_until(lambda: run_state(app, parked[-1])[0] == "succeeded", PATIENCE_S)
    judged = oidc_provider.seen()
    assert judged["notes"] == ["meanwhile", "parked 0", "parked 1", "parked 2"]
    assert (judged["reuses"], judged["faults"], judged["refused"]) == (0, [], 0)
    assert not any(family["revoked"] for family in judged["families"])
    assert (row_of(app, connection_id).state, notices(app, connection_id)) == ("active", 1)
    assert events_of(app, editor)[1:] == [
        "connection.degraded",
        "connection.needs_reauth",
        "connection.reconnected",
    ]


def test_a_process_paused_beyond_its_lease_brings_its_answer_home_to_everybody(
    app: APIFlask,
    connection_id: UUID,
    editor: Persona,
    oidc_provider: OidcProvider,
    settings: Settings,
    tmp_path: Path,
) -> None:
    oidc_provider.steer(life_s=2, refreshes=[{"after_s": 2}, {}, {}, {}, {}, {}])
    make_due(app, connection_id)
    with worker(settings, tmp_path) as paused:
        wait_until(lambda: oidc_provider.seen()["refreshes_begun"] > 0, PATIENCE_S)
        os.kill(paused.pid, signal.SIGSTOP)
        change(app, connection_id, "refresh_until = now()")
        let_it_end(app, connection_id)
        row = row_of(app, connection_id)
        with (
            worker(settings, tmp_path),
            sharing(settings, row, tmp_path, processes=10, seconds=CROWD_S) as (crowd, said),
        ):
            wait_until(lambda: row_of(app, connection_id).state == "needs_reauth", PATIENCE_S)
            os.kill(paused.pid, signal.SIGCONT)
            wait_until(lambda: row_of(app, connection_id).generation > 3, PATIENCE_S)
            assert crowd.wait(60) == 0
            counts = json.loads(said.read_text().splitlines()[-1])
            # On a busy machine an answer may come too late for one of ten.
            assert set(counts) <= {"200", "401", "gone", "timeout"}
            assert counts["200"] > 0
    judged, row = oidc_provider.seen(), row_of(app, connection_id)
    (family,) = judged["families"]
    assert (judged["reuses"], judged["faults"], family["revoked"]) == (0, [], False)
    assert judged["at_once"] == 1
    assert events_of(app, editor)[1:] == ["connection.needs_reauth", "connection.recovered"]
    assert notices(app, connection_id) == 1


def used_to_its_end(
    app: APIFlask, editor: Persona, connection_id: UUID, workflow: UUID, one: Process
) -> None:
    """What happened is seen, the token goes on working, and only its end needs a person."""
    wait_until(lambda: row_of(app, connection_id).state == "degraded", PATIENCE_S)
    row = row_of(app, connection_id)
    assert (row.reason["code"], row.generation) == ("refresh_interrupted", 1)
    assert row.refresh_due_at == row.access_expires_at
    meanwhile = start_run(app, editor, workflow, "meanwhile")
    wait_until(lambda: run_state(app, meanwhile)[0] == "succeeded", PATIENCE_S)
    assert notices(app, connection_id) == 0
    let_it_end(app, connection_id)
    make_due(app, connection_id)
    wait_until(lambda: row_of(app, connection_id).state == "needs_reauth", PATIENCE_S)
    assert row_of(app, connection_id).reason["code"] == "refresh_interrupted"
    assert not one.ended
