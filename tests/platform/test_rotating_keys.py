"""New keys for old: everything opens before, meanwhile and after, whatever happens in between."""

import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Engine, event, text

from tests.personas import make_organization
from tests.platform.vaulting import (
    Sealed,
    count,
    engine_of,
    let_retired_settle,
    make_wedding,
    opens,
    plant,
    plant_event,
    ring_in,
)
from tests.servers import MASTER_KEY
from wedsync.migrations import tables
from wedsync.platform import crypto, leaves
from wedsync.platform.db import db
from wedsync.platform.rotation import generations, resealing, rotating, walking
from wedsync.platform.rotation.rotating import Busy
from wedsync.platform.rotation.sealed_columns import SEALED
from wedsync.platform.vault import Keyring, Vault, place, wrapping

_OLD_KEYS = "SELECT count(*) FROM data_keys WHERE retired_at IS NOT NULL"


@pytest.fixture(autouse=True)
def nothing_else(app: APIFlask, empty_database: None) -> Iterator[None]:
    """Keys are everybody's: the tables are empty before, and left so."""
    yield
    names = ", ".join(f'"{table.name}"' for table in tables().sorted_tables)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} CASCADE"))


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    return ring_in(tmp_path)


@pytest.fixture
def engine(app: APIFlask) -> Engine:
    return engine_of(app)


def quietly(_table: str, _tally: Any, _is_over: bool) -> None:
    return None


def rotate_data_keys(engine: Engine, ring: Keyring) -> int:
    made, tally = rotating.rotate_data_keys(engine, ring, quietly)
    assert (tally.passed, tally.unopened) == (0, 0)
    return made


# --- data keys


def test_everything_opens_under_new_data_keys_and_the_old_ones_can_go(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    planted = [plant(app) for _ in range(3)]
    before = count(app, "SELECT count(*) FROM data_keys")
    assert rotate_data_keys(engine, ring) == before == 6
    assert count(app, _OLD_KEYS) == before
    let_retired_settle(app)
    assert rotating.retire_data_keys(engine, ring, quietly)[0] == before
    assert count(app, "SELECT count(*) FROM data_keys") == before
    for sealed in planted:
        opens(app, ring, sealed)


def test_a_second_time_makes_no_keys_while_old_ones_are_there(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    sealed = plant(app)
    assert rotate_data_keys(engine, ring) == 2
    assert rotate_data_keys(engine, ring) == 0
    rotating.retire_data_keys(engine, ring, quietly)
    assert rotate_data_keys(engine, ring) == 2
    opens(app, ring, sealed)


def test_who_still_seals_under_an_old_key_loses_nothing_by_it(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    sealed = plant(app)
    stale = Vault(ring)
    with engine.begin() as connection:
        stale.data_key(connection, sealed.organization_id)
    rotate_data_keys(engine, ring)
    late = make_wedding(app, sealed.organization_id)
    with engine.begin() as connection:
        whose = (sealed.organization_id, late)
        old = stale.data_key(connection, sealed.organization_id)
        wrapped_by_the_old = stale.wedding_keys(connection, [whose])[whose]
    events = [plant_event(app, sealed.hook, key) for key in (old, wrapped_by_the_old)]
    let_retired_settle(app)
    deleted, tally = rotating.retire_data_keys(engine, ring, quietly)
    assert (deleted, tally.sealed) == (0, 3), "a leaf, and the bodies that this process sealed"
    with engine.connect() as connection:
        assert rotating.state(connection, ring).waits, "who holds one of these may write it back"
    assert rotate_data_keys(engine, ring) == 0, "no third generation meanwhile"
    let_retired_settle(app)
    assert rotating.retire_data_keys(engine, ring, quietly)[0] == 2
    for event_id in events:
        assert note_of(engine, ring, sealed.organization_id, event_id)


def note_of(engine: Engine, ring: Keyring, whose: UUID, event_id: UUID) -> bool:
    vault = Vault(ring)
    with engine.connect() as connection:
        data = connection.scalar(text("SELECT data FROM events WHERE id = :id"), {"id": event_id})
        opened = leaves.open_all(data, whose, lambda ids: vault.keys(connection, whose, ids))
    return isinstance(opened["guest"]["note"], str)


def test_an_organization_that_is_made_meanwhile_keeps_its_key(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    plant(app)
    later: list[Sealed] = []

    def meanwhile(table: str, _tally: Any, _is_over: bool) -> None:
        if table == "hooks" and not later:
            later.append(plant(app))

    rotating.rotate_data_keys(engine, ring, meanwhile)
    let_retired_settle(app)
    rotating.retire_data_keys(engine, ring, quietly)
    opens(app, ring, later[0])


def test_what_merely_looks_sealed_under_an_old_key_holds_nothing_up(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    sealed = plant(app)
    with engine.begin() as connection:
        key = Vault(ring).data_key(connection, sealed.organization_id)
        fake = base64.b64encode(b"\x01" + key.id.bytes + bytes(60)).decode()
        connection.execute(
            text("UPDATE events SET data = jsonb_build_object('$sealed', CAST(:fake AS text))"
                 " WHERE id = :id"),
            {"fake": fake, "id": sealed.of_nobody},
        )  # fmt: skip
    rotate_data_keys(engine, ring)
    assert rotating.retire_data_keys(engine, ring, quietly)[0] == 2


def test_a_leaf_whose_key_is_not_to_be_had_now_keeps_the_old_keys(
    app: APIFlask, engine: Engine, ring: Keyring, tmp_path: Path
) -> None:
    sealed = plant(app)
    generations.make(engine, Vault(ring))
    lost = crypto.new_key()
    with engine.begin() as connection:
        connection.execute(text("UPDATE events SET raw_body = NULL"))
        for row in connection.execute(text(
            "SELECT id, organization_id, wrapped FROM data_keys"
            " WHERE retired_at IS NOT NULL AND wedding_id IS NULL"
        )).all():  # fmt: skip
            key = wrapping.unwrap(ring, row.organization_id, row.wrapped)
            master = Keyring([lost]).current
            connection.execute(
                text("UPDATE data_keys SET wrapped = :to, master_key_id = :by WHERE id = :id"),
                {"to": wrapping.wrap(master, row.organization_id, key), "by": master.id,
                 "id": row.id},
            )  # fmt: skip
    table = next(each for each in SEALED if each.name == "events")
    *_, tally = walking.walk(engine, Vault(ring), table, walking.retired_keys(engine))
    assert (tally.sealed, tally.unopened) == (0, 2), "neither is taken for a stranger's fake"
    whole = ring_in(tmp_path, MASTER_KEY, lost)
    rotate_data_keys(engine, whole)
    assert rotating.retire_data_keys(engine, whole, quietly)[0] == 2
    for event_id in (sealed.of_wedding, sealed.of_nobody):
        assert note_of(engine, whole, sealed.organization_id, event_id)


def test_a_damaged_secret_keeps_the_old_keys(app: APIFlask, engine: Engine, ring: Keyring) -> None:
    sealed = plant(app)
    with engine.begin() as connection:
        connection.execute(text("UPDATE hooks SET secret = secret || 'x'::bytea"))
    _, tally = rotating.rotate_data_keys(engine, ring, quietly)
    assert (tally.passed, tally.unopened) == (0, 1)
    assert rotating.retire_data_keys(engine, ring, quietly)[0] == 0
    assert count(app, _OLD_KEYS) == 2
    assert note_of(engine, ring, sealed.organization_id, sealed.of_wedding)


def test_destroyed_keys_stay_destroyed_and_known(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    sealed = plant(app)
    destroy_wedding_keys(engine, sealed.wedding_id)
    assert rotate_data_keys(engine, ring) == 1
    assert rotating.retire_data_keys(engine, ring, quietly)[0] == 1
    assert count(app, "SELECT count(*) FROM data_keys WHERE destroyed_at IS NOT NULL") == 1
    with pytest.raises(leaves.Erased):
        note_of(engine, ring, sealed.organization_id, sealed.of_wedding)
    assert note_of(engine, ring, sealed.organization_id, sealed.of_nobody)


def destroy_wedding_keys(engine: Engine, wedding_id: UUID) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE data_keys SET destroyed_at = now(), wrapped = '' WHERE wedding_id = :id"),
            {"id": wedding_id},
        )


def test_an_organization_whose_key_was_destroyed_does_not_stop_the_others(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    gone, sealed = plant(app), plant(app)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE data_keys SET destroyed_at = now(), wrapped = ''"
                 " WHERE organization_id = :id AND wedding_id IS NULL"),
            {"id": gone.organization_id},
        )  # fmt: skip
    assert rotate_data_keys(engine, ring) == 2
    assert rotating.retire_data_keys(engine, ring, quietly)[0] == 2
    opens(app, ring, sealed)


# --- master keys


def test_everything_opens_by_a_new_master_key_and_the_old_one_can_go(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    planted = [plant(app) for _ in range(3)]
    done = rotating.rotate_master(engine, ring)
    assert (done.made, done.keys, done.messages.sealed) == (True, 3, 3)
    assert len(ring.keys) == 2
    rotating.retire_masters(engine, ring)
    assert len(ring.keys) == 1
    assert ring.current.secret != MASTER_KEY
    for sealed in planted:
        opens(app, Keyring([ring.current.secret]), sealed)


def test_a_process_with_the_ring_from_before_goes_on(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    assert ring.file is not None
    old = Keyring.at(ring.file)
    sealed = plant(app)
    rotating.rotate_master(engine, ring)
    opens(app, old, sealed)
    stale = Keyring.at(ring.file)
    rotating.retire_masters(engine, ring)
    opens(app, stale, sealed)


def test_who_makes_an_organization_wraps_its_key_by_the_master_key_of_this_moment(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    assert ring.file is not None
    old = Vault(Keyring.at(ring.file))
    rotating.rotate_master(engine, ring)
    whose = make_organization(app)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM data_keys"))
        old.create_data_key(connection, whose)
    rotating.retire_masters(engine, ring)
    with engine.begin() as connection:
        assert Vault(Keyring([ring.current.secret])).data_key(connection, whose)


def test_keys_of_a_master_key_that_is_missing_are_counted_and_the_others_wrapped(
    app: APIFlask, engine: Engine, tmp_path: Path
) -> None:
    plant(app)
    other = ring_in(tmp_path, crypto.new_key(), crypto.new_key())
    done = rotating.rotate_master(engine, other)
    assert (done.made, done.keys, done.locked, done.messages.unopened) == (False, 0, 1, 1)
    assert rotating.retire_masters(engine, other).locked == 1
    assert len(other.keys) == 2, "none is thrown away while something is not understood"
    with engine.connect() as connection:
        assert rotating.state(connection, other).lost == 2


def test_a_ring_that_was_put_back_from_before_is_told_and_mended(
    app: APIFlask, engine: Engine, ring: Keyring
) -> None:
    sealed = plant(app)
    rotating.rotate_master(engine, ring)
    assert ring.file is not None
    whole = ring.file.read_bytes()
    ring.file.write_bytes(MASTER_KEY)
    with engine.connect() as connection:
        assert rotating.state(connection, ring).lost == 2
        with pytest.raises(crypto.Unsealable, match="master key"):
            Vault(ring).data_key(connection, sealed.organization_id)
    ring.file.write_bytes(whole)
    opens(app, ring, sealed)


# --- one at a time, deaths, and others at work


def test_only_one_changes_keys_at_a_time(engine: Engine) -> None:
    with rotating.alone(engine), pytest.raises(Busy), rotating.alone(engine):
        pass
    with rotating.alone(engine):
        pass


def rotation_of_data_keys(engine: Engine, ring: Keyring) -> None:
    rotate_data_keys(engine, ring)
    rotating.retire_data_keys(engine, ring, quietly)


def rotation_of_masters(engine: Engine, ring: Keyring) -> None:
    rotating.rotate_master(engine, ring)
    rotating.retire_masters(engine, ring)


@pytest.mark.parametrize(
    ("rotation", "each"), [(rotation_of_data_keys, 5), (rotation_of_masters, 1)]
)
def test_a_death_at_any_statement_is_gone_on_from(
    app: APIFlask,
    engine: Engine,
    ring: Keyring,
    rotation: Callable[[Engine, Keyring], None],
    each: int,
) -> None:
    sealed, dies_at, finished = plant(app), 0, False
    while not finished:
        dies_at += each
        try:
            with dying_at(engine, dies_at):
                rotation(engine, ring)
            finished = True
        except Died:
            opens(app, ring, sealed)
            rotation(engine, ring)
        opens(app, ring, sealed)
    assert dies_at > 5 * each
    assert count(app, _OLD_KEYS) == 0
    assert len(ring.keys) == 1


class Died(BaseException):
    """As a kill: nothing catches it."""


class dying_at:  # noqa: N801 - reads as a verb
    """Dies instead of executing this many-th statement."""

    def __init__(self, engine: Engine, number: int) -> None:
        self._engine, self._left = engine, number

    def __enter__(self) -> None:
        event.listen(self._engine, "before_cursor_execute", self._count)

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self._left -= 1
        if self._left == 0:
            raise Died


def test_what_somebody_writes_meanwhile_is_never_overwritten(
    app: APIFlask, engine: Engine, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "_MOST_PASSES", 3)
    planted, stop, written = plant(app), threading.Event(), [0]
    vault, where = Vault(ring), place("hooks", planted.hook.id, "secret")

    def write() -> None:
        while not stop.is_set():
            written[0] += 1
            with engine.begin() as connection:
                secret = str(written[0]).encode()
                sealed = vault.seal(connection, planted.organization_id, where, secret)
                connection.execute(text("UPDATE hooks SET secret = :it"), {"it": sealed})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            rotating.rotate_data_keys(engine, ring, quietly)
    finally:
        stop.set()
        writer.join()
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT secret FROM hooks"))
        opened = Vault(ring).open(connection, planted.organization_id, where, found)
    assert int(opened) == written[0]


def test_a_row_that_somebody_holds_is_passed_and_taken_later(
    app: APIFlask, engine: Engine, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "_MOST_PASSES", 2)
    sealed = plant(app)
    with engine.begin() as connection:
        connection.execute(text("SELECT FROM hooks FOR UPDATE"))
        _, tally = rotating.rotate_data_keys(engine, ring, quietly)
    assert (tally.passed, tally.unopened) == (1, 0)
    assert [rotating.retire_data_keys(engine, ring, quietly)[0] for _ in range(2)] == [0, 2]
    opens(app, ring, sealed)


def test_pages_are_gone_through_to_their_end(
    app: APIFlask, engine: Engine, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "PAGE", 2)
    monkeypatch.setattr(walking, "_MOST_BYTES", 1)
    planted = [plant(app) for _ in range(4)]
    rotate_data_keys(engine, ring)
    rotating.retire_data_keys(engine, ring, quietly)
    for sealed in planted:
        opens(app, ring, sealed)


@pytest.mark.parametrize("table", SEALED, ids=lambda table: table.name)
def test_the_statements_fit_each_table(engine: Engine, table: Any) -> None:
    samples = {"uuid": UUID(int=0), "text": "a", "int": 1, "bigint": 1}
    key = tuple(samples[kind] for _, kind in table.key)
    statements = walking._Statements(table)
    with engine.connect() as connection:
        for after in (None, key):
            connection.execute(*statements.page(after))
            connection.execute(*statements.portion(after, key))
        for column in table.columns:
            value: Any = "{}" if column in table.leaves else b""
            change = walking._Change(key, column, value, value)
            connection.execute(*statements.change(column, [change]))
