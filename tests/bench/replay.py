"""A new endpoint is sent everything that happened before it was made: how soon the first of it
arrives, and how much more memory the worker needs at most until the last one did."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from tests.bench import traffic
from tests.bench.measurement import Run, require
from tests.bench.stage import Stage
from wedsync.accounts import organizations
from wedsync.platform.db import db
from wedsync.platform.runtime import commit
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.replays import service as replays
from wedsync.webhooks.replays.service import Wish

_PATH = "/replayed"
_EVENTS = (
    "INSERT INTO events (organization_id, type, source, occurred_at, data, causation,"
    " fanned_out_at) SELECT %(organization)s, 'bench.replayed', 'api', now(), %(data)s::jsonb,"
    " '{}', now() FROM generate_series(1, %(events)s)"
)
_ARRIVED = "SELECT count(*) FROM deliveries WHERE endpoint_id = %s AND state = 'delivered'"
_WHOLE_S = 1_200.0


def replay(run: Run) -> Mapping[str, float]:
    """From asking for it until it began, until the first arrived, and until the last one did."""
    stage, wanted = run.stage, run.size.replayed
    organization, endpoint = _happened_before(stage, wanted)
    stage.forget_arrivals()
    worker = _Memory(stage.processes.pids("worker-1")[0])
    began = time.monotonic()
    with stage.app.app_context():
        asked = replays.begin(organization, endpoint, Wish(datetime(2020, 1, 1, tzinfo=UTC)))
        replay_id = asked.id
        commit("replays")
    begun = time.monotonic()
    first = _first_arrival(stage)
    stage.wait_until(
        lambda: bool(stage.ask(_ARRIVED, endpoint) >= wanted), "sending it all again", _WHOLE_S
    )
    whole = time.monotonic() - began
    queued = stage.ask("SELECT queued FROM replays WHERE id = %s AND state = 'done'", replay_id)
    require(queued or 0, wanted, "deliveries of a replay")
    return {
        "replay_begin_ms": (begun - began) * 1000,
        "replay_first_ms": (first - began) * 1000,
        "replayed_per_s": wanted / whole,
        "replay_memory_mb": worker.grown_mb(),
    }


def _happened_before(stage: Stage, events: int) -> tuple[UUID, UUID]:
    """An organization to which so much happened, and then an endpoint."""
    with stage.app.app_context():
        organization = organizations.create("Bench replay").id
        db.session.commit()
        data = json.dumps(traffic.answer(0))
        given = {"organization": organization, "events": events, "data": data}
        stage.database.execute(_EVENTS, given)
        url = f"http://127.0.0.1:{stage.ports.sink}{_PATH}"
        endpoint, _secret = endpoints.create(organization, {"url": url})
        db.session.commit()
        return organization, endpoint.id


def _first_arrival(stage: Stage) -> float:
    """When it came; the receiver keeps an instant for each key, in order."""
    stage.wait_until(lambda: bool(stage.sink(f"/keys{_PATH}")), "beginning to send it again")
    return float(min(stage.sink(f"/keys{_PATH}").values()))


class _Memory:
    """How much more a process holds at its peak than when this was made."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc") / str(pid)
        (self._folder / "clear_refs").write_text("5")  # forget the peak so far: proc(5)
        self._before = self._peak_kb()

    def grown_mb(self) -> float:
        return (self._peak_kb() - self._before) / 1_000

    def _peak_kb(self) -> int:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
