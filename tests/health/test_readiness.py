"""What machines ask: is this process alive, and can the installation do its work?"""

import dataclasses
from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from tests.personas import Browser
from tests.workers.scene import Worker
from wedsync.factory import create_app
from wedsync.platform.db import db
from wedsync.settings import Settings

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1"


@pytest.fixture
def app_without_redis(settings: Settings) -> Iterator[APIFlask]:
    made = create_app(dataclasses.replace(settings, redis_url="redis://127.0.0.1:1/0"))
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def app_without_database(settings: Settings) -> APIFlask:
    return create_app(dataclasses.replace(settings, libpq_url=NOWHERE))


def test_alive_needs_nothing(app_without_database: APIFlask) -> None:
    answer = app_without_database.test_client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "alive\n")


def test_ready_with_everything_in_place(client: Browser, worker: Worker) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "state": "ready",
        "database": "ok",
        "migrations": "ok",
        "redis": "ok",
        "workers": "ok",
    }


def test_without_a_worker_it_is_degraded(client: Browser, empty_database: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["state"], answer.json["workers"]) == ("degraded", "none")


def test_without_redis_it_is_degraded(app_without_redis: APIFlask, worker: Worker) -> None:
    answer = app_without_redis.test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["state"], answer.json["redis"]) == ("degraded", "away")


def test_without_its_database_it_is_not_ready(app_without_database: APIFlask) -> None:
    answer = app_without_database.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert (answer.json["state"], answer.json["database"]) == ("not_ready", "away")
