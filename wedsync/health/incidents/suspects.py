"""Organizations in which something may not do well, so that nobody else's has to be judged."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from wedsync.health.judging import THRESHOLDS
from wedsync.rollups import bins, reading

SHARES = 3
"""Of the suspects, one in so many is judged at a time, so that all are within so many rounds."""

_SLOWEST_THAT_IS_WELL_MS = min(threshold.slow_ms for threshold in THRESHOLDS.values())
_LATE = min(threshold.late for threshold in THRESHOLDS.values())
_FIRST_SLOW_BIN = 1 + sum(bound <= _SLOWEST_THAT_IS_WELL_MS for bound in bins.BOUNDS_MS)

# A slice of bins that begins behind the last one is empty, and has no count above nothing.
_ORGANIZATIONS = text(
    "SELECT o.id, o.zone FROM organizations o WHERE o.id IN ("
    "SELECT s.organization_id FROM rollup_minutes m JOIN rollup_series s ON s.id = m.series_id"
    " WHERE m.at >= clock_timestamp() - :minutes AND (m.tried > m.succeeded + m.put_off"
    f"  OR 0 < ANY(m.bins[{_FIRST_SLOW_BIN}\\:]))"
    " UNION ALL SELECT organization_id FROM connections WHERE state IN ('needs_reauth', 'degraded')"
    "  OR state = 'active' AND refresh_failures > 0"
    " UNION ALL SELECT organization_id FROM endpoints WHERE state = 'disabled'"
    "  OR state = 'on' AND failing_since IS NOT NULL"
    " UNION ALL SELECT organization_id FROM hooks WHERE subscription_error IS NOT NULL"
    " UNION ALL SELECT organization_id FROM hook_rejections"
    "  WHERE last_at >= clock_timestamp() - interval '1 day'"
    " UNION ALL SELECT organization_id FROM lanes WHERE next_due_at < clock_timestamp() - :late"
    "  AND held_by IS NULL"
    " UNION ALL SELECT organization_id FROM incidents WHERE closed_at IS NULL"
    "  AND organization_id IS NOT NULL)"
    f" AND (hashtext(CAST(o.id AS text)) & 1073741823) % {SHARES} = :share ORDER BY o.id"
)


def organizations(connection: Connection, share: int) -> Sequence[Row[Any]]:
    """Rows of `id, zone`, those of one share (0 to `SHARES` - 1): whose tries failed or took long
    lately, whose things are kept as failing, where what is due waits, where an incident is open."""
    asked = {"minutes": reading.MINUTES, "late": _LATE, "share": share}
    return connection.execute(_ORGANIZATIONS, asked).all()
