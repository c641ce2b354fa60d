"""Addresses that stand in a step as they were typed, and would never be called."""

import re
from collections.abc import Iterable

from wedsync.platform import outbound
from wedsync.workflows.catalogue import Entries
from wedsync.workflows.engine import Problem
from wedsync.workflows.engine.outline import Placed
from wedsync.workflows.engine.steps.kind import mapping

_IS_ADDRESS = re.compile(r"(^|_)(url|uri|href|link|webhook)$")
_FIX = "Give the address of a service that can be reached from outside, with https://."


def address_inputs(known: Entries, use: str) -> list[str]:
    """The inputs of an action that take an address, by their names."""
    entry = known.get(use)
    fields = mapping(entry.input.get("properties")) if entry is not None else {}
    return [name for name in fields if _IS_ADDRESS.search(name)]


def problems(steps: Iterable[Placed], known: Entries) -> list[Problem]:
    """A problem for each of them; what is worked out when the step happens is judged then."""
    found = []
    for step in (placed.step for placed in steps):
        given = mapping(step.get("input"))
        name = step["id"] if isinstance(step.get("id"), str) else None
        for field in address_inputs(known, str(step.get("use"))):
            refusal = _refusal(given.get(field))
            if refusal is not None:
                found.append(Problem(name, f"input.{field}", refusal, _FIX))
    return found


def _refusal(typed: object) -> str | None:
    if not isinstance(typed, str) or not typed:
        return None
    try:
        outbound.check_url(typed)
    except outbound.UrlRefused as refused:
        return refused.message
    return None
