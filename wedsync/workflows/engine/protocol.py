"""What goes into `advance` and what comes out: plain data, nothing that acts.

    runner ── EngineEvent ──▶ advance(program, state, event) ──▶ Decision(state, actions)

| event `kind` | said by the runner when | needs |
|---|---|---|
| `start` | a run was claimed for the first time | `step` where a re-run goes on, else the first |
| `result` | an attempt ended | `step, attempt`, and `output`, or `error` and `effect` |
| `resume` | the time of a `WaitUntil` came | `step`, `input` |
| `recovered` | the process died after the attempt was `started` | `step, attempt, effect, input` |
| `decide` | a person answered a `NeedsAttention` | `step, decision`, perhaps `input`, `output` |
| `stop` | a person stops the run | perhaps `reason` |

Every event carries `now`, `random` (0 to 1, for jitter) and `scope`. An event that does not fit
the state (late, repeated, of another step) gives the same state and no actions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

State: TypeAlias = dict[str, Any]
"""Positions as JSON, see `state`. Never outputs: those are the recorded steps."""

EventKind = Literal["start", "result", "resume", "recovered", "decide", "stop"]
StepState = Literal["started", "waiting", "unsure", "succeeded", "failed", "skipped"]
Effect = Literal["none", "local", "idempotent", "lookup", "once"]
OnUnsure = Literal["ask", "retry", "skip"]
Outcome = Literal["succeeded", "failed", "stopped", "filtered"]
Choice = Literal["send_again", "treat_as_done", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """Something that happened to a run.

    `scope` is `{trigger, steps, wedding, run}`, `steps` being the recorded outputs by step id.
    `error` is `{class, code, message, retry_after_s?}` with class `not_sent`, `maybe`, `auth`,
    `rate_limit` or `permanent`. `effect` is what the action does outside; unsaid, the worst is
    assumed. `input` is what the attempt was given as recorded (or as a person changed it), so
    that a repeated attempt says the very same thing; unsaid, it is worked out anew.
    """

    kind: EventKind
    now: datetime
    random: float
    scope: Mapping[str, Any]
    step: str | None = None
    item: int | None = None
    attempt: int | None = None
    output: Any = None
    error: Mapping[str, Any] | None = None
    effect: Effect = "once"
    input: Mapping[str, Any] | None = None
    decision: Choice | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Write this into the run's journal. None leaves what an earlier record of the step said."""

    step: str
    item: int | None
    state: StepState
    input: Any = None
    output: Any = None
    error: Mapping[str, Any] | None = None
    explanation: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Perform:
    """Do this, after committing that it starts. `key_generation` is the end of the effect's key
    (`<origin run>:<step>:<item>:<generation>`); `attempt` counts from 1 and never repeats."""

    step: str
    item: int | None
    use: str
    connection: str | None
    input: Mapping[str, Any]
    timeout_s: float
    attempt: int
    key_generation: int
    on_unsure: OnUnsure


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Send `resume` for this step when `due_at` has come."""

    step: str
    item: int | None
    due_at: datetime
    waiting_for: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """Only a person can go on. `code` is `unsure` or `poison`; the answer is a `decide`."""

    step: str
    item: int | None
    reason: str
    code: Literal["unsure", "poison"]


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over. `reason` is a sentence; `step` is where it ended, None at the end."""

    outcome: Outcome
    reason: str | None = None
    step: str | None = None


Action: TypeAlias = Record | Perform | WaitUntil | NeedsAttention | Finish


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state and what to do, in order. `stale`: the event did not fit and changed nothing.

    There is at most one of Perform, WaitUntil, NeedsAttention and Finish today; steps that run
    side by side will give several, so read the tuple as a list.
    """

    state: State | None
    actions: tuple[Action, ...] = ()
    stale: bool = False
