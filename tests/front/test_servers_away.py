"""The database or Redis goes away under the front, and comes back."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from apiflask import APIFlask
from redis import Redis
from sqlalchemy.orm import Session

from tests.front.conftest import Sender, SenderMaker, start_front
from tests.personas import make_organization
from wedsync import migrations
from wedsync.factory import create_app
from wedsync.platform import embedded
from wedsync.platform.db import db
from wedsync.platform.embedded import PostgresServer
from wedsync.settings import Settings
from wedsync.webhooks.hooks import service as hooks

BODY = b'{"type":"seat.taken","data":{}}'


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[PostgresServer]:
    with embedded.postgres(tmp_path / "postgres", keep=False) as server:
        yield server


@pytest.fixture
def own_sender(
    own_database: PostgresServer, settings: Settings, tmp_path: Path
) -> Iterator[Sender]:
    """A sender to a front with a database of its own."""
    own = dataclasses.replace(settings, libpq_url=own_database.url, redis_url=None)
    migrations.upgrade(own.database_url)
    app = create_app(own)
    organization = make_organization(app)
    with app.app_context():
        hook, secret = hooks.create(organization, {"name": "x", "scheme": "standard_webhooks"})
        db.session.commit()
        hook_id, token = hook.id, hook.token
        db.engine.dispose()
    front = start_front(own, tmp_path / "log")
    yield Sender(front, hook_id, organization, token, secret or "")
    front.kill()


def count(server: PostgresServer) -> int:
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT count(*) FROM events").fetchone()
        return int(row[0]) if row else 0


def test_a_database_that_goes_away_costs_a_503_and_nothing_accepted(
    own_database: PostgresServer, own_sender: Sender
) -> None:
    assert own_sender.send(BODY, "before").status == 202
    own_database.kill()
    for number in range(5):
        began = time.monotonic()
        answer = own_sender.send(BODY, f"during-{number}")
        assert (answer.status, answer.json()["code"]) == (503, "database_away")
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() - began < 2
        time.sleep(0.4)
    assert own_sender.front.request("POST", "/hooks/" + "a" * 43, body=BODY).status == 503
    own_database.start()
    _until_accepted(own_sender, "after")
    assert count(own_database) == 2


def test_a_database_that_restarts_is_found_again(
    own_database: PostgresServer, own_sender: Sender
) -> None:
    assert own_sender.send(BODY, "before").status == 202
    own_database.restart()
    _until_accepted(own_sender, "after")
    assert own_sender.send(BODY, "before").status == 202
    assert count(own_database) == 2


def _until_accepted(sender: Sender, identifier: str) -> None:
    deadline = time.monotonic() + 30
    while (answer := sender.send(BODY, identifier)).status != 202:
        assert answer.status == 503
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_without_redis_nothing_is_different(
    settings: Settings, make_sender: SenderMaker, tmp_path: Path
) -> None:
    front = start_front(settings, tmp_path / "log", REDIS_URL="redis://127.0.0.1:1/0")
    try:
        sender = make_sender(front)
        took = []
        for number in range(20):
            began = time.monotonic()
            assert sender.send(BODY, f"m{number}").status == 202
            took.append(time.monotonic() - began)
        assert sorted(took)[10] < 0.5
    finally:
        front.kill()


def test_a_commit_rings_for_the_fan_out(settings: Settings, sender: Sender) -> None:
    redis = Redis.from_url(settings.redis_url or "")
    redis.delete("bell:events", "rq:queue:wake")
    assert sender.send(BODY).status == 202
    deadline = time.monotonic() + 20
    # The flag comes first, and the job it stands for right after.
    while not (redis.exists("bell:events") and redis.llen("rq:queue:wake")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert redis.llen("rq:queue:wake") == 1
    redis.close()


def test_a_stopped_front_leaves_quickly_and_writes_what_it_counted(
    app: APIFlask, database: Session, settings: Settings, make_sender: SenderMaker, tmp_path: Path
) -> None:
    front = start_front(settings, tmp_path / "log")
    sender = make_sender(front)
    assert sender.send(BODY, webhook_signature="v1,AAAA").status == 401
    began = time.monotonic()
    assert front.stop() == 0
    assert time.monotonic() - began < 3
    with app.app_context():
        found = hooks.queries.rejections(sender.organization_id, sender.hook_id)
        assert [count.code for count in found.counts] == ["signature_invalid"]


def test_a_wrong_setting_is_said_in_one_sentence(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="PUBLIC_URL should be an http or https"):
        start_front(settings, tmp_path / "log", PUBLIC_URL="nonsense")
