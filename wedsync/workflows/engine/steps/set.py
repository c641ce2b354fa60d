"""`set`: values worked out once and read by later steps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.engine.checks import check_values
from wedsync.workflows.engine.expressions import EvaluationFailed, Template, compile_template
from wedsync.workflows.engine.operators import unescape_key
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.reading import Path, template_reads
from wedsync.workflows.engine.steps.kind import Actions, Compiler, Kind, mapping, title_of
from wedsync.workflows.engine.walk import Walk, expression_error
from wedsync.workflows.engine.words import clip, listing

_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Set:
    """Gives its values."""

    id: str
    title: str
    next: str | None
    values: Template

    def enter(self, walk: Walk) -> None:
        try:
            values = self.values.fill(walk.view)
        except EvaluationFailed as failure:
            walk.fail(self, expression_error(str(failure)))
            return
        walk.succeed(self, values)
        walk.go_on(self.next)


def _compile(step: Mapping[str, Any], then: str | None, compiler: Compiler) -> Set:
    return Set(step["id"], title_of(step), then, compile_template(step["values"]))


def _check(field: Field, actions: Actions | None) -> None:
    check_values(field.at("values", field.value["values"]))


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    names = [unescape_key(name).replace("_", " ") for name in mapping(step.get("values"))]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} more"]
    said = [clip(name, 40) for name in names if name.strip()]
    return f"note {listing(said)}" if said else "note nothing yet"


def _reads(step: Mapping[str, Any]) -> Iterable[Path]:
    return template_reads(step["values"])


KIND = Kind(
    name="set",
    required=frozenset(("values",)),
    fields=frozenset(("values",)),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    reads=_reads,
)
