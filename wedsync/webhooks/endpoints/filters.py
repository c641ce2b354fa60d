"""An endpoint's filter: a JSONLogic condition over `trigger`, the event.

Only what compares and chooses may be used: nothing that builds or computes, so that a filter
costs about as much as it is long.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from datalogic_py import DataLogicError, Engine, Rule

from wedsync.platform import documents

MAX_BYTES = 16 * 1024
_OPS_BUDGET = 10_000
_ALLOWED = frozenset(
    {
        "==", "===", "!=", "!==", ">", ">=", "<", "<=", "!", "!!", "and", "or", "if", "?:", "??",
        "in", "var", "val", "missing", "missing_some", "exists", "starts_with", "ends_with",
        "length", "lower", "upper", "some", "all", "none",
    }
)  # fmt: skip
_ENGINE = Engine(
    strict_operator_names=True,
    families=("ExtString", "ExtControl"),
    config={"ops_budget": _OPS_BUDGET},
)


def problem(rule: Any) -> str | None:
    """Why this cannot be a filter, as a sentence; None when it can."""
    try:
        written = documents.write(rule)
    except TypeError:  # orjson: no JSON at all
        return "The filter is not JSON."
    if len(written) > MAX_BYTES:
        return f"The filter is longer than {MAX_BYTES // 1024} kB."
    if documents.is_too_deep(written):
        return f"The filter is nested deeper than {documents.MAX_DEPTH} levels."
    if not isinstance(rule, dict):
        return 'A filter is a condition, such as {"==": [{"var": "trigger.data.status"}, "paid"]}.'
    return next(_faults(rule), None)


def matches(rule: Any, trigger: Mapping[str, Any]) -> bool:
    """Whether an event passes. A comparison that has no answer (`"blue" > 3`) does not."""
    compiled = _compiled(documents.write(rule))
    try:
        return bool(compiled.evaluate({"trigger": dict(trigger)}))
    except DataLogicError:
        return False


@lru_cache(maxsize=1024)
def _compiled(written: bytes) -> Rule:
    return _ENGINE.compile({"!!": [documents.read(written)]})


def _faults(rule: dict[str, Any]) -> Iterator[str]:
    unknown = sorted(set(_operators(rule)) - _ALLOWED)
    if unknown:
        yield f"“{unknown[0][:60]}” cannot be used in a filter."
        return
    try:
        if any(found["severity"] == "error" for found in _ENGINE.check(rule, "strict")):
            yield "The filter cannot be read: look at what its conditions are given."
            return
        facts = _ENGINE.compile(rule).facts()
    except DataLogicError:
        yield "The filter cannot be read: look at what its conditions are given."
        return
    if not facts["reads_complete"] or any(path[:1] != ["trigger"] for path in facts["reads"]):
        yield "A filter can only read the event: begin each “var” with “trigger.”."


def _operators(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
    if isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _operators(part)
