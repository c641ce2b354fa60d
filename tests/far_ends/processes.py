"""Far ends as processes: each says in its first line that it listens."""

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from wedsync.platform.embedded import process
from wedsync.settings import CHECKOUT


@contextmanager
def far_end(argv: Sequence[str], **told: str) -> Iterator[str]:
    """The first line of a program that ends with the block, or with this test run.

    `told` are variables of its environment, beside ours.
    """
    environment: Mapping[str, str] = {**os.environ, **told}
    read_end, write_end = os.pipe()
    child = process.spawn(
        argv,
        output=write_end,
        death_signal=signal.SIGKILL,
        cwd=CHECKOUT,
        environment=environment,
    )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as said:
            yield said.readline()
    finally:
        child.kill()
        child.wait()
