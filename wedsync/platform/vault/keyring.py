"""The master keys of this installation: the first wraps what is made, all of them open.

They come from `WEDSYNC_MASTER_KEY`, or from a file for its owner only, one key of 32 bytes behind
the other, made with one key when there is none. A process looks at the file again once a minute,
and at once when it meets a key it does not know. What cannot be read then changes nothing.
"""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from wedsync.platform import crypto
from wedsync.platform.crypto import KEY_BYTES, Unsealable

LOOK_AGAIN_SECONDS = 60
_MOST_KEYS = 16
_Seen = tuple[int, int, int]

log = logging.getLogger(__name__)


class UnusableKeyring(Unsealable):
    """The file of the master keys cannot be used; the message says why, and what to do."""


class _Foreign(Exception):
    """The file belongs to somebody else, and what replaces it cannot be given to them."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One master key, as the keys for its purposes: wrapping data keys, sealing what is our own,
    signing cookies. `id` names it and tells nothing of it."""

    id: UUID
    secret: bytes = field(repr=False)
    wrapping: bytes = field(repr=False)
    platform: bytes = field(repr=False)
    cookies: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> "MasterKey":
        wrapping = crypto.derive(secret, "wedsync data keys")
        return cls(
            UUID(bytes=hashlib.sha256(wrapping).digest()[:16]),
            secret,
            wrapping,
            crypto.derive(secret, "wedsync platform values"),
            crypto.derive(secret, "session cookie"),
        )

    @property
    def name(self) -> str:
        """What people call it."""
        return self.id.hex[:8]


class Keyring:
    """The master keys, the one in use first."""

    def __init__(
        self, secrets: Sequence[bytes], file: Path | None = None, seen: _Seen | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._keys = _keys(secrets)
        self._file = file
        self._seen = seen
        self._looked_at = time.monotonic()
        self._trouble = ""

    @classmethod
    def at(cls, file: Path) -> "Keyring":
        """The ring in this file, made with one key when there is none. Raises UnusableKeyring."""
        try:
            if not file.exists():
                return cls([_made(file)], file)
            seen = _seen(file)  # before it is read: what is written in between is read again
            return cls(_read(file), file, seen)
        except OSError as error:
            raise UnusableKeyring(f"{file} cannot be used ({error.strerror}).") from error

    @property
    def file(self) -> Path | None:
        """Where the keys are kept; None when they came from the environment."""
        return self._file

    @property
    def keys(self) -> tuple[MasterKey, ...]:
        """All of them, the one in use first."""
        if time.monotonic() - self._looked_at >= LOOK_AGAIN_SECONDS:
            self.look_again()
        return self._keys

    @property
    def current(self) -> MasterKey:
        """The one that wraps and seals what is made now."""
        return self.keys[0]

    def key(self, key_id: UUID) -> MasterKey:
        """The key with this id. Raises Unsealable when the ring does not have it."""
        found = self._find(key_id)
        if found is None:
            self.look_again()
            found = self._find(key_id)
        if found is None:
            raise Unsealable("This was sealed under a master key that this installation lacks.")
        return found

    def look_again(self) -> bool:
        """Read the file again where it changed; whether what there is could be read."""
        with self._lock:
            self._looked_at = time.monotonic()
            if self._file is None:
                return True
            try:
                seen = _seen(self._file)
                if seen != self._seen:
                    self._keys, self._seen = _keys(_read(self._file)), seen
                trouble = ""
            except (OSError, UnusableKeyring) as error:
                trouble = str(error)
            if trouble and trouble != self._trouble:
                log.warning("the master keys could not be read again: %s", trouble)
            self._trouble = trouble
            return not trouble

    def require_readable(self) -> None:
        """Have the keys as they are now. Raises UnusableKeyring where they cannot be read."""
        if not self.look_again():
            raise UnusableKeyring(self._trouble)

    def write(self, secrets: Sequence[bytes]) -> None:
        """Put these keys into the file, all at once. Raises UnusableKeyring."""
        if self._file is None:
            raise UnusableKeyring("The master keys are in WEDSYNC_MASTER_KEY.")
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            _write(fresh, b"".join(secrets), self._file.stat())
            fresh.replace(self._file)
            _sync(self._file.parent)
        except _Foreign as error:
            fresh.unlink(missing_ok=True)
            raise UnusableKeyring(
                f"{self._file} belongs to another user, who could not read it any more: "
                "run this as that user, or as root."
            ) from error
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise UnusableKeyring(f"{self._file} cannot be written ({error.strerror}).") from error
        self.look_again()

    def _find(self, key_id: UUID) -> MasterKey | None:
        return next((key for key in self.keys if key.id == key_id), None)


def _keys(secrets: Sequence[bytes]) -> tuple[MasterKey, ...]:
    return tuple(MasterKey.of(secret) for secret in secrets)


def _seen(file: Path) -> _Seen:
    status = file.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size


def _read(file: Path) -> list[bytes]:
    held = file.read_bytes()
    found = [held[at : at + KEY_BYTES] for at in range(0, len(held), KEY_BYTES)]
    whole = len(held) % KEY_BYTES == 0 and 1 <= len(found) <= _MOST_KEYS
    if not whole or len(set(found)) != len(found):
        raise UnusableKeyring(
            f"{file} should hold master keys of {KEY_BYTES} bytes, one behind the other."
        )
    return found


def _made(file: Path) -> bytes:
    """A new file with one key. Linked whole, so that several who start at once agree on one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    _write(fresh, crypto.new_key())
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass  # another process was first; its key is the key
    finally:
        fresh.unlink()
    return _read(file)[0]


def _write(path: Path, content: bytes, like: os.stat_result | None = None) -> None:
    """A new file for its owner only, who is that of `like`. Raises _Foreign."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if like is not None:
            _give(descriptor, like)
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _give(descriptor: int, like: os.stat_result) -> None:
    """Let this file belong to whom that one belongs to. The group may read neither."""
    with suppress(PermissionError):
        os.fchown(descriptor, -1, like.st_gid)
    if os.fstat(descriptor).st_uid != like.st_uid:
        try:
            os.fchown(descriptor, like.st_uid, -1)
        except PermissionError as error:
            raise _Foreign from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
