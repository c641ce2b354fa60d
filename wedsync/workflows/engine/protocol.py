"""What goes into `advance` and what comes out: plain data, nothing that acts.

    runner ── EngineEvent ──▶ advance(program, state, event) ──▶ Decision(state, actions)

| event `kind` | said by the runner when | needs |
|---|---|---|
| `start` | a run, or an item of one, was claimed for the first time | `step` where it begins |
| `result` | an attempt ended | `step, attempt`, and `output`, or `error` and `effect` |
| `resume` | the time of a `WaitUntil` came, or may have moved | `step`; of a retry `input` |
| `arrived` | the event of a `Listen` came | `step`, `output`: the event, or `error` |
| `timed_out` | its `until` passed first, or nobody answered an `Ask` in time | `step` |
| `answered` | somebody answered an `Ask` | `step`, `output`: `{approved, by, note}`, or `error` |
| `returned` | the run of a `StartRun` is there, or is over | `step`, `output`, or `error` |
| `items_over` | all items of a `Loop` are over | `step`, `output`: `{total, succeeded, failed}` |
| `recovered` | the process died after the attempt was `started` | `step, attempt, effect, input` |
| `decide` | a person answered a `NeedsAttention` | `step, decision`, perhaps `input`, `output` |
| `stop` | a person stops the run | perhaps `reason` |

Every event carries `now`, `random` (0 to 1, for jitter) and `scope`, and in a run that is an item
its number as `item`. An event that does not fit the state (late, repeated, of another step) gives
the same state and no actions. An `error` says that what was asked for cannot be: the step fails.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

State: TypeAlias = dict[str, Any]
"""Positions as JSON, see `state`. Never outputs: those are the recorded steps."""

EventKind = Literal[
    "start",
    "result",
    "resume",
    "arrived",
    "timed_out",
    "answered",
    "returned",
    "items_over",
    "recovered",
    "decide",
    "stop",
]
StepState = Literal["started", "waiting", "unsure", "succeeded", "failed", "skipped"]
Effect = Literal["none", "local", "idempotent", "lookup", "once"]
OnUnsure = Literal["ask", "retry", "skip"]
Outcome = Literal["succeeded", "failed", "stopped", "filtered"]
Choice = Literal["send_again", "treat_as_done", "skip", "go_on", "end"]
AttentionCode = Literal["unsure", "poison", "late"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """Something that happened to a run.

    `scope` is `{trigger, steps, wedding, run}`, `steps` being the recorded outputs by step id, and
    for an item of a `for_each` also `{item, index}`; `item` is then its number in the run.
    `error` is `{class, code, message, retry_after_s?}` with class `not_sent`, `maybe`, `auth`,
    `rate_limit`, `permanent`, `unwanted` or, of a look, `absent`. `effect` is what the action does
    outside; unsaid, the worst is assumed. `input` is what the attempt was given as recorded (or as
    a person changed it), so that a repeated attempt says the very same thing; unsaid, it is worked
    out anew.
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
    """Write this into the run's journal. None leaves what an earlier record of the step said.

    `reads` are the values of the wedding the step looked at, by path: `{"wedding.date": …}`.
    """

    step: str
    item: int | None
    state: StepState
    input: Any = None
    output: Any = None
    error: Mapping[str, Any] | None = None
    explanation: Mapping[str, Any] | None = None
    reads: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Perform:
    """Do this, after committing that it starts. `key_generation` is the end of the effect's key
    (`<origin run>:<step>:<item>:<generation>`); `attempt` counts from 1 and never repeats. With
    `looks_up` only find out whether what that key stands for was done: its output is the result,
    an error of the class `absent` says that it was not."""

    step: str
    item: int | None
    use: str
    connection: str | None
    input: Mapping[str, Any]
    timeout_s: float
    attempt: int
    key_generation: int
    on_unsure: OnUnsure
    looks_up: bool = False


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Send `resume` for this step when `due_at` has come.

    `waiting_for` is `{kind, until, …}`. Where it has an `anchor`, `due_at` is only what the
    wedding's dates say now: when they move, `resume` comes early and the step looks again. It is
    None while the wedding does not have that date.
    """

    step: str
    item: int | None
    due_at: datetime | None
    waiting_for: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listen:
    """Send `arrived` with the first event of this type whose values at the paths of `match` (from
    the event: `data.guest.id`) equal the wanted ones, since the run began; `timed_out` when
    `until` passes first."""

    step: str
    item: int | None
    event_type: str
    match: Mapping[str, Any]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a person and send `answered`; `timed_out` when `until` passes first.

    `who` and `then_ask` are `{"role" | "user" | "email": …}`.
    """

    step: str
    item: int | None
    ask: str
    who: Mapping[str, Any]
    remind_after_s: float | None
    then_ask: Mapping[str, Any] | None
    until: datetime | None
    on_expiry: Literal["approve", "refuse", "stop"]


@dataclass(frozen=True, slots=True)
class StartRun:
    """Start a run of another workflow and send `returned`: at once with `{run_id}`, or when
    `waits` and it is over with `{run_id, outcome, output}`."""

    step: str
    item: int | None
    workflow: str
    input: Any
    waits: bool


@dataclass(frozen=True, slots=True)
class Loop:
    """Run the steps from `first` once for each of `items`, each in a run of its own, at most
    `parallel` at a time (None: they do nothing outside, so the number does not matter), and send
    `items_over`. There is at least one item; a batch of several is a list."""

    step: str
    item: int | None
    first: str
    items: Sequence[Any]
    parallel: int | None


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """Only a person can go on; the answer is a `decide`."""

    step: str
    item: int | None
    reason: str
    code: AttentionCode


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over. `reason` is a sentence; `step` is where it ended, None at the end."""

    outcome: Outcome
    reason: str | None = None
    step: str | None = None


Standing: TypeAlias = Perform | WaitUntil | Listen | Ask | StartRun | Loop | NeedsAttention
"""What a run stands at until an event tells how it ended."""

Action: TypeAlias = Record | Standing | Finish


@dataclass(frozen=True, slots=True)
class Decision:
    """The new state and what to do, in order. `stale`: the event did not fit and changed nothing.

    There is at most one `Standing` or `Finish`: what runs side by side are the items of a
    `Loop`, and each of those is a run of its own.
    """

    state: State | None
    actions: tuple[Action, ...] = ()
    stale: bool = False
