"""Processes that share one connection: `python -m tests.chaos.sharing '<what to do>'`.

One warm process forks them, so that fifty are light; each has an engine, a vault and a door of
its own, as processes of the product have. About once a second each asks the far end who it is with
the connection's token, says so where that was refused, and counts the answers. They end by
themselves after `seconds`, or with their parent. Prints one JSON line of counts at the end.
"""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from wedsync import connectors
from wedsync.connections.access import Unusable, fresh, refused
from wedsync.connectors.contract import Access
from wedsync.platform import outbound
from wedsync.platform.db import engine_options
from wedsync.platform.outbound import Answer, Request
from wedsync.platform.vault import Keyring, Vault
from wedsync.settings import Settings

WAIT_S = 120.0
_REFUSED = "401"


def main() -> None:
    given = json.loads(sys.argv[1])
    connectors.manifests()
    pipes = [_forked(given, number) for number in range(given["processes"])]
    counts: Counter[str] = Counter()
    for read_end in pipes:
        with os.fdopen(read_end) as said:
            counts.update(json.loads(said.readline() or '{"died": 1}'))
    print(json.dumps(counts), flush=True)


def _forked(given: dict[str, Any], number: int) -> int:
    """A child that tells its counts through the pipe whose other end this is."""
    read_end, write_end = os.pipe()
    if os.fork():
        os.close(write_end)
        return read_end
    os.close(read_end)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    random.seed(number)
    counts = _share(given)
    os.write(write_end, (json.dumps(counts) + "\n").encode())
    os.close(write_end)
    # A refresh that this process began comes home before it ends.
    sys.exit(0)


def _share(given: dict[str, Any]) -> Counter[str]:
    settings = Settings.from_environment()
    outbound.allow_loopback(True)
    options = {**engine_options(pool_size=1, application_name="sharing"), "max_overflow": 2}
    engine = create_engine(settings.database_url, **options)
    vault = Vault(Keyring(settings.master_keys))
    organization_id, connection_id = UUID(given["organization"]), UUID(given["connection"])
    counts: Counter[str] = Counter()
    until = time.monotonic() + given["seconds"]
    while time.monotonic() < until:
        with suppress(OperationalError):  # a lock that was not to be had: it comes again, as all do
            found = fresh(engine, vault, settings, organization_id, connection_id, WAIT_S)
            counts[_used(engine, found, organization_id, connection_id)] += 1
        time.sleep(random.uniform(0.8, 1.6))
    return counts


def _used(
    engine: Engine, found: Access | Unusable, organization_id: UUID, connection_id: UUID
) -> str:
    """What the far end answered, or why it was not asked."""
    if isinstance(found, Unusable):
        return "gone" if found.gone else "waited in vain"
    said = _me(found.base_url, dict(found.headers))
    if said == _REFUSED:
        with engine.begin() as database:
            refused(database, organization_id, connection_id, found.generation)
    return said


def _me(base_url: str, headers: dict[str, str]) -> str:
    answer = outbound.request(Request("GET", f"{base_url}/me", headers, timeout_s=10))
    return str(answer.status) if isinstance(answer, Answer) else answer.code


if __name__ == "__main__":
    main()
