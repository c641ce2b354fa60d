"""A far end that counts who comes too often (`counting.py`), as tests ask it."""

import http.client
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.far_ends.processes import far_end
from wedsync.settings import CHECKOUT


@dataclass(frozen=True)
class Counted:
    """Every request as it came, with the status it got, and how many came too often."""

    arrivals: list[tuple[str, int]]
    violations: int

    @property
    def served(self) -> list[str]:
        return [guest for guest, status in self.arrivals if status == 200]


@dataclass(frozen=True)
class LimitedFarEnd:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def counted(self) -> Counted:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/counted")
            told = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return Counted([(guest, status) for guest, status in told["arrivals"]], told["violations"])


@contextmanager
def limited_far_end(
    calls: int, seconds: float, *, turns_away_every: int = 0
) -> Iterator[LimitedFarEnd]:
    """A far end that allows so many calls in any so many seconds; every so many-th it turns away
    though it might have come. In a process of its own, ended with the block."""
    script = CHECKOUT / "tests" / "far_ends" / "counting.py"
    command = [sys.executable, str(script), str(calls), str(seconds), str(turns_away_every)]
    with far_end(command) as port:
        yield LimitedFarEnd(int(port))
