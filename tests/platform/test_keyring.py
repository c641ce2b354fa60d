"""The master keys in their file: made once, read again when it changes, written whole."""

import base64
import os
import stat
from pathlib import Path

import pytest
from apiflask import APIFlask

from tests.personas import Browser, Persona
from tests.platform.vaulting import ring_in
from wedsync.factory import cookies
from wedsync.factory.cookies import SessionCookie
from wedsync.platform import crypto
from wedsync.platform.crypto import Unsealable
from wedsync.platform.vault import Keyring, UnusableKeyring, Vault, keyring

ONE, TWO, THREE = (crypto.new_key() for _ in range(3))


def test_a_ring_is_made_with_one_key_for_its_owner_only(tmp_path: Path) -> None:
    ring = Keyring.at(tmp_path / "deep" / "master.key")
    assert ring.file is not None
    assert len(ring.keys) == 1
    assert stat.S_IMODE(ring.file.stat().st_mode) == 0o600
    assert Keyring.at(ring.file).current == ring.current


def test_the_first_is_in_use_and_all_of_them_open(tmp_path: Path) -> None:
    before = Vault(Keyring([TWO])).seal_for_platform("a:b", b"secret")
    ring = ring_in(tmp_path, ONE, TWO)
    assert ring.current.secret == ONE
    assert Vault(ring).open_for_platform("a:b", before) == b"secret"
    assert Vault(Keyring([ONE])).open_for_platform(
        "a:b", Vault(ring).seal_for_platform("a:b", b"new")
    )


def test_a_changed_file_is_read_within_the_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ring_in(tmp_path, ONE)
    ring_in(tmp_path, TWO, ONE)
    assert ring.current.secret == ONE
    monkeypatch.setattr(keyring, "LOOK_AGAIN_SECONDS", 0)
    assert ring.current.secret == TWO


def test_a_key_that_is_not_known_is_looked_for_at_once(tmp_path: Path) -> None:
    ring = ring_in(tmp_path, ONE)
    sealed = Vault(ring_in(tmp_path, TWO, ONE)).seal_for_platform("a:b", b"secret")
    assert Vault(ring).open_for_platform("a:b", sealed) == b"secret"
    with pytest.raises(Unsealable, match="master key"):
        ring.key(Keyring([THREE]).current.id)


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 31, ONE + b"x", ONE + ONE, ONE * 17],
    ids=["nothing", "a byte too few", "a byte too many", "one twice", "too many"],
)
def test_a_file_that_holds_something_else_is_refused_in_words(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "master.key").write_bytes(content)
    with pytest.raises(UnusableKeyring, match=r"master\.key should hold master keys"):
        Keyring.at(tmp_path / "master.key")


def test_what_became_of_the_file_meanwhile_changes_nothing_for_who_has_read_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ring = ring_in(tmp_path, ONE)
    assert ring.file is not None
    for spoil in (lambda file: file.write_bytes(b"x"), Path.unlink):
        spoil(ring.file)
        assert not ring.look_again()
        assert not ring.look_again()
        assert ring.current.secret == ONE
        with pytest.raises(UnusableKeyring):
            ring.require_readable()
    told = [record for record in caplog.records if record.name == keyring.__name__]
    assert len(told) == 2, "each trouble is told once"
    ring_in(tmp_path, TWO, ONE)
    assert ring.look_again()
    assert ring.current.secret == TWO


def test_a_folder_in_its_place_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "master.key").mkdir()
    with pytest.raises(UnusableKeyring, match="cannot be used"):
        Keyring.at(tmp_path / "master.key")


def test_a_ring_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    ring = ring_in(tmp_path, ONE)
    assert ring.file is not None
    ring.file.chmod(0o644)
    ring.write([TWO, ONE])
    assert [key.secret for key in ring.keys] == [TWO, ONE]
    assert stat.S_IMODE(ring.file.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["master.key"]
    with pytest.raises(UnusableKeyring, match="WEDSYNC_MASTER_KEY"):
        Keyring([ONE]).write([TWO, ONE])


def test_a_ring_that_is_written_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = keyring._read

    def read_and_written(file: Path) -> list[bytes]:
        found = read(file)
        file.write_bytes(TWO + ONE)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(keyring, "_read", read_and_written)
        (tmp_path / "master.key").write_bytes(ONE)
        ring = Keyring.at(tmp_path / "master.key")
    assert ring.look_again()
    assert ring.current.secret == TWO


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_ring_stays_with_its_owner_whoever_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = ring_in(tmp_path, ONE)
    assert ring.file is not None
    os.chown(ring.file, 65534, 65534)
    ring.write([TWO, ONE])
    assert (ring.file.stat().st_uid, ring.file.stat().st_gid) == (65534, 65534)

    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refused)
    with pytest.raises(UnusableKeyring, match="belongs to another user"):
        ring.write([THREE])
    assert ring.file.read_bytes() == TWO + ONE
    assert [found.name for found in tmp_path.iterdir()] == ["master.key"]


def test_no_key_is_said(tmp_path: Path) -> None:
    ring = ring_in(tmp_path, ONE, TWO)
    shown = f"{ring!r} {ring.keys!r} {ring.current.name}"
    for secret in (ONE, TWO, ring.current.wrapping, ring.current.platform, ring.current.cookies):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
        assert base64.b64encode(secret).decode() not in shown


def test_nobody_is_signed_out_and_no_form_is_lost_by_a_new_master_key(
    app: APIFlask, owner: Persona, settings: object, tmp_path: Path
) -> None:
    kept = app.session_interface
    ring = ring_in(tmp_path)
    app.session_interface = SessionCookie(ring)
    try:
        browser: Browser = owner.browser
        assert browser.get("/").status_code == 200
        token = browser._csrf_token()
        ring.write([TWO, *(key.secret for key in ring.keys)])
        assert browser.get("/").status_code == 200
        answer = browser.post(
            "/weddings/new", data={"title": ""}, csrf=False, headers={"X-CSRFToken": token}
        )
        assert answer.status_code != 400
        assert app.secret_key == ring.current.cookies
        ring.write([THREE])
        assert browser.get("/").status_code == 303
    finally:
        assert isinstance(kept, SessionCookie)
        app.session_interface = kept
        cookies.use(app, kept._ring)
