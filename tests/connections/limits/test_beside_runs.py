"""Calls beside those of runs keep to the same budget, and come after the actions in line."""

from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.connections.ways import means_of
from tests.far_ends.rest_service import RestService
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.passing_time import let_pass
from tests.workers.scene import Hook, Worker, one, rows
from tests.workflows.connected import connect, release, seating
from tests.workflows.running.beginning import begin
from wedsync.connections import checking
from wedsync.connections.limits import beside_runs
from wedsync.connectors.contract import Failed
from wedsync.connectors.manifest import Manifest
from wedsync.platform import clock, ids

ACCOUNT = {"request": {"method": "GET", "path": "/me"}, "id_path": "id", "name_path": "name"}


def manifest_of(service: RestService, **limits: Any) -> Manifest:
    slug = f"seating-{ids.new_id().hex[-8:]}"
    return seating(service, slug, account=ACCOUNT, **({"limits": limits} if limits else {}))


def a_day(calls: int) -> dict[str, int]:
    return {"calls": calls, "seconds": 86_400}


@pytest.fixture
def service_with_account(service: RestService) -> RestService:
    service.answers("GET", "/me", {"id": "1", "name": "Ana"})
    service.answers("POST", "/seats/release", {"released": None})
    return service


@pytest.fixture
def place(app: APIFlask, hook: Hook, service_with_account: RestService) -> tuple[UUID, Manifest]:
    """A connection that may be called twice a day."""
    manifest = manifest_of(service_with_account, connection=a_day(2))
    return connect(app, hook.organization_id, manifest), manifest


def check(app: APIFlask, hook: Hook, connection: UUID) -> str:
    return checking.check(means_of(app), hook.organization_id, connection, timeout_s=5)


def test_a_call_beside_runs_takes_from_what_they_take_from(
    app: APIFlask, worker: Worker, hook: Hook, place: tuple[UUID, Manifest]
) -> None:
    where = (worker.engine, hook.organization_id, place[0], place[1])
    assert beside_runs.wait_s(*where) is None
    wait_s = beside_runs.wait_s(*where)
    assert wait_s == pytest.approx(43_200, abs=60)
    begin(app, worker, hook, release("seat", place[0], place[1].slug))
    worker.run()
    waiting = rows(app, "SELECT FROM runs WHERE state = 'waiting'")
    assert len(waiting) == 1


def test_it_comes_after_the_actions_in_line(
    app: APIFlask, worker: Worker, hook: Hook, place: tuple[UUID, Manifest]
) -> None:
    begin(app, worker, hook, release("seat", place[0], place[1].slug), events=2)
    worker.run()
    let_pass(app, 43_300)
    wait_s = beside_runs.wait_s(worker.engine, hook.organization_id, *place)
    assert wait_s is not None
    worker.run()
    assert rows(app, "SELECT FROM runs WHERE state = 'waiting'") == []


def test_a_look_at_an_account_is_put_off_while_there_is_nothing_left(
    app: APIFlask,
    worker: Worker,
    hook: Hook,
    place: tuple[UUID, Manifest],
    service_with_account: RestService,
) -> None:
    assert check(app, hook, place[0]) == "asked"
    assert check(app, hook, place[0]) == "put_off"
    assert len(service_with_account.asked) == 1
    row = one(app, "SELECT * FROM connections WHERE id = :id", id=place[0])
    assert (row.check_due_at - clock.now()).total_seconds() == pytest.approx(43_200, abs=60)
    assert row.check_result["well"]


def test_who_wants_a_look_now_is_told_when_it_comes(
    app: APIFlask, service_with_account: RestService, editor: Persona
) -> None:
    manifest = manifest_of(service_with_account, connection=a_day(2))
    connection = connect(app, editor.organization_id, manifest)
    there = f"/connections/{connection}/check"
    assert "It answered as Ana." in words_of(editor.browser.post(there, follow_redirects=True))
    page = words_of(editor.browser.post(there, follow_redirects=True))
    assert "Other work needs what calls Our seating allows. We look " in page


def test_a_look_leaves_half_of_what_there_is_to_others(
    app: APIFlask, worker: Worker, hook: Hook, service_with_account: RestService
) -> None:
    manifest = manifest_of(service_with_account, connection=a_day(100))
    connection = connect(app, hook.organization_id, manifest)
    where = (worker.engine, hook.organization_id, connection, manifest)
    looks = [beside_runs.wait_s(*where, last=True) for _ in range(8)]
    assert [wait is None for wait in looks] == [True] * 5 + [False] * 3
    assert beside_runs.wait_s(*where) is None


def test_what_one_of_them_is_told_holds_for_everybody(
    app: APIFlask, worker: Worker, hook: Hook, service_with_account: RestService
) -> None:
    manifest = manifest_of(service_with_account)
    connection = connect(app, hook.organization_id, manifest)
    where = (worker.engine, hook.organization_id, connection)
    assert beside_runs.wait_s(*where, manifest) is None
    beside_runs.heard(*where, None, Failed("rate_limit", "http_429", "Slow down.", 300))
    begin(app, worker, hook, release("seat", connection, manifest.slug))
    worker.run()
    assert service_with_account.asked == []
    wait_s = beside_runs.wait_s(*where, manifest)
    assert wait_s == pytest.approx(300, abs=10)


def test_of_a_stranger_nothing_is_taken_or_noted(
    app: APIFlask, worker: Worker, hook: Hook, place: tuple[UUID, Manifest]
) -> None:
    stranger = ids.new_id()
    assert beside_runs.wait_s(worker.engine, stranger, *place) is None
    told = Failed("rate_limit", "http_429", "Slow down.", 300)
    beside_runs.heard(worker.engine, stranger, place[0], None, told)
    assert rows(app, "SELECT FROM rate_buckets WHERE key = :id", id=place[0]) == []
