"""What is installed and kept on this machine."""

import os
import re
import shutil
import stat
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from wedsync.cli.checkup.finding import Finding, broken, fine, odd
from wedsync.cli.supervisor.preflight import FRONT_END
from wedsync.settings import CHECKOUT, MASTER_KEY_BYTES, Settings

_OLDEST_PYTHON = (3, 11)
_LITTLE_SPACE = 1_000_000_000
_NO_SPACE = 100_000_000
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def python() -> Finding:
    here = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return broken(f"Python {here} is too old: WedSync needs 3.11 or newer.")
    return fine(f"Python {here}.")


def packages() -> Finding:
    """Whether what `requirements.lock` pins is what is installed."""
    pins = dict(_PIN.findall((CHECKOUT / "requirements.lock").read_text()))
    missing = [name for name in pins if _installed(name) is None]
    if missing:
        return broken(f"Packages are missing ({_some(missing)}): run `make setup`.")
    other = [name for name, pinned in pins.items() if _installed(name) != pinned]
    if other:
        return odd(f"Packages differ from requirements.lock ({_some(other)}): run `make setup`.")
    return fine(f"All {len(pins)} packages are the ones in requirements.lock.")


def front_end() -> Finding:
    if not FRONT_END.exists():
        return broken("The front end is not built: run `make setup`.")
    return fine("The front end is built.")


def home(settings: Settings) -> Finding:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        return broken(f"WEDSYNC_HOME cannot be written: {folder}.")
    return fine(f"Files are kept in {settings.home}.")


def disk(settings: Settings) -> Finding:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB of disk are free"
    if free < _NO_SPACE:
        return broken(f"Only {said}: the database is about to stop.")
    return odd(f"Only {said}.") if free < _LITTLE_SPACE else fine(f"{said}.")


def master_key(settings: Settings) -> Finding:
    file = settings.master_key_file
    if settings.master_keys:
        return fine(f"{_keys(len(settings.master_keys))} in WEDSYNC_MASTER_KEY.")
    if not file.exists():
        return fine("The master key will be made at the first start.")
    return _key_file(file)


def _key_file(file: Path) -> Finding:
    status = file.stat()
    if not status.st_size or status.st_size % MASTER_KEY_BYTES:
        return broken(f"{file} is not a master key: put back the one this database was used with.")
    if stat.S_IMODE(status.st_mode) & 0o077:
        return broken(f"Others can read the master key: run `chmod 600 {file}`.")
    keys = _keys(status.st_size // MASTER_KEY_BYTES)
    return fine(f"{keys} in {file}, for its owner only. Keep a copy elsewhere.")


def _keys(count: int) -> str:
    return "The master key is" if count == 1 else f"{count} master keys are"


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _some(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown if len(names) <= len(names[:3]) else f"{shown} and {len(names) - 3} more"
