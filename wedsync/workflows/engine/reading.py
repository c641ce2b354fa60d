"""What a step reads of the wedding: its paths are known before it runs, its values are recorded."""

from collections.abc import Iterable, Mapping
from typing import Any

from wedsync.workflows.engine.calculation import Path, compile_condition
from wedsync.workflows.engine.templates import compile_template

__all__ = ["Path", "Reads", "condition_reads", "template_reads", "values_read"]

Reads = Mapping[str, tuple[Path, ...]]
"""By step, for those that read the wedding at all."""


def condition_reads(when: Any) -> Iterable[Path]:
    """The paths a condition reads of the wedding; `wedding` alone where they cannot be known."""
    return sorted(compile_condition(when).wedding_paths)


def template_reads(value: Any) -> Iterable[Path]:
    """The same for values, an input, or a part of them."""
    return sorted(compile_template({"value": value}).wedding_paths)


def values_read(paths: Iterable[Path], wedding: Any) -> dict[str, Any]:
    """The values at paths, null where there is none: `{"wedding.date": "2027-06-12"}`."""
    return {".".join(path): _at(wedding, path[1:]) for path in paths}


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
