"""Where a run happens: the servers, the front, the workers, and the far ends beside them."""

import base64
import fcntl
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import psutil
import psycopg
from apiflask import APIFlask

from tests.bench import bare_path, load, rq_jobs
from tests.bench.processes import BenchError, Processes, free_port, listens
from wedsync import migrations
from wedsync.cli.supervisor import programs
from wedsync.factory import create_app
from wedsync.platform import crypto, embedded
from wedsync.platform.db import db
from wedsync.platform.embedded import PostgresServer, RedisServer
from wedsync.platform.runtime import runtime
from wedsync.settings import CHECKOUT, Settings
from wedsync.webhooks.schemes.signatures import new_standard_secret

FOLDER = CHECKOUT / "var" / "bench"
_START_S = 30.0
_WORK_S = 120.0
_SEND_S = 180.0
_RQ_DATABASE = "db=1"
_WORKERS = ("worker-1", "worker-2", "long")

_NEW_EVENTS = """
SELECT EXISTS (SELECT FROM events WHERE fanned_out_at IS NULL AND parked_at IS NULL)
"""
_SESSIONS = """
SELECT pid FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_PENDING = f"""{_NEW_EVENTS}
    OR EXISTS (SELECT FROM runs WHERE state = 'running')
    OR EXISTS (SELECT FROM runs WHERE state IN ('queued', 'waiting') AND due_at IS NOT NULL)
    OR EXISTS (SELECT FROM runs WHERE state = 'waiting' AND parent_run_id IS NULL)
    OR EXISTS (SELECT FROM deliveries WHERE state = 'due')
    OR EXISTS (SELECT FROM deliveries WHERE state = 'in_flight')
"""


@dataclass(frozen=True)
class Ports:
    front: int
    bare: int
    sink: int


@dataclass(frozen=True)
class Stage:
    """Everything that runs; `app` is our own, for setting the scene."""

    settings: Settings
    ports: Ports
    bare_secret: str
    app: APIFlask
    database: psycopg.Connection[Any]
    processes: Processes
    servers: tuple[PostgresServer, RedisServer]
    environment: Mapping[str, str]

    def start_workers(self, number: int) -> None:
        """Start as many workers, and the one for long jobs, and wait until they hold their lock."""
        machine = [programs.worker(f"worker-{n + 1}") for n in range(number)]
        pids = [self._start(program) for program in machine]
        self._start(programs.worker("long", queue="long"))
        owners = "SELECT count(*) FROM owners WHERE split_part(process, ':', 2)::int = ANY(%s)"
        self.wait_until(lambda: self.ask(owners, pids) == number, "starting the workers", _START_S)

    def stop_workers(self) -> None:
        self.processes.stop(*_WORKERS)

    def start_rq_workers(self, number: int) -> None:
        """Start stock `rq worker` processes for the yardstick's jobs."""
        program = str(Path(sys.executable).with_name("rq"))
        options = ["--quiet", "--url", self.rq_url, "--path", str(CHECKOUT)]
        argv = [program, "worker", *options, "--config", "tests.bench.rq_jobs", rq_jobs.QUEUE]
        for n in range(number):
            self.processes.start(f"rq-{n + 1}", argv, self.environment)

    def stop_rq_workers(self) -> None:
        self.processes.stop("rq-1", "rq-2")

    @property
    def rq_url(self) -> str:
        """A Redis database of the yardstick's own."""
        return (self.settings.redis_url or "").replace("db=0", _RQ_DATABASE)

    def send(self, order: load.Order) -> load.Receipt:
        """Have an order sent by a process of its own; every request must be accepted."""
        wanted, got = self.settings.home / "order.json", self.settings.home / "receipt.json"
        wanted.write_text(json.dumps(asdict(order)))
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.load", str(wanted), str(got)],
            capture_output=True,
            text=True,
            cwd=CHECKOUT,
            timeout=_SEND_S,
            check=False,
        )
        if done.returncode != 0:
            raise BenchError(f"The sender failed: {done.stderr[-500:]}")
        receipt = load.Receipt(**json.loads(got.read_text()))
        if set(receipt.statuses) != {"202"}:
            raise BenchError(f"Not everything was accepted: {receipt.statuses}")
        return receipt

    def sink(self, question: str, method: str = "GET") -> Any:
        """Ask the receiver what came."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports.sink, timeout=10)
        try:
            connection.request(method, question)
            answer = connection.getresponse().read()
        finally:
            connection.close()
        return json.loads(answer) if method == "GET" else None

    def forget_arrivals(self) -> None:
        self.sink("/forget", "POST")

    def answer_who_hangs(self) -> None:
        self.sink("/answer", "POST")

    def wait_for_arrivals(self, path: str, count: int) -> float:
        """Wait until `count` different keys came to `path`; the instant the last one did."""
        self.wait_until(
            lambda: self.sink(f"/count{path}")["count"] >= count, f"sending {count} to {path}"
        )
        return float(self.sink(f"/count{path}")["last_at"])

    def wait_until_fanned_out(self) -> None:
        """Wait until every event accepted has started what it starts."""
        self.wait_until(lambda: not self.ask(_NEW_EVENTS), "fanning out")

    def wait_until_idle(self) -> None:
        """Wait until everything accepted was fanned out, run, delivered and recorded."""
        self.wait_until(lambda: not self.ask(_PENDING), "finishing what is pending")

    def ring(self, *bells: str) -> None:
        """Wake the workers, as whoever commits does."""
        with self.app.app_context():
            runtime().wake.ring(*bells)

    def wait_until(
        self, condition: Callable[[], bool], what: str, seconds: float = _WORK_S
    ) -> None:
        self.processes.wait_until(condition, seconds, what)

    def ask(self, query: str, *values: object) -> Any:
        """The one value a query gives."""
        row = self.database.execute(query.encode(), values).fetchone()
        return row[0] if row else None

    def cpu_seconds(self) -> float:
        """What the workers and the database's sessions have used, all but the one that asks."""
        with self.database.cursor() as cursor:
            cursor.execute(_SESSIONS)
            sessions = [row[0] for row in cursor.fetchall()]
        workers = self.processes.pids(*_WORKERS)
        spent = [psutil.Process(pid).cpu_times() for pid in [*workers, *sessions]]
        return float(sum(each.user + each.system for each in spent))

    def memory_mb(self) -> float:
        """What all our processes hold, memory they share counted once, in megabytes."""
        served = [server.pid for server in self.servers if server.pid is not None]
        return sum(map(_family_mb, [*self.processes.pids("front", *_WORKERS), *served]))

    def _start(self, program: programs.Program) -> int:
        return self.processes.start(program.name, program.argv, self.environment)


@contextmanager
def prepared() -> Iterator[Stage]:
    """A migrated installation with its front and its far ends; no worker runs yet."""
    (FOLDER / "logs").mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        _be_the_only_one(stack.enter_context((FOLDER / "lock").open("wb")))
        # Beside the checkout and not in a temporary folder, which may be memory: commits are
        # measured as far as the disk.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="home-", dir=FOLDER))
        postgres = stack.enter_context(embedded.postgres(Path(folder) / "postgres", keep=False))
        redis = stack.enter_context(embedded.redis(Path(folder) / "redis"))
        ports = Ports(free_port(), free_port(), free_port())
        secret = new_standard_secret()
        environment = _environment(Path(folder), postgres.url, redis.url, ports, secret)
        settings = Settings.from_environment(environment)
        migrations.upgrade(settings.database_url)
        app = create_app(settings, pool_size=2)
        stack.callback(_dispose, app)
        database = stack.enter_context(psycopg.connect(postgres.url, autocommit=True))
        database.execute(bare_path.TABLE)
        database.execute(rq_jobs.TABLE)
        processes = stack.enter_context(Processes(FOLDER / "logs"))
        _start_ends(processes, settings, ports, environment)
        yield Stage(
            settings, ports, secret, app, database, processes, (postgres, redis), environment
        )


def _be_the_only_one(lock: IO[bytes]) -> None:
    """Two runs would measure each other. What a killed one left behind is cleared away."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BenchError("Another run is measuring just now.") from None
    for left in FOLDER.glob("home-*"):
        shutil.rmtree(left, ignore_errors=True)


def _start_ends(
    processes: Processes, settings: Settings, ports: Ports, environment: Mapping[str, str]
) -> None:
    front = programs.web(settings).argv
    # The same server with the same options, another app.
    bare = [*front[:-1], "tests.bench.bare_path:app"]
    bare[bare.index("--port") + 1] = str(ports.bare)
    sink = [sys.executable, "-m", "tests.bench.sink", str(ports.sink)]
    for name, argv in (("front", front), ("bare", bare), ("sink", sink)):
        processes.start(name, argv, environment)
    for name, port in asdict(ports).items():
        processes.wait_until(partial(listens, port), _START_S, f"starting {name}")


def _environment(
    home: Path, database_url: str, redis_url: str, ports: Ports, secret: str
) -> dict[str, str]:
    return {
        **os.environ,
        "PORT": str(ports.front),
        "PUBLIC_URL": f"http://localhost:{ports.front}",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "WEDSYNC_HOME": str(home),
        "WEDSYNC_HOST": "127.0.0.1",
        "WEDSYNC_MASTER_KEY": base64.b64encode(crypto.new_key()).decode(),
        "WEDSYNC_ALLOW_LOOPBACK": "1",
        "WEDSYNC_PROXY_HOPS": "0",
        "PYTHONPATH": str(CHECKOUT),
        bare_path.SECRET_VARIABLE: secret,
        rq_jobs.SINK_VARIABLE: str(ports.sink),
    }


def _dispose(app: APIFlask) -> None:
    with app.app_context():
        db.engine.dispose()


def _family_mb(pid: int) -> float:
    parent = psutil.Process(pid)
    total = 0
    for member in (parent, *parent.children(recursive=True)):
        total += member.memory_full_info().pss
    return total / 1e6
