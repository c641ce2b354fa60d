"""The kinds of step: one module each, found by name in `KINDS`."""

from collections.abc import Mapping
from types import MappingProxyType

from wedsync.workflows.engine.steps.action import KIND as ACTION
from wedsync.workflows.engine.steps.approval import KIND as APPROVAL
from wedsync.workflows.engine.steps.call import KIND as CALL
from wedsync.workflows.engine.steps.choose import KIND as CHOOSE
from wedsync.workflows.engine.steps.filter import KIND as FILTER
from wedsync.workflows.engine.steps.for_each import KIND as FOR_EACH
from wedsync.workflows.engine.steps.kind import Kind
from wedsync.workflows.engine.steps.set import KIND as SET
from wedsync.workflows.engine.steps.stop import KIND as STOP
from wedsync.workflows.engine.steps.wait import KIND as WAIT

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (CHOOSE, FILTER, SET, ACTION, FOR_EACH, WAIT, APPROVAL, CALL, STOP)
    }
)
