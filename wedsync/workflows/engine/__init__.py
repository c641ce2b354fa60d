"""The workflow engine: definitions in, decisions out, nothing else.

Pure: no clock, no chance, no store, no network. What a run needs to know arrives in an event, what
it wants done leaves as data; `workflows.running` does it and records it. So one engine serves live
runs, rehearsals, previews and tests, and a run can wait for two years in a few hundred bytes.

| noun | where |
|---|---|
| definition, problem | `validation`, `problems`, `checks`, `limits`; `steps`, a module per kind |
| trigger | `triggers`, `clock_triggers`, each a `trigger_kind` |
| program | `compiling`, `program`; `reading`: what it looks at of the wedding |
| event, decision | `protocol`; `advance` is the whole of it; `walk` one advance; `view` its sight |
| step a run stands at | `attempts` (an effect), `retry`; `waits` |
| state | `state`: positions only, upcast across releases |
| expression | `expressions`; `calculation`, `templates`; `operators` |
| its bounds | `examining`, `growth`, `shape` |
| condition | `conditions`, `clauses` say why |
| function | `functions`, `currencies`, `reference`; `typed` calls them |
| body | `bodies`, `body_filters` |
| instant | `anchors`: dates of a wedding; `schedules`: cron; `zones`: clocks that change |
| words for people | `sentences`, `outline`, `words`, `plain_words`, `times`, `schedule_words` |

Start reading at `advance.advance`.
"""

from wedsync.workflows.engine.advance import advance
from wedsync.workflows.engine.anchors import ANCHORS, anchor_date, moment
from wedsync.workflows.engine.clauses import condition_words
from wedsync.workflows.engine.compiling import compile_definition
from wedsync.workflows.engine.conditions import Verdict
from wedsync.workflows.engine.limits import RECOVERIES_BEFORE_PARKING
from wedsync.workflows.engine.operators import escape_key, literal
from wedsync.workflows.engine.outline import Placed, steps_in_order
from wedsync.workflows.engine.problems import DefinitionInvalid, Problem
from wedsync.workflows.engine.program import Program
from wedsync.workflows.engine.protocol import (
    Action,
    Ask,
    Decision,
    EngineEvent,
    Finish,
    Listen,
    Loop,
    NeedsAttention,
    Perform,
    Record,
    Standing,
    StartRun,
    State,
    WaitUntil,
)
from wedsync.workflows.engine.schedules import is_cron, next_after, occurrences
from wedsync.workflows.engine.sentences import (
    Stretch,
    sentence,
    summary,
    summary_stretches,
    trigger_sentence,
)
from wedsync.workflows.engine.state import STATE_FORMAT, upcast
from wedsync.workflows.engine.steps.kind import ActionInfo
from wedsync.workflows.engine.validation import FORMAT, validate

__all__ = [
    "ANCHORS",
    "FORMAT",
    "RECOVERIES_BEFORE_PARKING",
    "STATE_FORMAT",
    "Action",
    "ActionInfo",
    "Ask",
    "Decision",
    "DefinitionInvalid",
    "EngineEvent",
    "Finish",
    "Listen",
    "Loop",
    "NeedsAttention",
    "Perform",
    "Placed",
    "Problem",
    "Program",
    "Record",
    "Standing",
    "StartRun",
    "State",
    "Stretch",
    "Verdict",
    "WaitUntil",
    "advance",
    "anchor_date",
    "compile_definition",
    "condition_words",
    "escape_key",
    "is_cron",
    "literal",
    "moment",
    "next_after",
    "occurrences",
    "sentence",
    "steps_in_order",
    "summary",
    "summary_stretches",
    "trigger_sentence",
    "upcast",
    "validate",
]
