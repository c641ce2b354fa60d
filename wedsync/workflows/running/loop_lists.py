"""What items of loops see: where they stand among the loops, and the lists a loop leaves.

After a loop, a step inside it is seen as the list of what it gave, in item order, null where it did
not succeed; a loop inside a loop leaves lists of lists.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import batch
from wedsync.platform.batch import recordset
from wedsync.workflows.engine import Program
from wedsync.workflows.engine.state import Position
from wedsync.workflows.run_models import NO_ITEM
from wedsync.workflows.running.items import ITEMS_PER_LEVEL, TooMuch
from wedsync.workflows.running.programs import Inner

_INNER_STEPS = text(
    "SELECT s.run_id, s.step_id, s.item, s.output FROM "
    + recordset("run_id uuid, step text, first bigint, last bigint")
    + " JOIN run_steps s ON s.run_id = t.run_id AND s.step_id = t.step"
    "  AND s.item BETWEEN t.first AND t.last AND s.state = 'succeeded'"
)
_INNER_WEIGHT = text(
    "SELECT coalesce(sum(pg_column_size(s.output)), 0) FROM "
    + recordset("run_id uuid, step text, first bigint, last bigint")
    + " JOIN run_steps s ON s.run_id = t.run_id AND s.step_id = t.step"
    "  AND s.item BETWEEN t.first AND t.last AND s.state = 'succeeded'"
)
LISTS_BYTES = 8 * 1024 * 1024
"""What the items of loops may have given together, as it is stored, for later steps to read."""

Place = tuple[UUID, int]
"""Steps of one level: the run people see, and the item's number."""


Recorded = Mapping[Place, Sequence[Row[Any]]]


class ListsTooLarge(TooMuch):
    """What later steps read of a loop's items does not fit."""


@dataclass(slots=True)
class Family:
    """Where one claimed row stands among the loops: `loops` are those around it, outermost first,
    `numbers` the items it is inside of at each."""

    row: Row[Any]
    program: Program
    read_outside: Inner
    position: Position | None
    loops: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()

    @property
    def root_id(self) -> UUID:
        found: UUID = self.row.root_run_id or self.row.id
        return found

    @property
    def places(self) -> list[Place]:
        return [(self.root_id, number) for number in (NO_ITEM, *self.numbers)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The list a loop leaves of one of its steps: `loop` ran `total` times from `first` on."""

    root_id: UUID
    loop: str
    step: str
    first: int
    total: int

    def ranges(self, program: Program) -> Iterator[dict[str, Any]]:
        """The rows it is made of: the step's own and those of the loops in between."""
        path = program.loops[self.step]
        inner = path[path.index(self.loop) + 1 :]
        for depth, step in enumerate((*inner, self.step)):
            scale = ITEMS_PER_LEVEL ** min(depth, len(inner))
            yield {
                "run_id": self.root_id,
                "step": step,
                "first": self.first * scale,
                "last": (self.first + self.total) * scale - 1,
            }


def level(family: Family, depth: int, recorded: Recorded) -> Iterator[Any]:
    """The recorded steps inside the first `depth` loops around a row, as far as it sees them.

    Items of different loops may share a number; their steps tell them apart.
    """
    around = family.loops[:depth]
    for step in recorded.get(family.places[depth], ()):
        if family.program.loops.get(step.step_id, ()) == around:
            yield step


def lists_wanted(family: Family, recorded: Recorded) -> Iterator[Wanted]:
    if not family.read_outside:
        return
    for depth, number in enumerate((NO_ITEM, *family.numbers)):
        first = max(number, 0) * ITEMS_PER_LEVEL
        for step in level(family, depth, recorded):
            total = _total(family, step)
            if total is None:
                continue
            for inner in family.read_outside.get(step.step_id, ()):
                yield Wanted(family.root_id, step.step_id, inner, first, total)


def _total(family: Family, step: Row[Any]) -> int | None:
    """How many items a loop had that is over; None when it is not, or is no loop."""
    position = family.position
    if position and position.phase == "looping" and position.step == step.step_id:
        total: int | None = family.row.items_total
        return total
    return step.output.get("total") if isinstance(step.output, dict) else None


def inner_outputs(
    connection: Connection, families: Sequence[Family], wanted: Sequence[Sequence[Wanted]]
) -> Mapping[tuple[UUID, str, int], Any]:
    ranges = {
        (each["run_id"], each["step"], each["first"]): each
        for family, lists in zip(families, wanted, strict=True)
        for one in lists
        for each in one.ranges(family.program)
    }
    if not ranges:
        return {}
    given = batch.rows(list(ranges.values()))
    if connection.scalar(_INNER_WEIGHT, given) > LISTS_BYTES:
        raise ListsTooLarge("What the items of its loops gave is too much to go on with.")
    rows = connection.execute(_INNER_STEPS, given).all()
    return {(row.run_id, row.step_id, row.item): row.output for row in rows}


def list_of(
    program: Program, wanted: Wanted, inner: Mapping[tuple[UUID, str, int], Any]
) -> list[Any]:
    path = program.loops[wanted.step]
    between = path[path.index(wanted.loop) + 1 :]

    def gave(loops: tuple[str, ...], number: int) -> Any:
        if not loops:
            return inner.get((wanted.root_id, wanted.step, number))
        over = inner.get((wanted.root_id, loops[0], number))
        if not isinstance(over, dict):
            return None
        first = number * ITEMS_PER_LEVEL
        return [gave(loops[1:], first + index) for index in range(over.get("total", 0))]

    return [gave(between, wanted.first + index) for index in range(wanted.total)]
