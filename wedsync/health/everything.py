"""How each connection, hook, endpoint and workflow of an organization does: for pages, and for
whoever watches over all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from wedsync.health import figures, lines
from wedsync.health.lines import ConnectorLine, Line, Rows
from wedsync.platform.wording import Wording
from wedsync.rollups import reading
from wedsync.rollups.tallies import SeriesName


@dataclass(frozen=True, slots=True)
class Everything:
    """Lines by kind; `connectors` are those of the connections, as they do for everybody."""

    connections: tuple[Line, ...]
    connectors: tuple[ConnectorLine, ...]
    hooks: tuple[Line, ...]
    endpoints: tuple[Line, ...]
    workflows: tuple[Line, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All of the organization's own."""
        return (*self.connections, *self.hooks, *self.endpoints, *self.workflows)


def of(organization_id: UUID, words: Wording, most: int | None = figures.SHOWN) -> Everything:
    """How everything does as `words.now` finds it; at most so many of each kind, None for all."""
    rows = {
        "connection": figures.connections(organization_id, most),
        "endpoint": figures.endpoints(organization_id, most),
        "workflow": figures.workflows(organization_id, most),
    }
    counted = reading.recent(_series(organization_id, rows), words.now)
    connected = rows["connection"]
    connections = tuple(lines.connections(organization_id, connected, counted, words))
    return Everything(
        connections=connections,
        connectors=tuple(lines.connectors(connected, connections, counted)),
        hooks=tuple(lines.hooks(organization_id, figures.hooks(organization_id, most), words)),
        endpoints=tuple(lines.endpoints(organization_id, rows["endpoint"], counted, words)),
        workflows=tuple(lines.workflows(organization_id, rows["workflow"], counted, words)),
    )


def _series(organization_id: UUID, rows: Mapping[str, Rows]) -> Iterator[SeriesName]:
    """Of all these things, and of their connectors for everybody."""
    for kind, things in rows.items():
        for row in things:
            yield SeriesName(organization_id, kind, str(row.id))
    for row in rows["connection"]:
        yield SeriesName(None, "connector", row.slug)
