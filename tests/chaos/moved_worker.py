"""`python -m tests.chaos.moved_worker <file>`: a worker process whose clock a test moves.

The file holds the instant it is; everything else is the product's own.
"""

import sys
from datetime import datetime
from pathlib import Path

from wedsync.platform import clock
from workers.__main__ import main


def run() -> int:
    """The worker's exit code."""
    instant = Path(sys.argv.pop(1))
    clock.now = lambda: datetime.fromisoformat(instant.read_text())
    return main()


if __name__ == "__main__":
    sys.exit(run())
