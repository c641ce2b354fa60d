"""How many runs one beginning may set off, however widely what it started fans out.

Depth and turns bound how long a chain grows, not how broad: a hundred at each of eight levels are
10^16. So runs that another run led to are counted together under the root of their causation, in
one row that is locked last in a transaction; runs nobody's run led to are not counted at all.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, text

from wedsync.platform import batch
from wedsync.platform.batch import recordset
from wedsync.platform.wording import number

RUNS_OF_A_ROOT = 10_000
"""What is above it is parked like a run that goes round in circles; kept for `BUDGET_DAYS`."""

BUDGET_DAYS = 30

_SPENT = (
    f"What began this has set off {number(RUNS_OF_A_ROOT)} runs, and one beginning may not set "
    "off more."
)

_COUNT = text(
    "INSERT INTO chains (organization_id, root_id, runs)"
    " SELECT organization_id, root_id, more FROM "
    + recordset("organization_id uuid, root_id uuid, more bigint")
    + " ORDER BY organization_id, root_id"
    " ON CONFLICT (organization_id, root_id) DO UPDATE SET runs = chains.runs + excluded.runs"
    " RETURNING organization_id, root_id, runs"
)
_PARK = text(
    "UPDATE runs SET state = 'needs_attention', due_at = NULL,"
    " reason = jsonb_build_object('code', 'loop', 'message', CAST(:message AS text))"
    " WHERE id = ANY(:ids) AND state = 'queued'"
)

_Chain = tuple[UUID, UUID]
"""An organization, and the root of a chain in it."""


class _Started(Protocol):
    """A run that was written in this transaction."""

    @property
    def id(self) -> UUID: ...

    @property
    def organization_id(self) -> UUID: ...

    @property
    def state(self) -> str: ...

    @property
    def root_id(self) -> UUID | None: ...


def root_of(causation: Mapping[str, Any]) -> UUID | None:
    """What a run with this causation is counted under; None where no run led to it."""
    return UUID(causation["root"]) if causation["depth"] else None


def hold(connection: Connection, new: Sequence[_Started], written: Collection[UUID]) -> None:
    """Count the runs of `new` that were `written`, and park those above what their root may set
    off. Call it after every lane was touched: whoever holds a lane may wait for the count."""
    chains: dict[_Chain, list[UUID]] = defaultdict(list)
    for run in new:
        if run.root_id is not None and run.state == "queued" and run.id in written:
            chains[run.organization_id, run.root_id].append(run.id)
    if not chains:
        return
    counts = [
        {"organization_id": organization_id, "root_id": root_id, "more": len(ids)}
        for (organization_id, root_id), ids in chains.items()
    ]
    over: list[UUID] = []
    for row in connection.execute(_COUNT, batch.rows(counts)):
        ids = chains[row.organization_id, row.root_id]
        over += ids[max(0, RUNS_OF_A_ROOT - (row.runs - len(ids))) :]
    if over:
        connection.execute(_PARK, {"ids": over, "message": _SPENT})
