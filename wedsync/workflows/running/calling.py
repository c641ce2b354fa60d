"""Runs that runs start by a `call`, and how a caller learns what came of one.

A called run is written in the transaction of its caller's move. Its lane and, when it is over, its
caller lie in other lanes than the one a turn holds, so both are woken right after the commit; what
a death in between leaves is found by `sweep`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import clock
from wedsync.workflows.engine import EngineEvent
from wedsync.workflows.engine.protocol import StartRun
from wedsync.workflows.run_models import FINAL_RUN_STATES
from wedsync.workflows.running import chain_budgets, given_input, journal, new_runs
from wedsync.workflows.running.live_run import Advance, LiveRun, item_number
from wedsync.workflows.running.new_runs import NewRun

_CALLED = text(
    "SELECT w.id, w.name, w.state, v.id AS version_id, v.trigger_kind,"
    " v.definition #> '{trigger,input}' AS asked FROM workflows w"
    " LEFT JOIN workflow_versions v ON v.id = w.live_version_id"
    " WHERE w.organization_id = :organization_id AND w.id = :id"
)
_CHILD = text(
    "SELECT r.id, r.state, (SELECT s.output FROM run_steps s WHERE s.run_id = r.id"
    "  AND s.item = -1 AND s.state = 'succeeded' ORDER BY s.position DESC LIMIT 1) AS output"
    " FROM runs r WHERE r.organization_id = :organization_id AND r.id = :id"
)
_CALLERS = text(
    "SELECT id, organization_id, workflow_id, clock_timestamp() AS due_at FROM runs"
    " WHERE state = 'waiting' AND waiting_for ->> 'kind' = 'call'"
    " AND waiting_for ->> 'id' = ANY(:called) AND due_at IS NULL ORDER BY id"
)
_WAKE = text(
    "UPDATE runs SET due_at = clock_timestamp() WHERE id = ANY(:ids) AND state = 'waiting'"
    " AND waiting_for ->> 'kind' = 'call' AND due_at IS NULL"
)
_LEFT_WAITING = text(
    "SELECT r.id, r.organization_id, r.workflow_id, clock_timestamp() AS due_at FROM runs r"
    " LEFT JOIN runs called ON called.organization_id = r.organization_id"
    "  AND called.id = CAST(r.waiting_for ->> 'id' AS uuid)"
    " WHERE r.state = 'waiting' AND r.waiting_for ->> 'kind' = 'call' AND r.due_at IS NULL"
    " AND (called.id IS NULL OR called.state = ANY(:over)) ORDER BY r.id"
)

_STARTED = text(
    "SELECT organization_id, workflow_id, due_at FROM runs WHERE id = ANY(:ids)"
    " AND state = 'queued' AND due_at IS NOT NULL"
)

_KINDS = ("workflow", "manual")
_GONE = "The workflow it should start is not there any more."


def begin(
    result: Advance, wanted: StartRun, event: EngineEvent, connection: Connection
) -> EngineEvent | None:
    """Have a run of another workflow started; the event that follows at once, None when the
    caller waits for it."""
    run = result.run
    called = _called(connection, run.organization_id, wanted.workflow)
    problem = _problem(called, wanted.input)
    if called is None or problem is not None:
        return _returned(result, wanted, event, error=_refused(problem or _GONE))
    new = _new_run(run, wanted, called)
    result.starts.append(new)
    if not wanted.waits:
        return _returned(result, wanted, event, output={"run_id": str(new.id)})
    result.move.state = "waiting"
    result.move.waiting_for = {"kind": "call", "id": str(new.id)}
    return None


def outcome(connection: Connection, run: LiveRun, called: str) -> dict[str, Any] | None:
    """What a caller is told of a run that is over: `{output}` or `{error}`; None while it is not.

    The output of a run is that of its last step.
    """
    given = {"organization_id": run.organization_id, "id": UUID(called)}
    row = connection.execute(_CHILD, given).one_or_none()
    if row is None:
        return {"error": _refused("The run it started is not there any more.")}
    if row.state not in FINAL_RUN_STATES:
        return None
    return {"output": {"run_id": called, "outcome": row.state, "output": row.output}}


def write(connection: Connection, advances: Sequence[Advance]) -> None:
    """Write the runs that these moves start; `wake` them after the commit."""
    new = [each for one in advances for each in one.starts]
    chain_budgets.hold(connection, new, new_runs.write(connection, new, clock.now()))


def concerns(advances: Iterable[Advance]) -> bool:
    """Whether there is anything for `wake`."""
    return any(one.starts or (one.run.caller_id and one.move.is_final) for one in advances)


def wake(connection: Connection, advances: Sequence[Advance]) -> None:
    """After the commit: have the runs taken up that were called, and the callers of what is over.

    The caller commits and rings `runs`.
    """
    over = [one.run.id for one in advances if one.run.caller_id and one.move.is_final]
    callers = callers_of(connection, over)
    # Due since they were written: a lane told of a later moment would look behind them.
    ids = [each.id for one in advances for each in one.starts]
    called = connection.execute(_STARTED, {"ids": ids}).all() if ids else []
    journal.touch(connection, [], [*called, *callers])
    make_due(connection, callers)


def callers_of(connection: Connection, called: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The runs that wait for these; their lanes are to be touched before `make_due`."""
    if not called:
        return []
    return connection.execute(_CALLERS, {"called": [str(each) for each in called]}).all()


def make_due(connection: Connection, callers: Sequence[Row[Any]]) -> None:
    """Have these callers look at what they wait for."""
    if callers:
        connection.execute(_WAKE, {"ids": [row.id for row in callers]})


def sweep(connection: Connection) -> None:
    """Wake callers of what is over that nobody woke."""
    callers = connection.execute(_LEFT_WAITING, {"over": list(FINAL_RUN_STATES)}).all()
    journal.touch(connection, [], callers)
    make_due(connection, callers)


def _called(connection: Connection, organization_id: UUID, workflow: str) -> Row[Any] | None:
    try:
        given = {"organization_id": organization_id, "id": UUID(workflow)}
    except ValueError:
        return None
    return connection.execute(_CALLED, given).one_or_none()


def _problem(called: Row[Any] | None, given: Any) -> str | None:
    if called is None:
        return _GONE
    if called.version_id is None:
        return f"“{called.name}” is not published, so it cannot be started."
    if called.state == "off":
        return f"“{called.name}” is off, so it cannot be started."
    if called.trigger_kind not in _KINDS:
        return f"“{called.name}” does not start by hand or from another workflow."
    if wrong := given_input.problems(called.asked, given):
        return f"“{called.name}” asks for something else. {' '.join(wrong)}"
    return None


def _new_run(run: LiveRun, wanted: StartRun, called: Row[Any]) -> NewRun:
    causation = run.caused
    loop = new_runs.loop_words(called.id, causation)
    return NewRun(
        organization_id=run.organization_id,
        workflow_id=called.id,
        version_id=called.version_id,
        cause=f"call:{run.root_id}:{wanted.step}:{item_number(wanted.item)}",
        wedding_id=run.wedding_id,
        input=wanted.input,
        state="needs_attention" if loop else "queued",
        reason={"code": "loop", "message": loop} if loop else None,
        caller_run_id=run.id,
        causation=causation,
        root_id=chain_budgets.root_of(causation),
    )


def _refused(problem: str) -> dict[str, Any]:
    return {"class": "permanent", "code": "call_refused", "message": problem}


def _returned(
    result: Advance,
    wanted: StartRun,
    event: EngineEvent,
    *,
    output: Any = None,
    error: Mapping[str, Any] | None = None,
) -> EngineEvent:
    return EngineEvent(
        kind="returned",
        now=event.now,
        random=event.random,
        scope=result.scope,
        step=wanted.step,
        item=wanted.item,
        output=output,
        error=error,
    )
