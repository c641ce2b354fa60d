"""A secret is found nowhere but in the vault, whatever was done with it.

A whole installation is taken through everything that touches a secret, each of them a canary that
can be recognised, with far ends that say back whatever they are sent. Then everything that is kept
or shown is searched: logs, the database whole, Redis, every answer of every page and of the API.
"""

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from redis import Redis

from tests.contracts.canary.canaries import MARK, Canaries, Echo
from tests.contracts.canary.connecting import connect_everything
from tests.contracts.canary.issuing import make_addresses_and_keys, offer_a_listing
from tests.contracts.canary.looking import (
    be_a_stranger,
    learn_what_the_vault_holds,
    read_everything,
)
from tests.contracts.canary.people import change_passwords, write_to_people
from tests.contracts.canary.story import Story
from tests.contracts.canary.working import (
    let_a_refresh_fail,
    look_at_the_processes,
    replace_the_keys,
    run_everything,
)
from tests.far_ends.post_office import USER, post_office
from tests.far_ends.practice_partner import started_practice_partner
from tests.far_ends.rest_service import started_rest_service
from tests.live_site import live_site
from tests.servers import Addresses
from tests.workers.machine import app_over
from tests.workers.scene import rows
from wedsync.platform.vault import MASK

pytestmark = [pytest.mark.slow, pytest.mark.timeout(360)]


@pytest.fixture(scope="module")
def story(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Everything that touches a secret has happened."""
    canaries = Canaries()
    client = ("wedsync", canaries.add("our client's secret", f"{MARK}-our-client-secret"))
    with ExitStack() as stack:
        echo = stack.enter_context(started_rest_service(Echo))
        vendors_mail = stack.enter_context(post_office(signed_in=True))
        our_mail = stack.enter_context(post_office(signed_in=True))
        vendors_mail.password = canaries.add("mailbox password", f"{MARK}-mailbox-pässword")
        our_mail.password = canaries.add("our mail's password", f"{MARK}-our-mail-password")
        login = f"{quote(USER)}:{quote(our_mail.password)}"
        home: Path = tmp_path_factory.mktemp("canary")
        site = stack.enter_context(
            live_site(
                servers,
                home,
                mail_url=f"smtp://{login}@localhost:{our_mail.port}",
                connector_clients={"sandbox": client},
            )
        )
        canaries.add("key of the demo", site.key)
        canaries.add("master key", site.environment["WEDSYNC_MASTER_KEY"])
        redirect_uri = f"{site.url}/oauth/callback/sandbox"
        partner = stack.enter_context(
            started_practice_partner(site.settings.sandbox_url, redirect_uri)
        )
        partner = dataclasses.replace(partner, client=client)
        partner.accept()
        app = stack.enter_context(app_over(site.settings))
        told = Story(site, app, echo, vendors_mail, our_mail, partner, canaries)
        _live_through(told)
        yield told


def _live_through(story: Story) -> None:
    imogen = change_passwords(story)
    write_to_people(story, imogen)
    make_addresses_and_keys(story, imogen)
    connect_everything(story, imogen)
    run_everything(story)
    let_a_refresh_fail(story)
    offer_a_listing(story)
    be_a_stranger(story)
    learn_what_the_vault_holds(story)
    replace_the_keys(story)
    look_at_the_processes(story)
    read_everything(story, imogen)


def test_everything_happened_that_touches_a_secret(story: Story) -> None:
    kinds = {row.outcome for row in rows(story.app, "SELECT DISTINCT outcome FROM step_attempts")}
    assert {"ok", "permanent", "maybe", "auth", "rate_limit"} <= kinds
    assert len(story.canaries.values) > 25
    assert story.count("runs WHERE waiting_for->>'kind' = 'connection'") >= 1
    # Their answers held our secrets, and are kept without.
    masked = f"%{MASK}%"
    assert story.count("run_steps WHERE output::text LIKE :masked", masked=masked) >= 2
    assert story.count("run_steps WHERE error::text LIKE :masked", masked=masked) >= 3
    assert story.count("mail_messages WHERE state = 'sent'") >= 3


def test_no_secret_is_in_a_log(story: Story) -> None:
    files = [path for path in story.site.settings.home.rglob("*") if path.is_file()]
    assert {"web.log", "worker.log"} <= {path.name for path in files}
    found = {path.name: story.canaries.found_in(path.read_bytes()) for path in files}
    assert not {name: names for name, names in found.items() if names}


def test_no_secret_is_in_the_database(story: Story) -> None:
    found = {}
    with psycopg.connect(story.site.settings.libpq_url or "") as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        assert len(tables) > 30
        for (table,) in tables:
            content = _dump(connection, table)
            if names := story.canaries.found_in(content):
                found[table] = names
    assert not found


def _dump(connection: psycopg.Connection[Any], table: str) -> bytes:
    """Every value of a table, as text and, where it is bytes, as they are."""
    cells = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # type: ignore[arg-type]
    raw = b"\n".join(bytes(cell) for row in cells for cell in row if isinstance(cell, bytes))
    lines = connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()  # type: ignore[arg-type]
    return raw + "\n".join(line for (line,) in lines).encode()


def test_no_secret_is_in_redis(story: Story) -> None:
    redis = Redis.from_url(story.site.settings.redis_url or "")
    assert redis.ping()
    for key in redis.scan_iter():
        kind = redis.type(key)
        content = repr((key, kind, _value(redis, key, kind))).encode()
        assert story.canaries.found_in(content) == [], key


def _value(redis: Any, key: bytes, kind: bytes) -> Any:
    read = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"list": lambda name: redis.lrange(name, 0, -1),
        b"zset": lambda name: redis.zrange(name, 0, -1),
        b"stream": redis.xrange,
    }
    return read[kind](key)


def test_no_secret_is_on_a_page_or_in_an_answer_but_where_it_is_shown_once(story: Story) -> None:
    found = {
        (seen.path, name)
        for seen in story.seen
        for name in story.canaries.found_in(seen.content, seen.path)
    }
    assert not found
    assert len(story.seen) > 100
