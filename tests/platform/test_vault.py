"""What is sealed opens in its own place, for its own organization, and nowhere else."""

import stat
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
from apiflask import APIFlask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.personas import make_organization
from wedsync.platform import crypto, ids
from wedsync.platform.crypto import Unsealable
from wedsync.platform.db import db
from wedsync.platform.runtime import Runtime
from wedsync.platform.vault import Keyring, OpenKey, Vault, known_keys, open_with, place, seal_with
from wedsync.settings import CHECKOUT

KEY = OpenKey(ids.new_id(), crypto.new_key(), time.monotonic())
ORGANIZATION = ids.new_id()


@pytest.fixture
def here(app: APIFlask) -> Vault:
    runtime: Runtime = app.extensions["wedsync"]
    return runtime.vault


# --- crypto


@given(plaintext=st.binary(max_size=2_000), where=st.text(max_size=40))
def test_what_was_sealed_opens_again(plaintext: bytes, where: str) -> None:
    sealed = seal_with(KEY, ORGANIZATION, where, plaintext)
    assert open_with(KEY, ORGANIZATION, where, sealed) == plaintext


@given(data=st.data())
def test_a_changed_bit_a_lost_byte_or_another_place_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(seal_with(KEY, ORGANIZATION, "a:b", b"the secret"))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= 1 << data.draw(st.integers(0, 7))
    for wrong in (bytes(sealed), bytes(sealed[:at])):
        with pytest.raises(Unsealable):
            open_with(KEY, ORGANIZATION, "a:b", wrong)
    right = seal_with(KEY, ORGANIZATION, "a:b", b"the secret")
    for organization, where in ((ids.new_id(), "a:b"), (ORGANIZATION, "a:c")):
        with pytest.raises(Unsealable):
            open_with(KEY, organization, where, right)


@given(junk=st.binary(max_size=100))
def test_junk_is_refused_and_never_breaks_anything(junk: bytes) -> None:
    with pytest.raises(Unsealable):
        open_with(KEY, ORGANIZATION, "a:b", junk)


def test_the_same_text_is_sealed_differently_each_time() -> None:
    sealed = {seal_with(KEY, ORGANIZATION, "a:b", b"same") for _ in range(100)}
    assert len(sealed) == 100


def test_keys_for_different_purposes_differ() -> None:
    master = crypto.new_key()
    assert len({crypto.derive(master, purpose) for purpose in ("a", "b", "")}) == 3
    assert crypto.derive(master, "a") == crypto.derive(master, "a")


def test_processes_that_start_at_once_agree_on_one_key_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "master.key"
    code = (
        "import sys; from pathlib import Path; from wedsync.platform.vault import Keyring;"
        "print(Keyring.at(Path(sys.argv[1])).current.secret.hex())"
    )
    command = [sys.executable, "-c", code, str(path)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) for _ in range(5)
    ]
    keys = {process.communicate(timeout=30)[0].strip() for process in started}
    assert len(keys) == 1
    assert len(bytes.fromhex(keys.pop())) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["master.key"]


# --- the vault


def test_each_organization_has_a_key_of_its_own(app: APIFlask, here: Vault) -> None:
    ours, theirs = make_organization(app), make_organization(app)
    where = place("hooks", ids.new_id(), "secret")
    with app.app_context():
        sealed = here.seal(db.session, ours, where, b"whsec_abc")
        assert here.open(db.session, ours, where, sealed) == b"whsec_abc"
        for organization, elsewhere in ((theirs, where), (ours, where + "x")):
            with pytest.raises(Unsealable):
                here.open(db.session, organization, elsewhere, sealed)


def test_another_master_key_opens_nothing(app: APIFlask, here: Vault) -> None:
    organization = make_organization(app)
    with app.app_context():
        sealed = here.seal(db.session, organization, "a:b", b"secret")
        with pytest.raises(Unsealable):
            Vault(Keyring([crypto.new_key()])).open(db.session, organization, "a:b", sealed)


def test_an_organization_that_is_not_there_has_no_key(app: APIFlask, here: Vault) -> None:
    with app.app_context(), pytest.raises(Unsealable, match="no key"):
        here.seal(db.session, UUID(int=1), "a:b", b"secret")


def test_a_destroyed_key_opens_nothing_within_a_minute(
    app: APIFlask, here: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = make_organization(app)
    with app.app_context():
        sealed = here.seal(db.session, organization, "a:b", b"secret")
        db.session.execute(
            text("UPDATE data_keys SET destroyed_at = now(), wrapped = '' WHERE"
                 " organization_id = :id"),
            {"id": organization},
        )  # fmt: skip
        db.session.commit()
        assert here.open(db.session, organization, "a:b", sealed) == b"secret"
        monkeypatch.setattr(known_keys, "KEYRING_SECONDS", 0)
        with pytest.raises(Unsealable, match="destroyed"):
            here.open(db.session, organization, "a:b", sealed)


def test_what_belongs_to_the_installation_opens_in_its_own_place_only(here: Vault) -> None:
    sealed = here.seal_for_platform("a:b", b"the secret")
    assert here.open_for_platform("a:b", sealed) == b"the secret"
    with pytest.raises(Unsealable):
        here.open_for_platform("a:c", sealed)
    with pytest.raises(Unsealable):
        Vault(Keyring([crypto.new_key()])).open_for_platform("a:b", sealed)


def test_no_key_shows_in_a_repr() -> None:
    assert KEY.key.hex() not in repr(KEY)
    assert repr(KEY.key) not in repr(KEY)
