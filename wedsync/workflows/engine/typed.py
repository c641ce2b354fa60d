"""Typed functions inside expressions: checked as written, and handed to datalogic to be called.

datalogic calls back with the arguments as JSON. It charges nothing for writing them, so arguments
that might be huge are written by its own `cat`, which is charged by length (`_WEIGHED`). A body's
call is given the values of the paths its text reads.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from wedsync.workflows.engine.bodies import BODY, DESCRIPTION, Body, BodyFault, compile_body
from wedsync.workflows.engine.functions import FUNCTIONS, Function
from wedsync.workflows.engine.functions.bounds import under_way
from wedsync.workflows.engine.functions.kinds import Unusable
from wedsync.workflows.engine.operators import ITERATORS, argument_list, operator_call

_WEIGHED = "~"
_READS = ("var", "val")
_MOST_READS_UNWEIGHED = 4

KNOWN: Mapping[str, Function] = MappingProxyType({**FUNCTIONS, BODY: DESCRIPTION})
"""Every typed function, bodies included, by its name."""


def call_faults(name: str, parts: list[Any]) -> Iterator[str]:
    """What is wrong with a call of a typed function as written, as sentences."""
    function = KNOWN.get(name)
    if function is None:
        yield f"There is no function called “{name[:60]}”."
    elif fault := function.count_fault(len(parts)):
        yield fault
    elif name == BODY:
        yield from _body_faults(parts[0])
    else:
        for place, part in enumerate(parts):
            if _is_literal(part) and (wrong := function.literal_fault(place, part)):
                yield wrong


def _is_literal(part: Any) -> bool:
    if isinstance(part, dict):
        return False
    return not isinstance(part, list) or all(map(_is_literal, part))


def _body_faults(source: Any) -> Iterator[str]:
    try:
        _body(source)
    except BodyFault as fault:
        yield str(fault)


def body_paths(parts: list[Any]) -> tuple[tuple[str, ...], ...]:
    """What the body of this call reads; nothing when it cannot be used."""
    try:
        return _body(parts[0]).paths if len(parts) == 1 else ()
    except BodyFault:
        return ()


def _body(source: Any) -> Body:
    return _compiled_body(source) if isinstance(source, str) else compile_body(source)


@lru_cache(maxsize=64)
def _compiled_body(source: str) -> Body:
    """Kept for the moment: one look through a definition asks several times."""
    return compile_body(source)


@dataclass(slots=True)
class Prepared:
    """An expression as datalogic is given it. `bodies` are those its calls name by number."""

    rule: Any = None
    bodies: list[Body] = field(default_factory=list)
    calls: bool = False


def prepare(expression: Any) -> Prepared:
    """The expression with its typed calls ready to be made; raises `BodyFault`."""
    prepared = Prepared()
    prepared.rule = _prepare(expression, prepared)
    return prepared


def _prepare(node: Any, prepared: Prepared) -> Any:
    call = operator_call(node)
    if call and call[0] in KNOWN:
        prepared.calls = True
        return _prepared_call(call[0], argument_list(call[1]), prepared)
    if isinstance(node, dict):
        return {name: _prepare(part, prepared) for name, part in node.items()}
    if isinstance(node, list):
        return [_prepare(part, prepared) for part in node]
    return node


def _prepared_call(name: str, parts: list[Any], prepared: Prepared) -> Any:
    if name == BODY:
        body = _body(parts[0])
        prepared.bodies.append(body)
        place = len(prepared.bodies) - 1
        return {BODY: [place, *({"val": list(path)} for path in body.paths)]}
    ready = [_prepare(part, prepared) for part in parts]
    if not _may_be_huge(parts):
        return {name: ready}
    # Two brackets, because `cat` takes one list apart.
    return {_WEIGHED + name: [{"cat": [[ready]]}]}


def _may_be_huge(parts: list[Any]) -> bool:
    return _reads(parts) > _MOST_READS_UNWEIGHED


def _reads(node: Any) -> int:
    """How many values a node puts together; in a loop, too many to say."""
    call = operator_call(node)
    if call and call[0] in ITERATORS:
        return _MOST_READS_UNWEIGHED + 1
    if call and call[0] in _READS:
        return 1
    if isinstance(node, dict):
        return sum(map(_reads, node.values()))
    return sum(map(_reads, node)) if isinstance(node, list) else 0


def shadow(node: Any) -> Any:
    """The expression with every typed call replaced by a reading of the same values, so that
    datalogic can say what is read; it knows nothing of functions that are not its own."""
    call = operator_call(node)
    if call and call[0] in KNOWN:
        return {"merge": _shadow_parts(call[0], argument_list(call[1]))}
    if isinstance(node, dict):
        return {name: shadow(part) for name, part in node.items()}
    return [shadow(part) for part in node] if isinstance(node, list) else node


def _shadow_parts(name: str, parts: list[Any]) -> list[Any]:
    if name == BODY:
        return [{"val": list(path)} for path in body_paths(parts)]
    fields = KNOWN[name].reads
    if fields and parts and operator_call(parts[0]) == ("var", "wedding"):
        return [*({"val": ["wedding", each]} for each in fields), *map(shadow, parts[1:])]
    return list(map(shadow, parts))


def callbacks() -> dict[str, Callable[[str], str]]:
    """What datalogic calls, by the name it calls it by."""
    named = {name: _callback(function) for name, function in FUNCTIONS.items()}
    weighed = {
        _WEIGHED + name: _callback(function, weighed=True) for name, function in FUNCTIONS.items()
    }
    return {**named, **weighed, BODY: _write_body}


def _callback(function: Function, *, weighed: bool = False) -> Callable[[str], str]:
    def call(written: str) -> str:
        evaluation = under_way()
        try:
            evaluation.pay(len(written))
            given = orjson.loads(written)
            if weighed:
                given = orjson.loads(given[0])
            return _said(function(given))
        except Unusable as fault:
            evaluation.sentence = str(fault)
            raise
        except (ArithmeticError, TypeError, ValueError, RecursionError):
            evaluation.sentence = f"“{function.name}” cannot work with what it is given."
            raise

    return call


def _write_body(written: str) -> str:
    evaluation = under_way()
    try:
        evaluation.pay(len(written))
        place, *values = orjson.loads(written)
        return _said(evaluation.bodies[place].render(values))
    except Unusable as fault:
        evaluation.sentence = str(fault)
        raise
    except (ArithmeticError, TypeError, ValueError, RecursionError):
        evaluation.sentence = "The text cannot be written with what it is given."
        raise


def _said(result: Any) -> str:
    said = orjson.dumps(result)
    under_way().pay(len(said))
    return said.decode()
