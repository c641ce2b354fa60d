"""Whichever way a connection authorises, and whatever becomes of it, its secrets are in the vault
and at the far end they belong to, and nowhere else.

The far end says back all it is sent: as an answer, an error, a page, a name and an entry of a list.
"""

import logging
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from apiflask import APIFlask
from redis import Redis

from tests.connections.choosing import TABLES, ask, load
from tests.connections.renewing import refresh
from tests.connections.ways import begin, change, keeper_of, means_of
from tests.contracts.canary.canaries import MARK, Canaries
from tests.contracts.canary.parrot import Parrot, ways
from tests.contracts.canary.test_canary_of_the_engine import found_in_tables
from tests.far_ends.rest_service import started_rest_service
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import Worker, make_workflow, on_event, publish, retrying, rows
from tests.workflows.connected import list_it, seating
from wedsync.connectors.manifest import Manifest
from wedsync.platform.db import db
from wedsync.platform.rotation import rotating
from wedsync.platform.vault import MASK

pytestmark = pytest.mark.usefixtures("empty_database")

WAYS = tuple(ways(""))


class Scene:
    """Somebody with a connector to the parrot, and everything that is known to be secret."""

    def __init__(self, app: APIFlask, owner: Persona, parrot: Parrot, way: str) -> None:
        self.app, self.owner, self.parrot, self.way = app, owner, parrot, way
        self.canaries = Canaries()
        self.manifest = self._manifest()
        self.connections: list[UUID] = []
        list_it(app, self.manifest)

    def _manifest(self) -> Manifest:
        account = {
            "request": {"method": "GET", "path": "/me"},
            "id_path": "id",
            "name_path": "name",
        }
        auth = ways(self.parrot.url)[self.way]
        shelf = {"categories": ["build"], "description": "F.", "tried_against": "a stand-in"}
        return seating(
            self.parrot,
            f"parrot-{self.way}",
            auth=auth,
            account=account,
            choices=[TABLES],
            shelf=shelf,
        )

    def typed(self, number: int) -> dict[str, str]:
        """What is filled in, its secrets canaries of their own."""
        found = {}
        for field in self.manifest.auth.fields:
            value = f"{MARK}~{self.way}/{field.name}+{number}"
            is_secret = field.kind == "secret"
            found[field.name] = (
                self.canaries.add(f"{field.name} {number}", value) if is_secret else "imogen"
            )
        return found

    def connect(self, number: int) -> UUID:
        """By page, and to the provider and back where there is one."""
        url, typed = f"/connect/{self.manifest.slug}", self.typed(number)
        if self.manifest.auth.kind == "oauth2_code":
            self._come_back(begin(self.owner, url, **typed), number)
        else:
            sent = self.owner.browser.post(url, data=typed)
            assert sent.status_code == 303, words_of(sent)
        keeper_of(self.app).work()
        query = "SELECT id FROM connections ORDER BY id DESC LIMIT 1"
        self.connections.append(rows(self.app, query)[0].id)
        return self.connections[-1]

    def connect_by_api(self, number: int) -> None:
        body = {"connector": self.manifest.slug, "fields": self.typed(number)}
        for _ in range(2):
            made = self.owner.api.post(
                "/connections", json=body, headers={"Idempotency-Key": f"once-{number}"}
            )
            assert made.status_code == 202, made.json
        for wrong in ({"fields": {**body["fields"], "none": "x"}}, {"fields": [body["fields"]]}):
            refused = self.owner.api.post("/connections", json=body | wrong)
            assert refused.status_code == 422
            assert self.canaries.found_in(refused.data) == []
        keeper_of(self.app).work()

    def _come_back(self, out: str, number: int) -> None:
        asked = parse_qs(urlsplit(out).query)
        state = asked["state"][0]
        code = self.canaries.add(f"code {number}", f"{MARK}-code-{self.way}-{number}")
        back = self.owner.browser.get(
            f"/oauth/callback/{self.manifest.slug}", query_string={"state": state, "code": code}
        )
        assert back.status_code == 303, words_of(back)
        # Only now: on the way out it stands in the page's link on purpose.
        self.canaries.add(f"state {number}", state)


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    with started_rest_service(Parrot) as service:
        yield service


def live_through(scene: Scene, worker: Worker) -> None:
    """Connected by page and API, used, refused, renewed, checked, chosen from, and ended."""
    app, owner, parrot = scene.app, scene.owner, scene.parrot
    connection_id = scene.connect(1)
    assert rows(app, "SELECT state FROM connections")[0].state == "active"
    scene.connect_by_api(2)
    use_it(scene, worker, connection_id)
    for status, kind in ((401, "application/json"), (500, "text/html"), (403, "text/plain")):
        parrot.status, parrot.kind = status, kind
        owner.browser.post(f"/connections/{connection_id}/check")
        choose(app, owner, connection_id)
        scene.connect(10 + status)
    parrot.status, parrot.kind = 200, "application/json"
    if scene.manifest.auth.oauth is not None:
        renew_it(scene, connection_id)
    page = owner.browser.get(f"/connections/{connection_id}/reconnect")
    assert MASK in page.text
    owner.browser.post(f"/connections/{connection_id}/reconnect", data=scene.typed(3))
    masked = dict.fromkeys(scene.typed(4), MASK)
    again = owner.api.post(f"/connections/{connection_id}/reconnect", json={"fields": masked})
    assert again.status_code in (202, 422), again.json
    keeper_of(app).work()
    rotate_keys(scene)
    seen_everywhere(scene)
    owner.browser.post(f"/connections/{connection_id}/pause")
    owner.browser.post(f"/connections/{connection_id}/disconnect")
    for other in scene.connections:
        owner.api.delete(f"/connections/{other}")
    keeper_of(app).work()


def use_it(scene: Scene, worker: Worker, connection_id: UUID) -> None:
    """By a step whose answers are good, bad and none; and by a list to choose from."""
    step = {
        "kind": "action",
        "use": f"{scene.manifest.slug}.release",
        "connection": str(connection_id),
        "input": {"guest": "Ana"},
        **retrying(1, then="continue"),
    }
    steps = [{**step, "id": f"seat_{number}"} for number in range(3)]
    make_workflow(scene.app, scene.owner.organization_id, on_event("canary.told"), *steps)
    for status in (200, 422, 500):
        scene.parrot.status = status
        publish(scene.app, scene.owner.organization_id, "canary.told", {"status": status})
        worker.work()
    scene.parrot.status = 200
    choose(scene.app, scene.owner, connection_id)


def choose(app: APIFlask, owner: Persona, connection_id: UUID) -> None:
    """Read a list of the account, unless nobody would at present."""
    asked = ask(app, owner, connection_id, "tables", refresh=True)
    if asked is not None and asked.is_wanted:
        load(app, owner, asked)


def renew_it(scene: Scene, connection_id: UUID) -> None:
    """Well, refused for now, refused for good; each answer tells all it was sent."""
    for refused in ("", "temporarily_unavailable", "invalid_client", "invalid_grant"):
        scene.parrot.refuses_tokens = refused
        alive = "state = 'active', reason = NULL, refresh_failures = 0"
        change(scene.app, connection_id, f"{alive}, refresh_until = NULL")
        refresh(scene.app, connection_id)
    scene.parrot.refuses_tokens = ""


def rotate_keys(scene: Scene) -> None:
    with scene.app.app_context():
        engine, ring = db.engine, scene.app.extensions["wedsync"].vault.ring
    said: list[str] = []
    with rotating.alone(engine):
        rotating.rotate_data_keys(engine, ring, lambda *words: said.append(repr(words)))
    assert scene.canaries.found_in("".join(said).encode()) == []


def seen_everywhere(scene: Scene) -> None:
    """Pages and answers, of it and of all that tells of it."""
    known, owner = scene.canaries, scene.owner
    for token in scene.parrot.tokens():
        known.add(token, token)
    paths = ["/", "/connections", "/notices", "/runs", "/health", "/workflows"]
    for connection_id in scene.connections:
        paths += [f"/connections/{connection_id}{end}" for end in ("", "/reconnect", "/disconnect")]
    paths += [f"/runs/{run.id}" for run in rows(scene.app, "SELECT id FROM runs")]
    paths += [f"/events/{event.id}" for event in rows(scene.app, "SELECT id FROM events")]
    for path in paths:
        page = owner.browser.get(path)
        assert page.status_code in (200, 303, 404), path
        assert known.found_in(page.data + str(page.headers).encode()) == [], path
    answers = ["/connections", "/events", "/runs"]
    answers += [f"/connections/{each}{end}" for each in scene.connections for end in ("", "/uses")]
    answers += [f"/runs/{run.id}" for run in rows(scene.app, "SELECT id FROM runs")]
    for path in answers:
        answer = owner.api.get(path)
        assert answer.status_code == 200, path
        assert known.found_in(answer.data) == [], path


def found_in_redis(app: APIFlask, known: Canaries) -> list[str]:
    redis = Redis.from_url(means_of(app).settings.redis_url or "")
    return [name for key in redis.scan_iter() for name in known.found_in(key + redis.dump(key))]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("way", WAYS)
def test_the_secrets_of_a_connection_are_in_the_vault_and_nowhere_else(
    app: APIFlask,
    owner: Persona,
    worker: Worker,
    parrot: Parrot,
    way: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    scene = Scene(app, owner, parrot, way)
    live_through(scene, worker)
    known = scene.canaries
    assert len(known.values) >= 5
    sent = "".join(f"{each.target} {each.headers} {each.body!r}" for each in parrot.asked)
    assert MARK in sent or known.found_in(sent.encode()), "It was never sent at all."
    assert known.found_in(caplog.text.encode()) == []
    assert found_in_tables(app, known) == {}
    assert found_in_redis(app, known) == []
    # What was said back was kept, without them.
    masked = "SELECT count(*) AS n FROM run_steps WHERE output::text LIKE :m OR error::text LIKE :m"
    assert rows(app, masked, m=f"%{MASK}%")[0].n >= 2
