"""How one thing did over a time: what is counted of it, step by step, and altogether."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wedsync.connections import queries as connections
from wedsync.health.periods import Period
from wedsync.rollups import bins, reading
from wedsync.rollups.tallies import SeriesName, Tally
from wedsync.webhooks import queries as webhooks
from wedsync.workflows import queries as workflows

SHARES = {"half_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
"""What is told of how long things took, and of how many of them it is true."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What figures are of: its series, and what people call it."""

    series: SeriesName
    name: str


@dataclass(frozen=True, slots=True)
class Point:
    """One step of the time."""

    at: datetime
    tally: Tally

    def within_ms(self) -> dict[str, float | None]:
        """Within how long half of what worked was done, nineteen in twenty, 99 in a hundred."""
        return within_ms(self.tally)


@dataclass(frozen=True, slots=True)
class Analysis:
    """One thing over a period: every step of it, also those in which nothing ended."""

    thing: Thing
    period: Period
    points: tuple[Point, ...]
    total: Tally


def connection(organization_id: UUID, connection_id: UUID) -> Thing:
    """Raises NotFound."""
    found = connections.get_connection(organization_id, connection_id)
    return Thing(SeriesName(organization_id, "connection", str(found.id)), found.name)


def endpoint(organization_id: UUID, endpoint_id: UUID) -> Thing:
    """Raises NotFound."""
    found = webhooks.get_endpoint(organization_id, endpoint_id)
    series = SeriesName(organization_id, "endpoint", str(found.id))
    return Thing(series, found.description or found.url)


def workflow(organization_id: UUID, workflow_id: UUID, step: str | None = None) -> Thing:
    """Its runs, or the tries of one of its steps (also of one that is gone). Raises NotFound."""
    found = workflows.get_workflow(organization_id, workflow_id)
    if step is None:
        return Thing(SeriesName(organization_id, "workflow", str(found.id)), found.name)
    return Thing(SeriesName(organization_id, "step", str(found.id), step), found.name)


def analyse(thing: Thing, period: Period) -> Analysis:
    """What was counted of it."""
    counted = reading.over(thing.series, period.first, period.after, period.unit, period.zone)
    total = Tally()
    for tally in counted.values():
        total.add(tally)
    points = tuple(Point(at, counted.get(at, Tally())) for at in period.steps())
    return Analysis(thing, period, points, total)


def within_ms(tally: Tally) -> dict[str, float | None]:
    return {name: bins.percentile_ms(tally.bins, share) for name, share in SHARES.items()}


def as_csv(found: Analysis) -> str:
    """One line for each step (RFC 4180)."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(["at", "tried", "succeeded", "failed", "put_off", *SHARES])
    for point in found.points:
        tally = point.tally
        counts = (tally.tried, tally.succeeded, tally.failed, tally.put_off)
        lines.writerow([point.at.isoformat(), *counts, *point.within_ms().values()])
    return written.getvalue()
