"""The items of loops, as runs of their own: beginning them, and what their ends move.

A loop's list stays with the run that loops; an item becomes a row when its turn comes, so that a
loop over ten thousand writes no more at a time than one over a hundred. Whoever ends an item counts
it off in the same transaction, begins the next, and makes the run that loops due after the last.

Rows of one family are locked in the order of their ids, under the lane of their workflow.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch, clock
from wedsync.platform.batch import recordset
from wedsync.workflows.run_models import NO_ITEM
from wedsync.workflows.running.live_run import Advance, LiveRun

ITEMS_PER_LEVEL = 10_000
"""An item inside an item has the outer one's number times this, plus its own index."""

ITEMS_OF_A_RUN = 100_000
"""How many items all loops of one run may have together, those inside one another included."""

AT_ONCE = 200
"""How many items are under way of a loop that does nothing outside."""

_LOCK = text("SELECT id FROM runs WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
_BEGIN = text(
    "UPDATE runs SET items = t.items, items_total = t.total, items_next = 0, items_left = t.total"
    " FROM " + recordset("id uuid, items jsonb, total int") + " WHERE runs.id = t.id"
)
_ADD_UP = text(
    "UPDATE runs SET items_begun = runs.items_begun + t.total FROM "
    + recordset("id uuid, total int")
    + " WHERE runs.id = t.id RETURNING runs.items_begun"
)
_COUNT_OFF = text(
    "UPDATE runs SET items_left = items_left - t.ended, revision = revision + 1,"
    " due_at = CASE WHEN items_left = t.ended THEN clock_timestamp() END FROM "
    + recordset("id uuid, ended int")
    + " WHERE runs.id = t.id AND runs.state IN ('waiting', 'needs_attention')"
)
# A microsecond apart: runs are claimed by `due_at`, and items begin in order.
_NEXT = text(
    "WITH taken AS (UPDATE runs SET items_next = least(items_total, items_next + t.more) FROM "
    + recordset("id uuid, more int")
    + "  WHERE runs.id = t.id AND runs.state IN ('waiting', 'needs_attention')"
    "   AND runs.items_next < runs.items_total"
    "  RETURNING new.id, old.items_next AS first, new.items_next - 1 AS last),"
    # The whole list is unpacked once for each that loops, not for each item.
    " looping AS MATERIALIZED (SELECT p.id, p.organization_id, p.workflow_id, p.version_id,"
    "  p.event_id, p.wedding_id, coalesce(p.root_run_id, p.id) AS root_run_id,"
    "  coalesce(p.origin_run_id, p.root_run_id, p.id) AS origin_run_id,"
    f"  greatest(p.item, 0) * {ITEMS_PER_LEVEL} AS base, taken.first, p.items ->> 'step' AS step,"
    "  jsonb_build_object('start_at', p.items -> 'first') AS beginning,"
    "  jsonb_path_query_array(p.items, '$.values[$first to $last]',"
    "   jsonb_build_object('first', taken.first, 'last', taken.last)) AS elements"
    "  FROM taken JOIN runs p ON p.id = taken.id),"
    " numbered AS (SELECT looping.*, e.element, looping.first + e.place - 1 AS index,"
    "  looping.base + looping.first + e.place - 1 AS number FROM looping"
    "  CROSS JOIN LATERAL jsonb_array_elements(looping.elements)"
    "   WITH ORDINALITY AS e(element, place))"
    " INSERT INTO runs (organization_id, workflow_id, version_id, cause, event_id, wedding_id,"
    "  input, origin_run_id, parent_run_id, root_run_id, item, pending_decision, due_at)"
    " SELECT organization_id, workflow_id, version_id,"
    "  'item:' || id || ':' || step || ':' || number, event_id, wedding_id,"
    "  jsonb_build_object('item', element, 'index', index), origin_run_id, id, root_run_id,"
    "  number, beginning, clock_timestamp() + index * interval '1 microsecond'"
    " FROM numbered ORDER BY id, index"
)
_ASK = text(
    "UPDATE runs SET state = 'needs_attention', reason = t.reason, revision = revision + 1 FROM "
    + recordset("id uuid, reason jsonb")
    + " WHERE runs.id = t.id AND runs.state = 'waiting'"
)
_OUTCOMES = text(
    "SELECT parent_run_id AS id, count(*) AS total,"
    " count(*) FILTER (WHERE state IN ('failed', 'stopped')) AS failed"
    " FROM runs WHERE parent_run_id = ANY(:parents) GROUP BY 1"
)


class TooMuch(ValueError):
    """A run cannot go on with what its loops come to; `str(error)` says so to people."""


class TooManyItems(TooMuch):
    """All loops of a run together go through more than they may."""


def wake_lanes(advances: Sequence[Advance]) -> None:
    """Have the lanes touched of those whose moves begin, end or concern items."""
    for one in advances:
        if one.loop is not None or _concerns_family(one):
            one.move.lane_due_at = clock.now()


def lock(connection: Connection, advances: Sequence[Advance]) -> None:
    """Lock the families that these moves change, after their lanes were touched; and what moves
    together of one family, which is written in any order."""
    together = Counter(one.run.root_id for one in advances if one.run.item != NO_ITEM)
    ids = {
        each
        for one in advances
        if _concerns_family(one) or one.loop is not None
        for each in _family(one)
    } | {one.run.id for one in advances if together[one.run.root_id] > 1}
    if ids:
        connection.execute(_LOCK, {"ids": sorted(ids)})


def write(connection: Connection, advances: Sequence[Advance]) -> None:
    """Begin the loops of these moves, which were written, and count their items off.

    Raises `TooManyItems`.
    """
    looping = [one for one in advances if one.loop is not None]
    ended = Counter(one.run.parent_id for one in advances if _is_over(one))
    if looping:
        connection.execute(_BEGIN, batch.rows([_list_of(one) for one in looping]))
        _add_up(connection, looping)
    if ended:
        counts = [{"id": parent, "ended": count} for parent, count in ended.items()]
        connection.execute(_COUNT_OFF, batch.rows(counts))
    more = [{"id": one.run.id, "more": _at_once(one)} for one in looping]
    more += [{"id": parent, "more": count} for parent, count in ended.items()]
    if more:
        connection.execute(_NEXT, batch.rows(more))
    asking = {one.run.root_id: question(one) for one in advances if _asks(one)}
    if asking:
        asked = [{"id": root, "reason": reason} for root, reason in asking.items()]
        connection.execute(_ASK, batch.rows(asked))


def ask(connection: Connection, run: LiveRun | Row[Any], reason: Mapping[str, Any]) -> None:
    """If this parked run is an item, have the run people see ask for them."""
    root_id = run.root_id if isinstance(run, LiveRun) else run.root_run_id
    if run.item != NO_ITEM and root_id is not None:
        told = reason_of_item(run.id, run.item, reason)
        connection.execute(_ASK, batch.rows([{"id": root_id, "reason": told}]))


def question(one: Advance) -> dict[str, Any]:
    """The reason of a run one of whose items needs somebody."""
    return reason_of_item(one.run.id, one.run.item, one.move.reason or {})


def reason_of_item(run_id: UUID, item: int, reason: Mapping[str, Any]) -> dict[str, Any]:
    """An item's reason, as that of the run people see."""
    place = item % ITEMS_PER_LEVEL + 1
    message = f"Number {place} of the list: {reason.get('message') or 'somebody must look at it.'}"
    return {**reason, "message": message, "item": item, "item_run_id": str(run_id)}


def outcomes(connection: Connection, parents: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """`{total, succeeded, failed}` of the items of these runs that loop."""
    if not parents:
        return {}
    return {
        row.id: {
            "total": row.total,
            "succeeded": row.total - row.failed,
            "failed": row.failed,
        }
        for row in connection.execute(_OUTCOMES, {"parents": list(parents)})
    }


def _add_up(connection: Connection, looping: Sequence[Advance]) -> None:
    totals: Counter[UUID] = Counter()
    for one in looping:
        totals[one.run.root_id] += len(one.loop.items) if one.loop else 0
    given = [{"id": root, "total": total} for root, total in totals.items()]
    begun = connection.execute(_ADD_UP, batch.rows(given)).scalars()
    if max(begun, default=0) > ITEMS_OF_A_RUN:
        raise TooManyItems(
            f"Its loops have more than {ITEMS_OF_A_RUN:,} items together. Loops inside one another"
            " multiply: start it with shorter lists."
        )


def _list_of(one: Advance) -> dict[str, Any]:
    if one.loop is None:
        raise ValueError(f"run {one.run.id} does not loop")
    values = list(one.loop.items)
    items = {"step": one.loop.step, "first": one.loop.first, "values": values}
    return {"id": one.run.id, "items": items, "total": len(values)}


def _at_once(one: Advance) -> int:
    parallel = one.loop.parallel if one.loop else None
    return AT_ONCE if parallel is None else parallel


def _concerns_family(one: Advance) -> bool:
    return _is_over(one) or _asks(one)


def _family(one: Advance) -> list[UUID]:
    run = one.run
    return [each for each in (run.id, run.parent_id, run.root_id) if each is not None]


def _is_over(one: Advance) -> bool:
    return one.run.item != NO_ITEM and one.move.is_final


def _asks(one: Advance) -> bool:
    return one.run.item != NO_ITEM and one.move.state == "needs_attention"
