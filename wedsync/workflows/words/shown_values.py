"""Data as rows of label and value, the few that tell most first; nothing is shown as code."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from wedsync.platform.leaves import is_sealed
from wedsync.platform.wording import capital, name_words
from wedsync.workflows.engine.words import clip, value_words

Row = tuple[str, str]

HIDDEN = "hidden here"
_SHOWN = 3
_MOST = 60
_DEEPEST = 6
_SAID_BY_PLACE = frozenset(("name", "id", "type", "value", "email", "amount"))


def rows_of(data: Any) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The rows to show, and those to fold away; sealed values are there but not said."""
    rows = [(_label(path), _said(value)) for path, value in islice(_leaves(data, ()), _MOST)]
    telling = [row for row in rows if _tells(*row)]
    if len(telling) == len(rows) <= _SHOWN + 1 or not telling:
        return tuple(rows), ()
    return tuple(telling[:_SHOWN]), tuple(rows)


def _tells(label: str, value: str) -> bool:
    return not label.endswith("ID") and value not in ("not given", "empty", "a record", HIDDEN)


def _leaves(data: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if is_sealed(data):
        yield path, data
    elif isinstance(data, dict) and data and len(path) < _DEEPEST:
        for name, value in data.items():
            yield from _leaves(value, (*path, str(name)))
    elif isinstance(data, list) and _has_records(data) and len(path) < _DEEPEST:
        for number, value in enumerate(data, start=1):
            yield from _leaves(value, (*path, str(number)))
    elif path or data is not None:
        yield path, data


def _has_records(values: list[Any]) -> bool:
    return any(isinstance(value, dict | list) for value in values)


def _label(path: tuple[str, ...]) -> str:
    """`guest.name` is `Guest name`, `status` is `Status`, the first of a bare list `Part 1`, the
    second of several records `Guest 2 seats`."""
    if not path:
        return "What came"
    last = path[-1].lower()
    if len(path) == 1 and last.isdigit():
        return f"Part {last}"
    telling = path[-2:] if last in _SAID_BY_PLACE or last.isdigit() else path[-1:]
    if path[-2:-1] and path[-2].isdigit():
        each = path[-3].removesuffix("s") if len(path) > 2 else "Part"
        telling = (each, *path[-2:])
    return clip(name_words(" ".join(telling)), 60)


def _said(value: Any) -> str:
    if is_sealed(value):
        return HIDDEN
    said = value_words(value)
    return capital(said) if isinstance(value, bool) else said
