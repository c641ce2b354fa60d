"""A page that follows a run hears of every change, and of nothing it may not see."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.front.conftest import FrontServer, start_front
from tests.front.streaming import Stream, opened
from tests.personas import Persona
from tests.workflows.definitions import make_run, make_workflow
from wedsync.accounts import sessions
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.wake import RUN_TICKS, Wake
from wedsync.settings import Settings
from wedsync.workflows.run_models import Run

Watch = Callable[..., Stream]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Open a stream: `watch(front, run_id, persona, last_event_id=…)`."""
    streams: list[Stream] = []

    def open_one(
        front: FrontServer, run_id: UUID, by: Persona | None = None, **headers: str
    ) -> Stream:
        streams.append(opened(front, f"runs/{run_id}", by, **headers))
        return streams[-1]

    yield open_one
    for stream in streams:
        stream.close()


@pytest.fixture
def run_id(app: APIFlask, organization: UUID) -> UUID:
    workflow = make_workflow(app, organization)
    return make_run(app, organization, workflow, "running", revision=3)


def move_on(database: Session, run_id: UUID, revision: int, state: str = "running") -> None:
    database.execute(update(Run).where(Run.id == run_id).values(revision=revision, state=state))


def test_it_tells_where_the_run_stands_and_every_change_until_it_is_over(
    app: APIFlask, database: Session, front: FrontServer, run_id: UUID, viewer: Persona,
    watch: Watch,
) -> None:  # fmt: skip
    stream = watch(front, run_id, viewer)
    assert stream.status == 200
    assert stream.answer.getheader("content-type") == "text/event-stream"
    assert stream.answer.getheader("cache-control") == "no-cache"
    assert stream.next() == {"retry": "3000"}
    first = {"event": "tick", "id": "3", "data": '{"revision":3,"state":"running"}'}
    assert stream.next() == first
    wake: Wake = app.extensions["wedsync"].wake
    move_on(database, run_id, 4)
    began = time.monotonic()
    wake.tick(RUN_TICKS, [str(run_id)])
    assert stream.next()["id"] == "4"
    assert time.monotonic() - began < 1.0
    move_on(database, run_id, 5, "succeeded")
    wake.tick(RUN_TICKS, [str(run_id)])
    assert stream.next()["data"] == '{"revision":5,"state":"succeeded"}'
    assert stream.next()["event"] == "done"
    assert stream.next() == {}


def test_a_lost_tick_costs_two_seconds(
    database: Session, front: FrontServer, run_id: UUID, viewer: Persona, watch: Watch
) -> None:
    stream = watch(front, run_id, viewer)
    stream.next(), stream.next()
    move_on(database, run_id, 4)
    began = time.monotonic()
    assert stream.next()["id"] == "4"
    assert time.monotonic() - began < 10


def test_without_redis_it_works_by_looking(
    settings: Settings, database: Session, run_id: UUID, viewer: Persona, watch: Watch,
    tmp_path: Path,
) -> None:  # fmt: skip
    front = start_front(settings, tmp_path / "log", REDIS_URL="")
    try:
        stream = watch(front, run_id, viewer)
        stream.next()
        assert stream.next()["id"] == "3"
        move_on(database, run_id, 9, "failed")
        assert [stream.next()["event"], stream.next()["event"]] == ["tick", "done"]
    finally:
        front.kill()


def test_it_resumes_where_the_page_left_off(
    database: Session, front: FrontServer, run_id: UUID, viewer: Persona, watch: Watch
) -> None:
    behind = watch(front, run_id, viewer, last_event_id="2")
    behind.next()
    assert behind.next()["id"] == "3"
    upto_date = watch(front, run_id, viewer, last_event_id="3")
    upto_date.next()
    move_on(database, run_id, 4)
    assert upto_date.next()["id"] == "4"


@pytest.mark.parametrize("last", ["", "x", "-1", "9" * 30, "٣".encode().decode("latin-1")])
def test_a_resume_point_that_is_none_begins_afresh(
    front: FrontServer, run_id: UUID, viewer: Persona, watch: Watch, last: str
) -> None:
    stream = watch(front, run_id, viewer, last_event_id=last)
    stream.next()
    assert stream.next()["id"] == "3"


def test_a_run_that_is_over_is_told_once(
    database: Session, front: FrontServer, run_id: UUID, viewer: Persona, watch: Watch
) -> None:
    move_on(database, run_id, 7, "stopped")
    stream = watch(front, run_id, viewer, last_event_id="7")
    assert [stream.next(), stream.next()] == [{"retry": "3000"}, {"event": "done", "data": "{}"}]


def test_a_script_watches_with_its_key(
    front: FrontServer, run_id: UUID, owner: Persona, watch: Watch
) -> None:
    stream = watch(front, run_id, authorization=f"Bearer {owner.key}")
    stream.next()
    assert stream.next()["event"] == "tick"


def test_nobody_else_may_watch_and_hears_nothing(
    front: FrontServer, run_id: UUID, stranger: Persona, watch: Watch
) -> None:
    for stream, status in (
        (watch(front, run_id, stranger), 404),
        (watch(front, run_id), 401),
        (watch(front, run_id, authorization="Bearer wsk_nonsense"), 401),
        (watch(front, run_id, authorization=f"Bearer {stranger.key}"), 404),
        (watch(front, ids.new_id(), stranger), 404),
    ):
        assert stream.status == status
        assert stream.answer.read() == b""


def test_other_methods_and_other_paths_are_flasks(front: FrontServer, run_id: UUID) -> None:
    assert front.request("POST", f"/live/runs/{run_id}").status in (400, 405)
    assert front.request("GET", "/live/runs/not-a-run").status == 404


def test_who_may_not_watch_any_more_is_shown_out(
    app: APIFlask, hurried_front: FrontServer, run_id: UUID, viewer: Persona, watch: Watch
) -> None:
    stream = watch(hurried_front, run_id, viewer)
    stream.next(), stream.next()
    with app.app_context():
        sessions.revoke(viewer.identity, viewer.sign_in_id)
        db.session.commit()
    assert stream.next() == {}


def test_it_says_now_and_then_that_it_is_still_there(
    hurried_front: FrontServer, run_id: UUID, viewer: Persona, watch: Watch
) -> None:
    stream = watch(hurried_front, run_id, viewer)
    stream.next(), stream.next()
    assert stream.line() == b": still here\n"


def test_one_stream_too_many_is_asked_to_come_again(
    hurried_front: FrontServer, run_id: UUID, viewer: Persona, watch: Watch
) -> None:
    streams = [watch(hurried_front, run_id, viewer) for _ in range(5)]
    assert [stream.status for stream in streams] == [200] * 5
    refused = watch(hurried_front, run_id, viewer)
    assert (refused.status, refused.answer.read()) == (503, b"")
    assert refused.answer.getheader("retry-after") == "20"
    for stream in streams:
        stream.close()
    deadline = time.monotonic() + 20
    while watch(hurried_front, run_id, viewer).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_fifty_streams_share_one_look_and_leave_pages_quick(
    app: APIFlask, database: Session, front: FrontServer, run_id: UUID, viewer: Persona,
    watch: Watch,
) -> None:  # fmt: skip
    streams = [watch(front, run_id, viewer) for _ in range(50)]
    for stream in streams:
        stream.next(), stream.next()
    move_on(database, run_id, 4, "succeeded")
    app.extensions["wedsync"].wake.tick(RUN_TICKS, [str(run_id)])
    assert {stream.next()["id"] for stream in streams} == {"4"}
    began = time.monotonic()
    assert front.request("GET", "/sign-in").status == 200
    assert time.monotonic() - began < 2


def test_open_streams_do_not_keep_the_process_from_stopping(
    settings: Settings, run_id: UUID, viewer: Persona, watch: Watch, tmp_path: Path
) -> None:
    front = start_front(settings, tmp_path / "log")
    stream = watch(front, run_id, viewer)
    stream.next(), stream.next()
    began = time.monotonic()
    assert front.stop() == 0
    assert time.monotonic() - began < 2.5
    assert stream.next() == {}
