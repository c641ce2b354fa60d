"""Any expression as the words of a pill: `Couple’s e-mail`, `Guest’s name, in capitals`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from wedsync.platform.wording import capital
from wedsync.workflows.building.known.data_items import icon_of, labels_of, read
from wedsync.workflows.building.known.known_data import Known
from wedsync.workflows.building.known.known_groups import name_of
from wedsync.workflows.building.known.reach import Reaches
from wedsync.workflows.engine import condition_words
from wedsync.workflows.engine.bodies import BODY
from wedsync.workflows.engine.functions import FUNCTIONS, Function
from wedsync.workflows.engine.operators import ITERATORS, argument_list, operator_call
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.typed import body_paths
from wedsync.workflows.engine.view import SIGHTS
from wedsync.workflows.engine.words import clip, expression_words, path_of, path_words

_ANYTHING = "A calculated value"
_FUNCTION, _MISSING = {"icon": "math-function"}, {"icon": "alert-circle"}
_VALUE = re.compile(r"\{\{-?\s*([\w.-]*\w)[^}]*\}\}")
_ROOTS = {
    "wedding": {"icon": "heart"},
    "now": {"icon": "calendar"},
    "item": {"icon": "repeat"},
    "index": {"icon": "repeat"},
}


_CLOCKS = {("wedding", "zone")}


@dataclass(frozen=True, slots=True)
class Pill:
    """What stands in a slot. `is_missing`: it reads a step that is gone, or nothing there is."""

    words: str
    icon: str
    is_missing: bool = False


def label_of(expression: Any, known: Known, step_id: str | None = None) -> Pill:
    """The pill of an expression a step holds; never fails, whatever it is."""
    if refusal(expression) is not None:
        return Pill(_ANYTHING, _FUNCTION["icon"], is_missing=True)
    return pill_of(expression, known, step_id)


def pill_of(expression: Any, known: Known, step_id: str | None = None) -> Pill:
    """The same of an expression in what was asked about before."""
    item = known.item(expression, step_id)
    if item is not None:
        return Pill(item.label, item.icon)
    return _Naming(known, step_id).pill(expression)


def name_in(known: Known, step_id: str | None = None) -> Callable[[Any], str]:
    """What the values a step reads are called inside a sentence: `if guest’s party size is 2`."""
    naming = _Naming(known, step_id)
    return naming.inside


def is_gone(path: Sequence[str], placed: Reaches, step_id: str | None) -> bool:
    """Whether nothing can stand at a path that a step reads: a step there is not, an item outside
    of loops, a beginning nobody knows."""
    if len(path) > 1 and path[0] == "steps":
        return path[1] not in placed
    if path and path[0] in ("item", "index"):
        here = placed.get(step_id or "")
        return not (here and here.loops)
    return not path or path[0] not in SIGHTS


class _Naming:
    """Names one expression with the names of the values it reads."""

    def __init__(self, known: Known, step_id: str | None) -> None:
        self._known = known
        self._step = step_id

    def pill(self, expression: Any) -> Pill:
        path = path_of(expression)
        if path is not None:
            return self._read(path)
        words = clip(capital(self._words(expression))) or _ANYTHING
        is_missing = any(self._is_missing(each) for each in paths_in(expression))
        icon = _MISSING if is_missing else _FUNCTION
        return Pill(words, icon["icon"], is_missing)

    def inside(self, expression: Any) -> str:
        path = path_of(expression)
        if path is None or path[:1] in (("now",), ("wedding",)):
            return self._words(expression) if path is None else path_words(path)
        item = self._known.item(expression, self._step)
        return _inside(item.label if item else self._read(path).words)

    def _read(self, path: Sequence[str]) -> Pill:
        if self._is_missing(path):
            return Pill(self._of_what(path), _MISSING["icon"], is_missing=True)
        label = self._of_what(path)
        return Pill(label, _ROOTS.get(path[0], {}).get("icon") or icon_of(label, "anything"))

    def _is_missing(self, path: Sequence[str]) -> bool:
        return is_gone(path, self._known.placed, self._step)

    def _of_what(self, path: Sequence[str]) -> str:
        """What a path nobody described is called."""
        root, *rest = path
        if root == "steps" and rest:
            return self._of_step(rest)
        if root == "trigger" and rest[:1] == ["data"]:
            rest = rest[1:] or ["what_came_in"]
        return labels_of(rest or [root])[0]

    def _of_step(self, rest: Sequence[str]) -> str:
        placed = self._known.placed.get(rest[0])
        label = labels_of(rest[1:])[0] if rest[1:] else "What it gave"
        if placed is None:
            return f"{label}, of a step that is gone"
        return label if rest[1:] else clip(f"All of “{name_of(placed.step)}”")

    def _words(self, expression: Any) -> str:
        call = operator_call(expression)
        function = FUNCTIONS.get(call[0]) if call else None
        if call is None or function is None:
            return expression_words(self._with_names(expression))
        if {tuple(path) for path in paths_in(expression)} - _CLOCKS == {("now",)}:
            return expression_words(expression)  # today, 30 days after today
        if function.verb is not None:
            return condition_words(self._with_names(expression))
        parts = argument_list(call[1])
        if function.says == "{0}" and parts and not function.arguments[-1].several:
            return self._changed(function, parts)
        return expression_words(self._with_names(expression))

    def _changed(self, function: Function, parts: Sequence[Any]) -> str:
        """`Guest’s name, in capitals`, with what the function is told beside it."""
        beside = [expression_words(part) for part in parts[1:] if operator_call(part) is None]
        said = " ".join([function.label, *beside])
        return f"{self._inner(parts[0])}, {said}"

    def _inner(self, expression: Any) -> str:
        return pill_of(expression, self._known, self._step).words

    def _with_names(self, expression: Any) -> Any:
        """The expression with each value it reads called by its name, as the engine's words take
        the last word of a path."""
        item = self._known.item(expression, self._step)
        path = path_of(expression)
        if item is not None or (path is not None and path != ("now",)):
            return {"val": [_inside(item.label if item else self._read(path or ("",)).words)]}
        call = operator_call(expression)
        if call and call[0] == BODY:
            return {BODY: [self._told(part) for part in argument_list(call[1])]}
        if isinstance(expression, dict):
            return {name: self._with_names(part) for name, part in expression.items()}
        if isinstance(expression, list):
            return [self._with_names(part) for part in expression]
        return expression

    def _told(self, body: Any) -> Any:
        """A text with its values called by their names."""
        if not isinstance(body, str):
            return body
        return _VALUE.sub(lambda found: _inside(self._inner(read(*found[1].split(".")))), body)


def _inside(label: str) -> str:
    """A name inside a sentence; `RSVP deadline` stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def paths_in(expression: Any) -> Iterator[Sequence[str]]:
    """Every path an expression reads as it is written. Inside a loop of its own, paths are those
    of its parts, so they are left out."""
    path = path_of(expression)
    if path is not None:
        yield path
        return
    call = operator_call(expression)
    if call and call[0] == BODY:
        yield from body_paths(argument_list(call[1]))
    elif call and call[0] in ITERATORS:
        yield from paths_in(argument_list(call[1])[:1])
    elif isinstance(expression, dict | list):
        for part in expression.values() if isinstance(expression, dict) else expression:
            yield from paths_in(part)
