"""Claiming deliveries: by lane, the longest unserved first, as many as may leave now."""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import leases
from wedsync.platform.plans import along_an_index
from wedsync.platform.shares import Allotment
from wedsync.webhooks.delivering import deadly, holding, limits
from wedsync.webhooks.delivering.holding import endpoint_of
from wedsync.webhooks.delivering.limits import Bound
from wedsync.webhooks.delivering.service import LANES
from wedsync.webhooks.models import OPEN_IN_ORDER

# One look at the endpoint for each lane, whatever the planner believes of how many there are.
_LOOK = (
    "SELECT l.key, l.organization_id, l.ordered, e.is_bounded, e.is_resting"
    " FROM lanes l CROSS JOIN LATERAL"
    f" (SELECT e.state = 'on' AND e.receives = 'posts' AND ({limits.HELD}) IS NOT TRUE AS is_open,"
    f"   {limits.BOUNDED} AS is_bounded, {holding.RESTING} AS is_resting"
    "  FROM endpoints e WHERE e.id = CAST(left(l.key, 36) AS uuid) LIMIT 1) e"
    " WHERE l.kind = :kind AND l.next_due_at <= clock_timestamp() AND l.held_by IS NULL"
    " AND l.organization_id <> ALL(CAST(:full_organizations AS uuid[]))"
    " AND l.key <> ALL(CAST(:full AS text[]))"
    " AND ({wanted}) ORDER BY l.served_at LIMIT :limit FOR UPDATE OF l SKIP LOCKED"
)
_LANES = text(_LOOK.format(wanted="e.is_open"))
_LANES_MET = text(_LOOK.format(wanted="e.is_open OR e.is_resting"))
# Nothing is due before its lane is, but for the difference of clocks. So a search begins behind
# what was taken before, which lies dead in the index for as long as anybody reads an old snapshot.
_CLOCKS_APART = "interval '2 seconds'"
_CLAIM = text(
    "WITH allowed AS (SELECT * FROM unnest(CAST(:lanes AS text[]), CAST(:allowances AS int[]))"
    "  AS t(lane, allowance)),"
    " picked AS ("
    "  SELECT d.id FROM allowed JOIN lanes l ON l.kind = 'deliveries' AND l.key = allowed.lane"
    "  CROSS JOIN LATERAL ("
    "   (SELECT id FROM deliveries WHERE lane = l.key AND NOT l.ordered AND state = 'due'"
    "     AND next_attempt_at <= (SELECT clock_timestamp())"
    f"    AND next_attempt_at >= l.next_due_at - {_CLOCKS_APART}"
    "     ORDER BY next_attempt_at LIMIT allowed.allowance)"
    "   UNION ALL"
    "   (SELECT id FROM (SELECT id, state, next_attempt_at FROM deliveries"
    f"      WHERE lane = l.key AND l.ordered AND {OPEN_IN_ORDER}"
    "      ORDER BY seq LIMIT 1) head"
    "     WHERE state = 'due' AND next_attempt_at <= clock_timestamp())) d)"
    " UPDATE deliveries SET state = 'in_flight', owner = :owner, fence = fence + 1,"
    "  attempts = attempts + 1, lease_until = clock_timestamp() + make_interval(secs => :lease)"
    " FROM picked, events e, endpoints p"
    # Asked again: whoever cancelled it meanwhile did so without the lane. Not in words an index
    # has: where the statistics know of nothing due, the planner would read all that is.
    " WHERE deliveries.id = picked.id AND deliveries.state || '' = 'due'"
    "  AND e.id = deliveries.event_id"
    "  AND p.id = deliveries.endpoint_id"
    " RETURNING deliveries.id, deliveries.organization_id, deliveries.endpoint_id,"
    "  deliveries.lane, deliveries.fence, deliveries.attempts, deliveries.failures,"
    "  deliveries.deaths, e.id AS event_id, e.type, e.occurred_at, e.data, p.url, p.secret,"
    "  p.previous_secret, p.previous_secret_until, p.signing_key, p.previous_signing_key"
)
_SERVED = text(
    "UPDATE lanes SET served_at = clock_timestamp(), next_due_at = CASE WHEN ordered THEN"
    " (SELECT CASE state WHEN 'due' THEN next_attempt_at END FROM deliveries"
    f"   WHERE lane = lanes.key AND {OPEN_IN_ORDER} ORDER BY seq LIMIT 1)"
    " ELSE (SELECT min(next_attempt_at) FROM deliveries WHERE lane = lanes.key AND state = 'due'"
    f"  AND next_attempt_at >= lanes.next_due_at - {_CLOCKS_APART})"
    " END WHERE kind = 'deliveries' AND key = ANY(:lanes)"
)


# For so long another worker may have the endpoint's row, that asks about it too.
_ASKED_ABOUT_S = 0.05


@dataclass(slots=True)
class Claimed:
    """What one claim took: its rows, which of them to give up unsent, whose are probes, and in how
    many seconds more may leave."""

    rows: Sequence[Row[Any]] = ()
    hopeless: Collection[UUID] = frozenset()
    probed: Collection[UUID] = frozenset()
    again_in_s: float | None = None

    def hold_back(self, seconds: float | None) -> None:
        """Something may leave in that many seconds too."""
        if seconds is not None:
            self.again_in_s = min(seconds, self.again_in_s or seconds)


@dataclass(slots=True)
class _HandedOut:
    """How many rows each lane may give, of the lanes looked at; the endpoints asked about, and what
    each of those that answered may be sent."""

    taken: dict[str, int] = field(default_factory=dict)
    lanes: list[str] = field(default_factory=list)
    asked: set[UUID] = field(default_factory=set)
    bounds: dict[UUID, Bound] = field(default_factory=dict)


class FurtherLooks:
    """Looks past the lanes of who has taken all it may, which reads them all: however many they
    are, a tenth of the time goes into it at most. Used by one thread."""

    def __init__(self) -> None:
        self._next_at = 0.0

    @property
    def is_time(self) -> bool:
        return time.monotonic() >= self._next_at

    def took(self, seconds: float) -> None:
        self._next_at = time.monotonic() + 9 * seconds


def claim(
    connection: Connection,
    owner: UUID,
    allotment: Allotment,
    deaths_before_giving_up: int,
    further_looks: FurtherLooks,
) -> Claimed:
    """Claim what is due for `owner`, as far as `allotment` and the endpoints' limits go."""
    out = _handed_out(connection, allotment, further_looks)
    claimed = _claimed(connection, owner, out.taken, deaths_before_giving_up)
    if out.asked:
        leaving = Counter(row.endpoint_id for row in claimed.rows)
        claimed.hold_back(limits.spend(connection, out.bounds, leaving))
        if len(out.bounds) < len(out.asked):
            claimed.hold_back(_ASKED_ABOUT_S)
        claimed.probed = {each for each, bound in out.bounds.items() if bound.is_probe}
    return claimed


def _handed_out(
    connection: Connection, allotment: Allotment, further_looks: FurtherLooks
) -> _HandedOut:
    """Hand out the room there is. Who has taken all it may is not looked at again: its other lanes,
    however many, are not before those of the others."""
    out = _HandedOut()
    is_more = _first_look(connection, allotment, out)
    if is_more and further_looks.is_time:
        began = time.monotonic()
        while is_more:
            is_more = _look(connection, allotment, out)
        further_looks.took(time.monotonic() - began)
    return out


def _first_look(connection: Connection, allotment: Allotment, out: _HandedOut) -> bool:
    """Like `_look`; lanes of endpoints that rest are met once, and held from then on."""
    room = allotment.room
    if room <= 0:
        return False
    with along_an_index(connection):
        holding.let_go(connection)
        met = leases.due_lanes(connection, _LANES_MET, LANES, allotment)
        resting = [lane.key for lane in met if lane.is_resting]
        if resting:
            holding.hold(connection, resting)
    _hand_out(connection, [lane for lane in met if not lane.is_resting], allotment, out)
    if resting:
        return _look(connection, allotment, out)
    return len(met) == room > allotment.room > 0


def _look(connection: Connection, allotment: Allotment, out: _HandedOut) -> bool:
    """Hand out room to lanes not looked at before; whether there may be more to give it to."""
    room = allotment.room
    with along_an_index(connection):
        lanes = leases.due_lanes(connection, _LANES, LANES, allotment, besides=out.lanes)
    _hand_out(connection, lanes, allotment, out)
    return len(lanes) == room > allotment.room > 0


def _hand_out(
    connection: Connection, lanes: Sequence[Row[Any]], allotment: Allotment, out: _HandedOut
) -> None:
    bounded = {endpoint_of(lane.key) for lane in lanes if lane.is_bounded} - out.asked
    if bounded:
        out.bounds |= limits.bounds_of(connection, sorted(bounded))
        out.asked |= bounded
    out.taken |= _granted(lanes, allotment, out.bounds)
    out.lanes += [lane.key for lane in lanes]


def _claimed(
    connection: Connection, owner: UUID, taken: Mapping[str, int], deaths_before_giving_up: int
) -> Claimed:
    """Take that many rows of each lane, and leave the lanes as they stand then."""
    if not taken:
        return Claimed()
    given = {"lanes": list(taken), "allowances": list(taken.values())}
    claim = {**given, "owner": owner, "lease": leases.LEASE_SECONDS}
    rows = connection.execute(_CLAIM, claim).all()
    kept, hopeless = deadly.sorted_out(connection, owner, rows, deaths_before_giving_up)
    connection.execute(_SERVED, {"lanes": list(taken)})
    later = deadly.LATER_S if len(kept) < len(rows) else None
    return Claimed(kept, hopeless, again_in_s=later)


def _granted(
    lanes: Sequence[Row[Any]], allotment: Allotment, bounds: Mapping[UUID, Bound]
) -> dict[str, int]:
    """How many rows each lane may give; what may give none keeps its place in the row."""
    granted = {}
    for lane in lanes:
        bound = bounds.get(endpoint_of(lane.key)) if lane.is_bounded else None
        if lane.is_bounded and bound is None:
            continue  # asked about elsewhere just now
        most = [1] if lane.ordered else []
        most += [bound.left] if bound is not None else []
        places = allotment.grant(lane.key, lane.organization_id, min(most, default=None))
        if bound is not None:
            bound.left -= places
        if places:
            granted[lane.key] = places
    return granted
