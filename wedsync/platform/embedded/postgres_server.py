"""The private PostgreSQL: the wheel's own programs, called by us, with durability left on."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, ClassVar
from urllib.parse import quote

import psycopg
from psycopg.rows import scalar_row

from wedsync.platform.embedded import dropped, process
from wedsync.platform.embedded.server import Server, ServerError, socket_folder

_ROLE = "wedsync"
_DATABASE = "wedsync"
_SOCKET = ".s.PGSQL.5432"
_INITDB_S = 120
_LEFTOVERS_S = 10.0
# For a developer's machine of two cores. A commit is still on the disk when it is answered:
# fsync, synchronous_commit and full_page_writes keep their defaults.
_PARAMETERS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "wal_buffers": "16MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
    "random_page_cost": "1.1",
    # Compiling costs more than these short queries take.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresServer(Server):
    """One PostgreSQL cluster with the database `wedsync`, reached by socket and password."""

    name: ClassVar[str] = "PostgreSQL"
    # "Fast" ends sessions and writes a checkpoint; "immediate" recovers at the next start.
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]] = (
        (signal.SIGINT, 8.0),
        (signal.SIGQUIT, 3.0),
        (signal.SIGKILL, 3.0),
    )

    def __init__(
        self, directory: Path, *, keep: bool = True, parameters: Mapping[str, str] | None = None
    ) -> None:
        directory = directory.absolute()
        storage = dropped.storage_for(directory) if dropped.needed() else directory
        super().__init__(directory, storage=storage)
        self._keep = keep
        self._marker: IO[bytes] | None = None
        self._parameters = {**_PARAMETERS, **(parameters or {})}
        self._data = storage / "data"

    @property
    def url(self) -> str:
        """`postgresql://…`, password included, for psycopg and libpq."""
        return self.url_of(_DATABASE)

    def url_of(self, database: str) -> str:
        """The address of another database of the same cluster."""
        password = self._password_file.read_text().strip()
        folder = quote(str(self._socket_folder), safe="")
        return f"postgresql://{_ROLE}:{password}@/{database}?host={folder}"

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self._marker is not None:
            self.delete()
            self._marker.close()

    def made(self) -> bool:
        """Whether there is a database to start."""
        return self._made_by.exists() and self._password_file.exists()

    def delete(self) -> None:
        """Delete the data and the password. Only while it is stopped."""
        shutil.rmtree(self.storage, ignore_errors=True)
        self._password_file.unlink(missing_ok=True)

    def _run_as(self) -> pwd.struct_passwd | None:
        return dropped.user()

    @property
    def _password_file(self) -> Path:
        return self.directory / "password"

    @property
    def _socket_folder(self) -> Path:
        return socket_folder(self.storage, _SOCKET)

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    @property
    def _mark(self) -> str:
        return str(self._data)

    # --- before the first start

    def _prepare(self) -> None:
        dropped.make_folder(self.storage, self.directory, self._run_as())
        if not self._keep and self._marker is None:
            self._marker = dropped.mark_temporary(self.storage)
        if not self._password_file.exists():
            self._begin_afresh()
        if not self._made_by.exists():
            self._create_cluster()
        self._refuse_other_version()
        self._clear_stale_pid()

    @property
    def _made_by(self) -> Path:
        return self._data / "PG_VERSION"

    def _begin_afresh(self) -> None:
        """Set data aside whose password is gone: the home was deleted, or cloned anew.

        The last such data is kept, as `data.left`; nothing here can read its secrets any more.
        """
        if self._data.exists():
            left = self.storage / "data.left"
            shutil.rmtree(left, ignore_errors=True)
            self._data.rename(left)
        _write_private(self._password_file, secrets.token_urlsafe(24), None)

    def _create_cluster(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        handed_over = self.storage / "password.initdb"
        _write_private(handed_over, self._password_file.read_text(), self._run_as())
        try:
            self._initdb(handed_over)
        finally:
            handed_over.unlink()

    def _initdb(self, password_file: Path) -> None:
        user = self._run_as()
        unfinished = self.storage / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        done = subprocess.run(
            [
                str(self._programs() / "initdb"),
                f"--pgdata={unfinished}",
                f"--username={_ROLE}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                *([] if self._keep else ["--no-sync"]),
            ],
            cwd=self.storage,
            env={"LC_ALL": "C", "PATH": os.defpath, "TZ": "UTC"},
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            capture_output=True,
            text=True,
            timeout=_INITDB_S,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise ServerError(f"PostgreSQL could not be set up: {' '.join(last)}")
        unfinished.rename(self._data)

    def _refuse_other_version(self) -> None:
        made_by = self._made_by.read_text().strip()
        installed = dropped.major_version(self._programs())
        if made_by != installed:
            raise ServerError(
                f"The data in {self._data} was made by PostgreSQL {made_by}, but PostgreSQL "
                f"{installed} is installed: move that folder away to begin afresh, "
                "or serve it with its own version and set DATABASE_URL."
            )

    def _clear_stale_pid(self) -> None:
        """Forget a postmaster that is gone, once nobody works in its data any more.

        PostgreSQL refuses to start while the number in its pid file belongs to any live process
        of the same user, which after a reboot may be anything.
        """
        if not self._pid_file.exists():
            return
        if not process.wait_until(lambda: not process.working_in(self._data), _LEFTOVERS_S):
            raise ServerError(f"Processes of an earlier PostgreSQL still work in {self._data}.")
        self._pid_file.unlink(missing_ok=True)

    # --- running

    def _programs(self) -> Path:
        return dropped.programs(self._run_as())

    def _command(self) -> Sequence[str]:
        settings = {**self._parameters, "unix_socket_directories": str(self._socket_folder)}
        flat = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs() / "postgres"), "-D", str(self._data), *flat]

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
                self._ensure_database(connection)
        except psycopg.OperationalError:
            return False
        return True

    def _ensure_database(self, connection: psycopg.Connection) -> None:
        cursor = connection.cursor(row_factory=scalar_row)
        known = "SELECT count(*) FROM pg_database WHERE datname = %s"
        if cursor.execute(known, (_DATABASE,)).fetchone() == 0:
            connection.execute(f"CREATE DATABASE {_DATABASE}")


def _write_private(path: Path, text: str, owner: pwd.struct_passwd | None) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        if owner is not None:
            os.fchown(file.fileno(), owner.pw_uid, owner.pw_gid)
        file.write(text)
