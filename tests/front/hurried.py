"""The front with little patience, so that a test need not have much."""

from wedsync.front import Front
from wedsync.front.limits import Limits

app = Front(
    Limits(
        body_s=1.0,
        discarding_s=0.3,
        noted_every_s=0.5,
        streams=5,
        heartbeat_s=0.5,
        ask_every_s=1.0,
    )
)
