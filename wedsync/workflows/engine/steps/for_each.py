"""`for_each`: the same steps for each of a list, each item a run of its own."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from wedsync.workflows.engine.checks import check_number, check_value
from wedsync.workflows.engine.expressions import (
    Calculation,
    EvaluationFailed,
    Template,
    compile_operand,
    compile_template,
)
from wedsync.workflows.engine.limits import MAX_ITEMS, MAX_LOOPS, MAX_PARALLEL, STEP_BYTES
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.protocol import Loop
from wedsync.workflows.engine.reading import Path, template_reads
from wedsync.workflows.engine.shape import weight
from wedsync.workflows.engine.state import Phase, Position
from wedsync.workflows.engine.steps.kind import Actions, Child, Compiler, Kind, all_off, title_of
from wedsync.workflows.engine.walk import StandingStep, Walk, expression_error, stands
from wedsync.workflows.engine.words import expression_words, path_of

DEFAULT_PARALLEL = 4


@dataclass(frozen=True, slots=True)
class ForEach(StandingStep):
    """Gives `{"total": …, "succeeded": …, "failed": …}`. Outside, the steps `inside` have a list
    of outputs in item order, null where an item did not succeed at it. Where all of them are
    turned off (`first` is None), every item is done at once."""

    phases: ClassVar[frozenset[Phase]] = frozenset(("looping",))

    id: str
    title: str
    next: str | None
    items: Template | Calculation
    batch_size: int
    parallel: int | None
    first: str | None
    inside: tuple[str, ...]

    def enter(self, walk: Walk) -> None:
        try:
            items = self._items(walk)
        except EvaluationFailed as failure:
            walk.fail(self, expression_error(str(failure)))
            return
        if not items or self.first is None:
            for step in self.inside:
                walk.view.learn(step, [])
            walk.succeed(self, {"total": len(items), "succeeded": len(items), "failed": 0})
            walk.go_on(self.next)
            return
        walk.record(self, "waiting", given={"items": len(items)})
        loop = Loop(self.id, walk.item, self.first, items, self.parallel)
        walk.stand(Position(self.id, walk.item, "looping"), loop)

    def follow(self, walk: Walk, position: Position) -> None:
        if walk.keep(self, walk.event.output):
            walk.go_on(self.next)

    def leave(self, walk: Walk, position: Position) -> None:
        why = "It was stopped before every item was done."
        walk.record(self, "skipped", explanation={"why": why})

    def _items(self, walk: Walk) -> list[Any]:
        if isinstance(self.items, Template):
            items = self.items.fill(walk.view)["items"]
        else:
            items = self.items.value(walk.view)
        if not isinstance(items, list):
            raise EvaluationFailed("What it should go through is not a list.")
        if len(items) > MAX_ITEMS:
            raise EvaluationFailed(f"It has {len(items):,} items, and {MAX_ITEMS:,} is the most.")
        size = weight(items)
        if size is None or size > STEP_BYTES:
            raise EvaluationFailed(f"Its items together are larger than {STEP_BYTES // 1024} kB.")
        return _batches(items, self.batch_size)


def _batches(items: list[Any], size: int) -> list[Any]:
    if size == 1:
        return items
    return [items[start : start + size] for start in range(0, len(items), size)]


def _compile(step: Mapping[str, Any], then: str | None, compiler: Compiler) -> ForEach:
    first = compiler.body(step["id"], step["steps"])
    inside = compiler.inside(step["id"])
    leaves = any(stands(compiler.compiled_step(each)) for each in inside)
    return ForEach(
        step["id"],
        title_of(step),
        then,
        _compiled_items(step["items"]),
        step.get("batch_size") or 1,
        (step.get("parallel") or DEFAULT_PARALLEL) if leaves else None,
        first,
        inside,
    )


def _compiled_items(items: Any) -> Template | Calculation:
    """A list that is only read may be larger than one that is worked out."""
    plain = compile_operand(items) if path_of(items) else None
    return plain or compile_template({"items": items})


def _check(field: Field, actions: Actions | None) -> None:
    step = field.value
    items = field.at("items", step["items"])
    check_value(items)
    if isinstance(items.value, list):
        if len(items.value) > MAX_ITEMS:
            items.error("There are too many items.", f"Use at most {MAX_ITEMS:,}.")
    elif operator_call(items.value) is None:
        items.error("This is not a list.", "Choose the list to go through.")
    if step.get("batch_size") is not None:
        check_number(field.at("batch_size", step["batch_size"]), 1, MAX_ITEMS, whole=True)
    if step.get("parallel") is not None:
        check_number(field.at("parallel", step["parallel"]), 1, MAX_PARALLEL, whole=True)
    if step["steps"] == []:
        field.at("steps", None).error("There is nothing to do for each.", "Add a first step.")
    elif all_off(step["steps"]) and not field.sees.is_off:
        field.at("steps", None).warn(
            "Every step in this loop is turned off, so nothing is done for each.",
            "Turn one of them on, or turn the loop off too.",
        )
    if field.sees.loops >= MAX_LOOPS:
        field.error(
            f"Loops are more than {MAX_LOOPS} deep in one another here.",
            "Move the innermost steps into a workflow of their own, and call it.",
        )


def _children(step: Mapping[str, Any]) -> Iterator[Child]:
    size = step.get("batch_size")
    every = f"every {size} of" if isinstance(size, int) and size > 1 else "each of"

    def told() -> str:
        return f"for {every} {_items_words(step.get('items'))}"

    yield Child("Each", told, "steps", step.get("steps"), each=True)


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    return f"do the same for each of {_items_words(step.get('items'))}"


def _items_words(items: Any) -> str:
    if items is None:
        return "a list"
    said = expression_words(items)
    return f"the {said}" if path_of(items) else said


def _reads(step: Mapping[str, Any]) -> Iterable[Path]:
    return template_reads(step["items"])


KIND = Kind(
    name="for_each",
    required=frozenset(("items", "steps")),
    fields=frozenset(("items", "batch_size", "parallel", "steps")),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    children=_children,
    reads=_reads,
    splits=True,
)
