"""The kinds of step: one module each, found by name in `KINDS`. `LATER` are those of the format
that cannot be run yet; a kind moves from there to a module of its own."""

from collections.abc import Mapping
from types import MappingProxyType

from wedsync.workflows.engine.steps.action import KIND as ACTION
from wedsync.workflows.engine.steps.choose import KIND as CHOOSE
from wedsync.workflows.engine.steps.filter import KIND as FILTER
from wedsync.workflows.engine.steps.kind import Kind
from wedsync.workflows.engine.steps.set import KIND as SET
from wedsync.workflows.engine.steps.stop import KIND as STOP

KINDS: Mapping[str, Kind] = MappingProxyType(
    {kind.name: kind for kind in (CHOOSE, FILTER, SET, ACTION, STOP)}
)

LATER: Mapping[str, str] = MappingProxyType(
    {
        "for_each": "Doing something for each of a list is not available yet.",
        "wait": "Waiting is not available yet.",
        "approval": "Asking somebody is not available yet.",
        "call": "Calling another workflow is not available yet.",
    }
)
