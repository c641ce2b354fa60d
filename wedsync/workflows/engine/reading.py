"""What a step reads of the wedding: its paths are known before it runs, its values are recorded."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wedsync.workflows.engine.expressions import examine_condition, examine_template

Path = tuple[str, ...]
Reads = Mapping[str, tuple[Path, ...]]
"""By step, for those that read the wedding at all."""

_WEDDING = "wedding"


def condition_reads(when: Any) -> Iterator[Path]:
    """The paths a condition reads of the wedding."""
    yield from _of_the_wedding(examine_condition(when).reads)


def template_reads(value: Any) -> Iterator[Path]:
    """The same for values, an input, or a part of them."""
    yield from _of_the_wedding(examine_template(value).reads)


def _of_the_wedding(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path[:1] == (_WEDDING,):
            yield path


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
