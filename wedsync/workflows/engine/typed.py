"""Typed functions inside expressions: checked as written, and handed to datalogic to be called.

datalogic calls back with the arguments as JSON and charges nothing for writing them, so each call
counts what it is given and gives (`bounds`). A body's call is given the values of the paths its
text reads. What a loop may put into its result again and again passes through a call of our own
(`_WEIGH`) and is counted too: what it reads from around it, and each new running total.
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

_WEIGH = "\0weigh"
"""No definition holds this name: texts with a NUL are refused."""

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
    """An expression as datalogic is given it. `bodies` are those its calls name by number; `calls`
    says whether datalogic calls anything back."""

    rule: Any = None
    bodies: list[Body] = field(default_factory=list)
    calls: bool = False


def prepare(expression: Any) -> Prepared:
    """The expression with its typed calls ready to be made; raises `BodyFault`."""
    prepared = Prepared()
    prepared.rule = _prepare(expression, prepared, in_loop=False)
    return prepared


def _prepare(node: Any, prepared: Prepared, *, in_loop: bool) -> Any:
    call = operator_call(node)
    if call is None:
        if isinstance(node, dict):
            return {name: _prepare(part, prepared, in_loop=in_loop) for name, part in node.items()}
        if isinstance(node, list):
            return [_prepare(part, prepared, in_loop=in_loop) for part in node]
        return node
    name, parts = call[0], argument_list(call[1])
    if name == BODY:
        return _prepared_body(parts[0], prepared)
    if name in ITERATORS and len(parts) > 1:
        return {name: _prepared_loop(name, parts, prepared, in_loop=in_loop)}
    if in_loop and name == "val" and parts and isinstance(parts[0], list):
        return _weighed(node, prepared)
    prepared.calls = prepared.calls or name in KNOWN
    return {name: _prepare(call[1], prepared, in_loop=in_loop)}


def _prepared_body(source: Any, prepared: Prepared) -> Any:
    body = _body(source)
    prepared.calls = True
    prepared.bodies.append(body)
    place = len(prepared.bodies) - 1
    return {BODY: [place, *({"val": list(path)} for path in body.paths)]}


def _prepared_loop(name: str, parts: list[Any], prepared: Prepared, *, in_loop: bool) -> list[Any]:
    source, inside, *rest = parts
    body = _prepare(inside, prepared, in_loop=True)
    if name == "reduce":
        body = _weighed(body, prepared)
    return [
        _prepare(source, prepared, in_loop=in_loop),
        body,
        *(_prepare(part, prepared, in_loop=in_loop) for part in rest),
    ]


def _weighed(node: Any, prepared: Prepared) -> Any:
    prepared.calls = True
    return {_WEIGH: [node]}


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
    return {**named, BODY: _write_body, _WEIGH: _weigh}


def _weigh(written: str) -> str:
    """Gives what it is given, and counts it."""
    evaluation = under_way()
    try:
        evaluation.pay(len(written))
    except Unusable:
        evaluation.sentence = "A loop of this calculation reads or builds too much."
        raise
    return written[1:-1]


def _callback(function: Function) -> Callable[[str], str]:
    def call(written: str) -> str:
        evaluation = under_way()
        try:
            evaluation.pay(len(written))
            return _said(function(orjson.loads(written)))
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
