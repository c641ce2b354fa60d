"""Refusing expressions that could multiply what they are given.

The operation budget counts steps of the calculation, not the size of what it builds, and values
are shared while it runs: a loop that puts its own result twice into the next one describes 2⁴⁰
values with forty operations and only bursts when the answer is written out. So a loop may not
build from what a loop built, says little and reads little for each part of its list, and what it
reads from around it is weighed (`typed`). What is left grows at most fifty times the data. Typed
functions weigh what they are given and what they give.
"""

import difflib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.engine.bodies import BODY
from wedsync.workflows.engine.limits import MAX_BUILT_READS, MAX_REPEATED
from wedsync.workflows.engine.operators import (
    AVAILABLE,
    ITERATORS,
    REFUSED,
    argument_list,
    operator_call,
)
from wedsync.workflows.engine.plain_words import clip
from wedsync.workflows.engine.shape import weight
from wedsync.workflows.engine.typed import KNOWN, body_paths, call_faults

_READS = ("var", "val")
_UP = re.compile(r"(\.\./)+")
_LEVELS = 2
"""What lies around one turn of a loop for `val`: the loop, which knows the place, then what is
around the loop."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What one expression may do: `reads` in it, `builds` a list or record of two or more reads,
    `built_reads` in all it builds, `loops`, and the `faults` that refuse it."""

    reads: int = 0
    builds: bool = False
    built_reads: int = 0
    loops: bool = False
    faults: tuple[str, ...] = ()


def growth(expression: Any) -> Growth:
    """Look through one expression; its depth is already bounded."""
    found = _look(expression, 0)
    if found.built_reads > MAX_BUILT_READS:
        fault = f"One calculation puts together at most {MAX_BUILT_READS} values."
        return Growth(found.reads, found.builds, found.built_reads, found.loops, (fault,))
    return found


def _look(node: Any, depth: int) -> Growth:
    """A part of an expression, inside so many of its loops."""
    call = operator_call(node)
    if call is not None:
        return _look_at_call(*call, depth)
    if isinstance(node, dict | list):
        parts = node.values() if isinstance(node, dict) else node
        inner = _together([_look(part, depth) for part in parts])
        if inner.reads < 2:
            return inner
        return Growth(inner.reads, True, inner.reads, inner.loops, inner.faults)
    return Growth()


def _look_at_call(name: str, arguments: Any, depth: int) -> Growth:
    within = depth + (name in ITERATORS)
    parts = [
        _look(argument, within if number else depth)
        for number, argument in enumerate(argument_list(arguments))
    ]
    inner = _together(parts)
    faults = (*_name_faults(name), *_path_faults(name, arguments, depth), *inner.faults)
    if name not in AVAILABLE:
        return _typed_call(name, argument_list(arguments), inner.reads, faults)
    if name in ITERATORS:
        faults = (*faults, *_loop_faults(name, parts), *_repeated(name, argument_list(arguments)))
    reads = inner.reads + (name in _READS)
    return Growth(reads, inner.builds, inner.built_reads, inner.loops or name in ITERATORS, faults)


def _typed_call(name: str, parts: list[Any], given: int, faults: tuple[str, ...]) -> Growth:
    """Functions bound what they are given and what they give, so what is inside ends there."""
    if name in KNOWN:
        faults = (*faults, *call_faults(name, parts))
    if given > MAX_BUILT_READS:
        faults = (*faults, f"“{name}” is given more than {MAX_BUILT_READS} values.")
    reads = len(body_paths(parts)) if name == BODY else 0
    return Growth(reads=max(reads, 1), faults=faults)


def _together(parts: list[Growth]) -> Growth:
    return Growth(
        sum(part.reads for part in parts),
        any(part.builds for part in parts),
        sum(part.built_reads for part in parts),
        any(part.loops for part in parts),
        tuple(fault for part in parts for fault in part.faults),
    )


def _name_faults(name: str) -> Iterator[str]:
    if name in REFUSED:
        yield f"“{name}” cannot be used here. {REFUSED[name]}"
    elif name not in AVAILABLE and name not in KNOWN:
        yield f"There is no function called “{name[:60]}”.{_meant(name)}"


def _path_faults(name: str, arguments: Any, depth: int) -> Iterator[str]:
    """`../` is part of a name that is never there, so whoever writes it means something else."""
    for path in _paths(name, argument_list(arguments)):
        if up := _UP.match(path):
            said = _instead(up[0].count("/"), path[up.end() :], depth)
            yield f"“{clip(path, 60)}” leads nowhere. {said}"


def _paths(name: str, arguments: list[Any]) -> list[str]:
    written: list[Any] = []
    if name == "var":
        written = arguments[:1]
    elif name in ("missing", "missing_some"):
        written = [one for each in arguments for one in argument_list(each)]
    return [path for path in written if isinstance(path, str)]


def _instead(levels: int, own: str, depth: int) -> str:
    if not depth:
        return f"Write “{clip(own, 60)}” alone." if own else "Leave it out."
    outermost = _LEVELS * depth
    said = {"val": [[min(levels, outermost)], *(own.split(".") if own else ())]}
    return f"Write {clip(json.dumps(said, ensure_ascii=False), 120)} instead."


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name[:60], KNOWN, n=1)
    return f" Did you mean “{close[0]}”?" if close else ""


def _loop_faults(name: str, parts: list[Growth]) -> Iterator[str]:
    if len(parts) < 2:
        return
    source, body = parts[0], parts[1]
    if body.reads > MAX_BUILT_READS:
        yield f"“{name}” reads more than {MAX_BUILT_READS} values for each part of its list."
    if name == "reduce" and body.builds:
        yield "A running total (“reduce”) cannot build lists or records."
    elif source.builds and body.builds:
        yield f"“{name}” cannot build from what was built in the same calculation."


def _repeated(name: str, arguments: list[Any]) -> Iterator[str]:
    if len(arguments) > 1 and (weight(arguments[1]) or 0) > MAX_REPEATED:
        most = MAX_REPEATED // 1024
        yield f"“{name}” says too much for each part of its list: at most {most} kB."
