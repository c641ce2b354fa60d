"""Processes that share one connection: `python -m tests.chaos.sharing '<what to do>'`.

One warm process forks them, so that fifty are light; each has an engine, a vault and a door of
its own, as processes of the product have. Each asks the practice partner who it is with the
connection's token, about once a second, and counts the answers. They end by themselves
after `seconds`, or with their parent. Prints one JSON line of counts at the end.
"""

import json
import os
import random
import signal
import sys
import time
from base64 import b64decode
from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import create_engine

from wedsync import connectors
from wedsync.connections.access import Unusable, fresh
from wedsync.platform import outbound
from wedsync.platform.db import engine_options
from wedsync.platform.outbound import Answer, Request
from wedsync.platform.vault import Vault
from wedsync.settings import Settings

WAIT_S = 10.0


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
    vault = Vault(b64decode(os.environ["WEDSYNC_MASTER_KEY"]))
    organization_id, connection_id = UUID(given["organization"]), UUID(given["connection"])
    counts: Counter[str] = Counter()
    until = time.monotonic() + given["seconds"]
    while time.monotonic() < until:
        found = fresh(engine, vault, settings, organization_id, connection_id, WAIT_S)
        if isinstance(found, Unusable):
            counts["gone" if found.gone else "waited in vain"] += 1
        else:
            counts[_me(found.base_url, dict(found.headers))] += 1
        time.sleep(random.uniform(0.8, 1.6))
    return counts


def _me(base_url: str, headers: dict[str, str]) -> str:
    answer = outbound.request(Request("GET", f"{base_url}/me", headers, timeout_s=10))
    return str(answer.status) if isinstance(answer, Answer) else answer.code


if __name__ == "__main__":
    main()
