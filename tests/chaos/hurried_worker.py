"""`python -m tests.chaos.hurried_worker`: a worker process whose waiting times are seconds.

Everything else is the product's own.
"""

import sys

from wedsync.webhooks.delivering import limits, schedule, sending, standing
from workers.__main__ import main


def run() -> int:
    """The worker's exit code."""
    schedule.DELAYS_S = (0.5, 1.0, 1.0, 1.5, 1.5, 2.0, 2.0, 2.5, 3.0)
    sending.TIMEOUT_S = 1.5
    standing.FIRST_PAUSE_S, standing.LONGEST_PAUSE_S = 0.4, 2.0
    limits.PROBE_S = 4.0
    return main()


if __name__ == "__main__":
    sys.exit(run())
