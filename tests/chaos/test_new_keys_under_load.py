"""A new master key and new data keys for everybody, while hooks come in, workers send and a token
is renewed every second: nothing fails, and afterwards everything opens without the old keys."""

import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, Engine, text

from tests.connections.ways import connected, row_of
from tests.far_ends.practice_partner import PracticePartner
from tests.personas import Persona, make_organization
from tests.platform.vaulting import engine_of, let_retired_settle, make_wedding, ring_in
from tests.servers import MASTER_KEY
from tests.sizes import FULL_SIZE
from tests.workers.machine import Partner, Process, kept_running, started_front
from tests.workers.scene import (
    Hook,
    Sink,
    make_endpoint,
    make_hook,
    make_workflow,
    on_hook,
    one,
    rows,
    tell,
    wait_until,
)
from wedsync.migrations import tables
from wedsync.platform import ids, leaves
from wedsync.platform.db import db
from wedsync.platform.rotation import rotating
from wedsync.platform.rotation.walking import Tally
from wedsync.platform.vault import Keyring, OpenKey, Vault, place, seal_with
from wedsync.settings import Settings

SECRETS = 100_000 if FULL_SIZE else 10_000
_ORGANIZATIONS = SECRETS // 500
_A_SECOND = 15
_SECONDS = 600 if FULL_SIZE else 120

pytestmark = [pytest.mark.slow, pytest.mark.timeout(_SECONDS * 3)]

_EVENT = text(
    "INSERT INTO events (id, organization_id, wedding_id, type, source, occurred_at, raw_body,"
    " data, causation, fanned_out_at)"
    " SELECT t.id, t.organization, t.wedding, 'rsvp.received', 'api',"
    " now(), t.body, CAST(t.data AS jsonb), '{}', now() FROM unnest(CAST(:ids AS uuid[]),"
    " CAST(:organizations AS uuid[]), CAST(:weddings AS uuid[]), CAST(:bodies AS bytea[]),"
    " CAST(:data AS text[])) AS t(id, organization, wedding, body, data)"
)


@dataclass
class Busy:
    """An installation with much that is sealed, at work."""

    app: APIFlask
    engine: Engine
    ring: Keyring
    partner: Partner
    sink: Sink
    workers: list[Process]
    connection_id: UUID


@pytest.fixture
def busy(
    app: APIFlask,
    empty_database: None,
    built_in_listings: None,
    editor: Persona,
    practice_partner: PracticePartner,
    settings: Settings,
    sink: Sink,
    tmp_path: Path,
) -> Iterator[Busy]:
    ring = ring_in(tmp_path)
    here = dataclasses.replace(settings, home=tmp_path, master_keys=())
    practice_partner.faults(token_life_s=2)
    connection_id = connected(app, editor, practice_partner)
    hook = sensitive_hook(app, editor.organization_id)
    make_endpoint(app, editor.organization_id, sink.url("/ok/told"), event_types=["kitchen.told"])
    make_workflow(
        app,
        editor.organization_id,
        on_hook(hook),
        tell("told", "kitchen.told", {"seats": {"var": "trigger.data.party_size"}}),
    )
    plant(app, Vault(ring))
    with ExitStack() as stack:
        front = stack.enter_context(started_front(here, tmp_path))
        workers, _ = stack.enter_context(kept_running(here, tmp_path, workers=1))
        yield Busy(app, engine_of(app), ring, Partner(front, hook), sink, workers, connection_id)
    names = ", ".join(f'"{table.name}"' for table in tables().sorted_tables)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} CASCADE"))


def sensitive_hook(app: APIFlask, organization_id: UUID) -> Hook:
    hook = make_hook(app, organization_id)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text('UPDATE hooks SET options = \'{"sensitive": ["party_size"]}\''))
    return hook


def plant(app: APIFlask, vault: Vault) -> None:
    """Two secrets an event: its body, and a leaf under its wedding's key or its organization's."""
    for _ in range(_ORGANIZATIONS):
        whose = make_organization(app)
        wedding = make_wedding(app, whose)
        with engine_of(app).begin() as connection:
            keys = (
                vault.data_key(connection, whose),
                vault.wedding_keys(connection, [(whose, wedding)])[whose, wedding],
            )
            plant_events(connection, whose, wedding, keys, SECRETS // _ORGANIZATIONS // 2)


def plant_events(
    connection: Connection, whose: UUID, wedding: UUID, keys: tuple[OpenKey, OpenKey], count: int
) -> None:
    named = [ids.new_id() for _ in range(count)]
    given = {
        "ids": named,
        "organizations": [whose] * count,
        "weddings": [(None, wedding)[at % 2] for at in range(count)],
        "bodies": [
            seal_with(keys[0], whose, place("events", each, "raw_body"), each.bytes * 40)
            for each in named
        ],
        "data": [
            orjson.dumps(
                leaves.seal_at({"note": str(each)}, ["note"], whose, keys[at % 2])
            ).decode()
            for at, each in enumerate(named)
        ],
    }
    connection.execute(_EVENT, given)


class Load(threading.Thread):
    """Hooks at a steady pace, until told to stop; nothing is sent twice."""

    def __init__(self, partner: Partner) -> None:
        super().__init__(daemon=True)
        self._partner, self._stopping = partner, threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            self._partner.send(_A_SECOND, per_second=_A_SECOND)

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def test_nothing_fails_and_the_old_keys_can_go(
    busy: Busy, practice_partner: PracticePartner
) -> None:
    load = Load(busy.partner)
    load.start()
    wait_until(lambda: len(busy.partner.answers) > _A_SECOND, 30)
    figures = rotated(busy)
    wait_until(lambda: generation(busy) > 5, 60)
    load.stop()
    wait_until(lambda: open_ends(busy) == 0, 60)
    let_go(busy)
    print(figures)

    assert_nothing_failed(busy, practice_partner)
    assert opened(busy) >= SECRETS


def rotated(busy: Busy) -> dict[str, float]:
    """Both rotations, one after the other, and what they took."""
    began, worked = time.monotonic(), time.process_time()
    done = rotating.rotate_master(busy.engine, busy.ring)
    assert (done.made, done.locked) == (True, 0)
    rewrapped = time.monotonic() - began
    made, tally = rotating.rotate_data_keys(busy.engine, busy.ring, quietly)
    assert made >= 2 * _ORGANIZATIONS
    assert tally.unopened == 0
    assert tally.sealed >= SECRETS
    return {
        "organizations wrapped anew": done.keys,
        "in seconds": round(rewrapped, 2),
        "secrets sealed anew": tally.sealed,
        "seconds": round(time.monotonic() - began - rewrapped, 1),
        "processor seconds of the command": round(time.process_time() - worked, 1),
    }


def let_go(busy: Busy) -> None:
    """As an operator does it later: the old data keys, then the old master key. The workers start
    anew for the time that passes, and seal under no key they knew from before."""
    for worker in busy.workers:
        worker.stop()
    for _ in range(2):  # what was sealed under an old key until now makes all of them wait again
        let_retired_settle(busy.app)
        deleted, tally = rotating.retire_data_keys(busy.engine, busy.ring, quietly)
        if deleted:
            break
    assert deleted >= 2 * _ORGANIZATIONS
    assert (tally.passed, tally.unopened) == (0, 0)
    rotating.retire_masters(busy.engine, busy.ring)
    assert [key.secret for key in busy.ring.keys] != [MASTER_KEY]
    assert len(busy.ring.keys) == 1


def quietly(_table: str, _tally: Tally, _is_over: bool) -> None:
    return None


def generation(busy: Busy) -> int:
    return int(row_of(busy.app, busy.connection_id).generation)


def open_ends(busy: Busy) -> int:
    query = (
        "SELECT (SELECT count(*) FROM events WHERE fanned_out_at IS NULL)"
        " + (SELECT count(*) FROM runs WHERE finished_at IS NULL)"
        " + (SELECT count(*) FROM deliveries WHERE finished_at IS NULL) AS n"
    )
    return int(one(busy.app, query).n)


def assert_nothing_failed(busy: Busy, practice_partner: PracticePartner) -> None:
    assert busy.partner.statuses == {202}
    sent = len(busy.partner.answers)
    assert Counter(row.state for row in rows(busy.app, "SELECT state FROM runs")) == {
        "succeeded": sent
    }
    deliveries = rows(busy.app, "SELECT state, attempts FROM deliveries")
    assert Counter((row.state, row.attempts) for row in deliveries) == {("delivered", 1): sent}
    seats = [orjson.loads(request["body"])["data"]["seats"] for request in busy.sink.requests()]
    assert set(seats) == {1, 2, 3, 4, 5}, "what is sealed on the way arrived in the open"
    assert row_of(busy.app, busy.connection_id).state == "active"
    family: dict[str, Any] = practice_partner.seen()["families"][0]
    assert family["reused"] == 0
    for worker in busy.workers:
        assert "Unsealable" not in worker.log
        assert "Traceback" not in worker.log


def opened(busy: Busy) -> int:
    """Open everything there is with a vault that knows the ring as it is now; how much it was."""
    vault, count = Vault(Keyring([busy.ring.current.secret])), 0
    with busy.engine.connect() as connection:
        found = connection.execution_options(yield_per=2_000).execute(
            text("SELECT id, organization_id AS whose, raw_body, data FROM events")
        )
        with busy.engine.connect() as other:
            for row in found:
                count += open_event(other, vault, row)
    with busy.engine.connect() as connection:
        # With tokens this short-lived, the partner may not yet have said the connection's secret.
        query = "SELECT id, organization_id, secret FROM hooks WHERE state <> 'needs_secret'"
        hooks = connection.execute(text(query)).all()
        assert hooks
        for row in hooks:
            with busy.engine.connect() as other:
                where = place("hooks", row.id, "secret")
                assert vault.open(other, row.organization_id, where, row.secret)
    return count


def open_event(connection: Connection, vault: Vault, row: Any) -> int:
    count = 0
    if row.raw_body is not None:
        where = place("events", row.id, "raw_body")
        assert vault.open(connection, row.whose, where, row.raw_body)
        count += 1
    if leaves.has_sealed(row.data):
        whole = leaves.open_all(
            row.data, row.whose, lambda wanted: vault.keys(connection, row.whose, wanted)
        )
        assert not leaves.has_sealed(whole)
        count += 1
    return count
