"""Who has a draft open hears of every change of it, and who else has; nobody else hears a thing."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from redis import Redis

from tests.front.conftest import FrontServer, start_front
from tests.front.streaming import Stream, opened
from tests.personas import Persona
from tests.workflows.definitions import make_workflow
from wedsync.accounts import sessions
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.presence import Presence, place_of_draft
from wedsync.settings import Settings
from wedsync.workflows import queries
from wedsync.workflows.editing import drafts
from wedsync.workflows.editing.draft_operations import Change

Watch = Callable[..., Stream]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Have a draft open: `watch(front, flow, persona)`."""
    streams: list[Stream] = []

    def open_one(front: FrontServer, flow: UUID, by: Persona | None = None, **sent: str) -> Stream:
        streams.append(opened(front, f"workflows/{flow}", by, **sent))
        return streams[-1]

    yield open_one
    for stream in streams:
        stream.close()


@pytest.fixture
def flow(app: APIFlask, organization: UUID) -> UUID:
    return make_workflow(app, organization)


def change(app: APIFlask, by: Persona, flow: UUID, words: str) -> int:
    """Somebody changes the draft; its revision by then."""
    with app.app_context():
        before = queries.get_workflow(by.organization_id, flow).draft_revision
        done = [Change("greet", ("values", "words"), words)]
        drafts.edit(by.organization_id, flow, done, expected_revision=before, by=by.identity)
        db.session.commit()
        return queries.get_workflow(by.organization_id, flow).draft_revision


def people(stream: Stream) -> list[str]:
    """Whom the next word about company names."""
    found: list[str] = data_of(stream, "company")["people"]
    return found


def revision(stream: Stream) -> int:
    """What the next tick says."""
    told: int = data_of(stream, "tick")["revision"]
    return told


def data_of(stream: Stream, name: str) -> Any:
    """What the next event of this name holds."""
    while (event := stream.next()).get("event") != name:
        assert event, "the stream is over"
    return json.loads(event["data"])


def begun(stream: Stream) -> list[str]:
    """Whom it names at the beginning, once the first tick came too; which comes first is chance."""
    first: dict[str, Any] = {}
    while first.keys() != {"tick", "company"}:
        event = stream.next()
        assert event, "the stream is over"
        if "event" in event:
            first[event["event"]] = json.loads(event["data"])
    found: list[str] = first["company"]["people"]
    return found


def person(somebody: Persona) -> str:
    return str(somebody.identity.user_id)


def test_it_tells_every_change_of_the_draft_and_never_what_it_was(
    app: APIFlask, front: FrontServer, flow: UUID, owner: Persona, viewer: Persona, watch: Watch
) -> None:
    stream = watch(front, flow, viewer)
    assert stream.status == 200
    assert stream.next() == {"retry": "3000"}
    assert revision(stream) == 1
    now = change(app, owner, flow, "Good morning")
    assert revision(stream) == now
    assert revision(watch(front, flow, owner)) == now


def test_those_who_have_it_open_hear_of_each_other(
    front: FrontServer, flow: UUID, owner: Persona, viewer: Persona, watch: Watch
) -> None:
    first = watch(front, flow, owner)
    first.next()
    assert people(first) == []
    second = watch(front, flow, viewer)
    second.next()
    assert people(second) == [person(owner)]
    assert people(first) == [person(viewer)]
    second.close()
    assert people(first) == []


def test_a_second_tab_is_no_company_and_its_end_no_goodbye(
    app: APIFlask, front: FrontServer, flow: UUID, owner: Persona, viewer: Persona, watch: Watch,
) -> None:  # fmt: skip
    first, again = watch(front, flow, owner), watch(front, flow, owner)
    first.next(), again.next()
    assert people(first) == people(again) == []
    looking_on = watch(front, flow, viewer)
    assert begun(looking_on) == [person(owner)]
    again.close()
    assert people(first) == [person(viewer)]
    now = change(app, owner, flow, "Still here")
    # Had one tab taken its owner away, that would stand before this.
    event = looking_on.next()
    assert event == {"event": "tick", "id": str(now), "data": f'{{"revision":{now}}}'}


def test_two_processes_know_of_each_others_people(
    settings: Settings, front: FrontServer, flow: UUID, owner: Persona, viewer: Persona,
    watch: Watch, tmp_path: Path,
) -> None:  # fmt: skip
    other = start_front(settings, tmp_path / "log")
    try:
        here, there = watch(front, flow, owner), watch(other, flow, viewer)
        here.next(), there.next()
        found = people(here)
        assert (found or people(here)) == [person(viewer)]
    finally:
        other.kill()
    assert people(here) == []


def test_without_redis_everybody_is_alone_and_hears_of_changes(
    app: APIFlask, settings: Settings, flow: UUID, owner: Persona, viewer: Persona, watch: Watch,
    tmp_path: Path,
) -> None:  # fmt: skip
    front = start_front(settings, tmp_path / "log", REDIS_URL="redis://127.0.0.1:1/0")
    try:
        stream, other = watch(front, flow, owner), watch(front, flow, viewer)
        assert begun(stream) == begun(other) == []
        assert change(app, owner, flow, "Alone") == revision(stream)
    finally:
        front.kill()


def test_a_script_follows_with_its_key_and_is_nobody_there(
    front: FrontServer, flow: UUID, owner: Persona, viewer: Persona, watch: Watch
) -> None:
    script = watch(front, flow, authorization=f"Bearer {owner.key}")
    script.next()
    assert people(script) == []
    stream = watch(front, flow, viewer)
    stream.next()
    assert people(stream) == []


def test_nobody_else_may_follow_and_nobody_is_told_that_they_tried(
    front: FrontServer, flow: UUID, owner: Persona, stranger: Persona, watch: Watch
) -> None:
    for stream, status in (
        (watch(front, flow, stranger), 404),
        (watch(front, flow), 401),
        (watch(front, flow, authorization=f"Bearer {stranger.key}"), 404),
        (watch(front, ids.new_id(), owner), 404),
    ):
        assert stream.status == status
        assert stream.answer.read() == b""
        assert stream.answer.getheader("wedsync-person") is None
    mine = watch(front, flow, owner)
    mine.next()
    assert people(mine) == []


def test_who_may_not_see_it_any_more_is_shown_out(
    app: APIFlask, hurried_front: FrontServer, flow: UUID, viewer: Persona, watch: Watch
) -> None:
    stream = watch(hurried_front, flow, viewer)
    stream.next(), stream.next()
    with app.app_context():
        sessions.revoke(viewer.identity, viewer.sign_in_id)
        db.session.commit()
    while stream.next():
        pass


def test_whoever_says_nothing_more_is_forgotten(settings: Settings, flow: UUID) -> None:
    assert settings.redis_url is not None
    place = place_of_draft(flow)
    presence = Presence(settings.redis_url)
    with Redis.from_url(settings.redis_url) as redis:
        redis.zadd(place, {"gone:1": time.time() - 1, "here:1": time.time() + 60})
        assert presence.among(place) == {"here"}
        redis.delete(place)
    assert Presence(None).among(place) == frozenset()
    assert Presence("redis://127.0.0.1:1/0").among(place) == frozenset()
