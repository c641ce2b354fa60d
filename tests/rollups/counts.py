"""What is counted, read two ways: as it is kept, and from the rows it came from."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from tests.workers.scene import wait_until
from wedsync.rollups import counting, recounting
from wedsync.rollups.tallies import Tallies, Tally, by_hour, series_id

_KEPT = (
    "SELECT m.series_id, m.at, m.tried, m.succeeded, m.put_off, m.bins FROM {table} m"
    " WHERE m.at >= :first AND m.at < :after"
)

Counts = dict[tuple[Any, datetime], tuple[int, int, int, tuple[int, ...]]]


def hours_around_now() -> tuple[datetime, datetime]:
    this = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return this - timedelta(hours=2), this + timedelta(hours=2)


def count_all(engine: Engine, *, at_once: int = 1_000) -> int:
    """Count until nothing is left; returns how many endings that were."""
    counted = 0
    while True:
        with engine.begin() as connection:
            some = counting.count(connection, at_once)
        counted += some
        if not some:
            return counted


def kept(engine: Engine, table: str) -> Counts:
    first, after = hours_around_now()
    with engine.connect() as connection:
        rows = connection.execute(
            text(_KEPT.format(table=table)), {"first": first, "after": after}
        ).all()
    told = {
        (row.series_id, row.at): Tally(0, row.tried, row.succeeded, row.put_off, list(row.bins))
        for row in rows
    }
    return _plain(told)


def recounted(engine: Engine) -> tuple[Counts, Counts]:
    """From the rows that were recorded: by minute and by hour."""
    with engine.connect() as connection:
        minutes = recounting.recounted(connection, *hours_around_now())
    return _by_id(minutes), _by_id(by_hour(minutes))


def _by_id(tallies: Tallies) -> Counts:
    return _plain({(series_id(name), at): tally for (name, at), tally in tallies.items()})


def _plain(tallies: dict[tuple[Any, datetime], Tally]) -> Counts:
    """Without what comes to nothing: bins at the end, minutes of which all was taken back."""
    found: Counts = {}
    for key, tally in tallies.items():
        counted = list(tally.bins)
        while counted and counted[-1] == 0:
            counted.pop()
        told = (tally.tried, tally.succeeded, tally.put_off, tuple(counted))
        if told != (0, 0, 0, ()):
            found[key] = told
    return found


def _all_are_counted(engine: Engine) -> bool:
    """Workers may be counting, too."""
    count_all(engine)
    with engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM endings")) == 0


def require_the_same(engine: Engine) -> Counts:
    """Count what is left, and hold it against the rows; returns the minutes."""
    wait_until(lambda: _all_are_counted(engine))
    minutes, hours = recounted(engine)
    assert kept(engine, "rollup_minutes") == minutes
    assert kept(engine, "rollup_hours") == hours
    return minutes
