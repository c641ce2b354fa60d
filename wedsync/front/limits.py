"""What one process of the front takes at once, and how long it waits."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, seconds and counts. Whatever comes beyond a count is asked to come again."""

    body_bytes: int = MIB
    upload_bytes: int = MIB
    """No page takes a file yet, so nobody may fill the disk with one."""

    body_s: float = 10.0
    """For the whole of a request to arrive."""

    discarded_bytes: int = 8 * MIB
    discarding_s: float = 2.0
    """Read and thrown away after a refusal: a sender cut off in mid-body would not hear why."""

    requests: int = 512
    flask_threads: int = 16
    arrivals: int = 1_000
    arrived_bytes: int = 64 * MIB
    noted_every_s: float = 5.0
    """How often counts of refusals are written."""

    streams: int = 500
    heartbeat_s: float = 15.0
    ask_every_s: float = 60.0
    """How often Flask is asked again whether somebody may still watch."""
