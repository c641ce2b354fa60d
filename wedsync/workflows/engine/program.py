"""A compiled definition: what `advance` walks through. Immutable and shared between threads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wedsync.workflows.engine.conditions import Condition, Verdict
from wedsync.workflows.engine.expressions import EvaluationFailed
from wedsync.workflows.engine.reading import Reads
from wedsync.workflows.engine.view import View
from wedsync.workflows.engine.walk import CompiledStep


@dataclass(frozen=True, slots=True)
class Program:
    """One version of a workflow. `first` is None when it has no steps.

    `loops` are the `for_each` steps around a step, outermost first, for those inside any; `reads`
    the paths of the wedding a step reads.
    """

    trigger: Mapping[str, Any]
    steps: Mapping[str, CompiledStep]
    first: str | None
    trigger_filter: Condition | None
    loops: Mapping[str, tuple[str, ...]]
    reads: Reads

    def accepts(self, trigger: Mapping[str, Any], now: datetime) -> Verdict:
        """Whether the trigger's filter lets this event start a run; no filter accepts all.

        A filter that cannot be worked out lets nothing through and says so.
        """
        if self.trigger_filter is None:
            return Verdict(True, "")
        try:
            return self.trigger_filter.judge(View({"trigger": trigger}, now))
        except EvaluationFailed as failure:
            return Verdict(False, str(failure))
