"""Whether this installation can do its work: what it must have, and what it can do without."""

from dataclasses import dataclass
from datetime import timedelta

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from wedsync import migrations
from wedsync.platform import wake
from wedsync.platform.db import db
from wedsync.platform.runtime import settings

SEEN_WITHIN = timedelta(seconds=60)
"""A worker that was not seen for so long counts as gone; it says that it lives every 15 s."""

_REDIS_TIMEOUT_S = 0.05
_WORKERS = text(
    "SELECT count(*) FROM owners"
    " WHERE seen_at > clock_timestamp() - make_interval(secs => :seconds)"
)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Each part as `ok`, or why not. `is_ready` needs only the database and its schema."""

    database: str
    migrations: str
    redis: str
    workers: str

    @property
    def is_ready(self) -> bool:
        return self.database == self.migrations == "ok"

    @property
    def state(self) -> str:
        if not self.is_ready:
            return "not_ready"
        return "ready" if self.redis == self.workers == "ok" else "degraded"


def look() -> Readiness:
    """Ask every part how it is, each within its own short time."""
    try:
        with db.engine.connect() as connection:
            current = migrations.current(connection)
            seconds = SEEN_WITHIN.total_seconds()
            workers = connection.scalar(_WORKERS, {"seconds": seconds}) if current else 0
    except (DBAPIError, PoolTimeout):
        return Readiness("away", "unknown", _redis(), "unknown")
    schema = "ok" if current == migrations.head() else "behind"
    return Readiness("ok", schema, _redis(), "ok" if workers else "none")


def _redis() -> str:
    url = settings().redis_url
    if url is None:
        return "none"
    try:
        wake.connect(url, timeout_s=_REDIS_TIMEOUT_S).ping()
    except RedisError:
        return "away"
    return "ok"
