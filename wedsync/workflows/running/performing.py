"""Beginning the effect of a step, and reading how it ended.

One of the three places that catch broadly: whatever a connector's code raises becomes the end of
its own attempt, and of nothing else.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from wedsync.connections.limits import headers
from wedsync.connections.limits.headers import Said
from wedsync.connectors.contract import (
    Action,
    Begun,
    Call,
    Change,
    Failed,
    LooksUp,
    Publish,
    Succeeded,
    Task,
)
from wedsync.connectors.scrubbing import scrubbed
from wedsync.platform import clock, leaves
from wedsync.platform.crypto import Unsealable
from wedsync.platform.effects import CROWDED, Blocking, Done, Effect, Ended
from wedsync.platform.outbound import Answer, Failure
from wedsync.workflows.engine import EngineEvent, Perform, attempts
from wedsync.workflows.running import guardrails, local_effects
from wedsync.workflows.running.journal import AttemptEnd, AttemptStart
from wedsync.workflows.running.live_run import Advance, LiveRun, Performing, Refusal, item_number
from wedsync.workflows.running.reach import Reach, Reached, Unreachable

TASK_MARGIN_S = 5.0
"""How much longer a task is waited for than it says: it tells better than we what took so long."""

ROOM_AGAIN = timedelta(seconds=5)
"""When work that did not get its turn is tried again."""

_LOOKUP_GONE = "What became of it cannot be looked up any more."
_ERASED = "Something this step needs was erased, and nobody can read it any more."
_SEALED = "Something this step needs cannot be opened at the moment."
_TOO_LATE = Failed("not_sent", "too_late", "It did not leave in time, so it waits for its turn.")
_BROKEN = "Something in this connector went wrong. Our engineers can see it."

log = logging.getLogger(__name__)


def perform(
    result: Advance, wanted: Perform, event: EngineEvent, reach: Reach
) -> EngineEvent | None:
    """Begin what the engine wants done.

    Gives the event that follows at once; None when something is to leave, or when the run has to
    wait for a connection first (`Advance.connection_id`).
    """
    run = result.run
    row = result.row(wanted.step, wanted.item)
    row.state, row.input, row.attempts = "started", wanted.input, wanted.attempt
    row.generation = wanted.key_generation
    found = reach.of(run.organization_id, wanted.use, wanted.connection)
    if isinstance(found, Unreachable):
        result.connection_id, result.lacking = found.connection_id, found.lacking
        return None
    if isinstance(found, Failed):
        return _event(result.scope, wanted, None, found, event.now, event.random)
    key = f"{run.origin_id}:{wanted.step}:{_item_word(wanted.item)}:{wanted.key_generation}"
    begun = _begun(result, wanted, found, key)
    if isinstance(begun, Call | Task):
        _leave(result, wanted, found, begun, key)
        return None
    finished = _done_here(result, begun, event.now, reach)
    if finished is None:
        return None
    if _is_refused(finished) and found.access is not None:
        connection_id, generation = found.access.connection_id, found.access.generation
        result.refusal = Refusal(run.organization_id, connection_id, generation)
        result.connection_id = connection_id
        return None
    return _event(result.scope, wanted, found.action, finished, event.now, event.random)


def wait_for_connection(
    result: Advance, *, attempts: int = 0, error: Mapping[str, Any] | None = None
) -> None:
    """Stand by until the connection is mended: whoever mends it makes the run due again."""
    waiting_for: dict[str, Any] = {"kind": "connection", "id": str(result.connection_id)}
    if result.lacking:
        waiting_for["permissions"] = list(result.lacking)
    result.stand_by(waiting_for, attempts=attempts)
    if error is not None:
        for row in result.move.steps.values():
            if row.state == "waiting":
                row.error = dict(error)


def is_crowded(ended: Ended) -> bool:
    """Whether work came home without having had its turn."""
    return isinstance(ended, Failure) and ended.code == CROWDED


def wait_for_room(result: Advance, now: datetime) -> None:
    """Look again in a moment whether it is the turn of the work that is on its way.

    Whoever waits for the same far end stays behind it.
    """
    perform = _on_its_way(result.run).perform
    again_at = now + ROOM_AGAIN
    far_end = perform.connection or perform.use
    result.stand_by({"kind": "limit", "id": far_end, "until": again_at.isoformat()})
    result.move.due_at = again_at


def did_not_leave(ended: Ended) -> bool:
    """Whether an effect was held back in the last moment, as its call was too old by then."""
    return isinstance(ended, Done) and ended.value is _TOO_LATE


def too_late(lane: str) -> Blocking:
    """What is done in the place of an effect whose call is too old: nothing."""
    return Blocking(lambda: _TOO_LATE, lane)


def said_by(run: LiveRun, ended: Ended) -> Said | None:
    """What an answer over a connection says of how much more may be asked there."""
    performing = _on_its_way(run)
    if performing.access is None:
        return None
    if isinstance(ended, Answer):
        named = performing.limits.headers if performing.limits else None
        return headers.said_by(ended, named, clock.now())
    told = ended.value if isinstance(ended, Done) else None
    waits = told.retry_after_s if isinstance(told, Failed) else None
    return Said(waits) if waits is not None else None


def comes_back_in_s(run: LiveRun, event: EngineEvent, said: Said | None) -> float | None:
    """In how many seconds it can be asked again what the far end asked us to ask later, where
    that is no failure: it says when, and surely did nothing, or nothing that it would do twice."""
    if said is None or said.wait_s is None or event.error is None:
        return None
    kind = event.error["class"]
    may_repeat = kind == "maybe" and event.effect in attempts.REPEATABLE_EFFECTS
    return said.wait_s if kind == "rate_limit" or may_repeat else None


def connection_of(run: LiveRun) -> UUID | None:
    """The connection that the effect on its way acts through."""
    access = _on_its_way(run).access
    return access.connection_id if access is not None else None


def ended_event(run: LiveRun, ended: Ended, now: datetime, random: float) -> EngineEvent:
    """What the engine is told when the effect on its way came home."""
    performing = _on_its_way(run)
    finished = finished_with(performing, ended)
    scope = run.scope(run.outputs)
    return _event(scope, performing.perform, performing.action, finished, now, random)


def refusal(run: LiveRun, event: EngineEvent) -> Refusal | None:
    """Whether this end of an effect says that a connection is not known any more."""
    access = _on_its_way(run).access
    if access is None or event.error is None or event.error["class"] != "auth":
        return None
    return Refusal(run.organization_id, access.connection_id, access.generation)


def attempt_end(run: LiveRun, event: EngineEvent, ended: Ended) -> AttemptEnd:
    """The journal's row for the attempt that `event` tells the end of."""
    perform = _on_its_way(run).perform
    kind = "ok" if event.error is None else str(event.error["class"])
    ms = round(ended.timings.total_ms)
    error = _with_place(event.error, ended)
    item = item_number(perform.item)
    return AttemptEnd(
        run.root_id, run.workflow_id, perform.step, item, perform.attempt, kind, error, ms
    )


def _begun(result: Advance, wanted: Perform, found: Reached, key: str) -> Begun:
    """How it begins; a look reaches nobody, so nothing holds it back."""
    try:
        if wanted.looks_up:
            return _begin_look(result.run, wanted, found, key)
        return guardrails.unwanted(result, found) or _begin(result.run, wanted, found, key)
    except leaves.Erased:
        return Failed("permanent", "value_erased", _ERASED)
    except Unsealable:
        log.exception("%s cannot have a value it needs", wanted.use)
        return Failed("not_sent", "value_sealed", _SEALED)


def _begin_look(run: LiveRun, wanted: Perform, found: Reached, key: str) -> Begun:
    action = found.action
    if action.effect(wanted.input) != "lookup" or not isinstance(action, LooksUp):
        return Failed("permanent", "lookup_gone", _LOOKUP_GONE)
    given = _opened(run, action, wanted.input)
    try:
        return action.look_up(given, found.access, key=key, timeout_s=wanted.timeout_s)
    except Exception:
        log.exception("%s could not look up what became of an attempt", wanted.use)
        return Failed("permanent", "connector_failed", _BROKEN)


def _begin(run: LiveRun, wanted: Perform, found: Reached, key: str) -> Begun:
    given = _opened(run, found.action, wanted.input)
    return begun_with(found, wanted, given, key)


def begun_with(found: Reached, wanted: Perform, given: Mapping[str, Any], key: str) -> Begun:
    """How an action begins with what it is `given`, whatever its connector's code does."""
    try:
        return found.action.begin(given, found.access, key=key, timeout_s=wanted.timeout_s)
    except Exception:
        log.exception("%s could not begin", wanted.use)
        return Failed("permanent", "connector_failed", _BROKEN)


def finished_with(performing: Performing, ended: Ended) -> Succeeded | Failed:
    """How what was on its way came home, without the secrets of its connection."""
    finished = _finish(performing, ended)
    return finished if performing.access is None else scrubbed(finished, performing.access)


def _finish(performing: Performing, ended: Ended) -> Succeeded | Failed:
    if isinstance(ended, Done):
        if isinstance(ended.value, Succeeded | Failed):
            return ended.value
        log.error("%s ended with %s", performing.perform.use, type(ended.value).__name__)
        return Failed("maybe", "connector_failed", _BROKEN)
    if isinstance(ended, Failure) and performing.is_task:
        return Failed(ended.kind, ended.code, ended.message)
    try:
        if performing.perform.looks_up and isinstance(performing.action, LooksUp):
            return performing.action.looked_up(performing.perform.input, ended)
        return performing.action.finish(performing.perform.input, ended)
    except Exception:
        log.exception("what %s was answered could not be read", performing.perform.use)
        return Failed("maybe", "connector_failed", _BROKEN)


def _leave(result: Advance, wanted: Perform, found: Reached, begun: Call | Task, key: str) -> None:
    """Note that an attempt starts with the commit, and what leaves after it."""
    run, item = result.run, item_number(wanted.item)
    start = AttemptStart(
        run.root_id,
        run.organization_id,
        wanted.step,
        item,
        wanted.attempt,
        key,
        found.access.connection_id if found.access else None,
    )
    result.move.started.append(start)
    far_end = far_end_of(wanted, begun)
    result.leaving = effect(begun, f"{run.organization_id}:{far_end}")
    if found.action.effect(wanted.input) == "once":
        result.far_end = far_end
    result.performing = Performing(
        found.action,
        wanted,
        found.access,
        isinstance(begun, Task),
        found.is_message and not wanted.looks_up,
        found.budget,
        found.limits,
    )


def effect(begun: Call | Task, lane: str) -> Effect:
    """What leaves, in the lane of whom it is done to."""
    if isinstance(begun, Call):
        return begun.request
    return Blocking(begun.run, lane, begun.timeout_s + TASK_MARGIN_S)


def far_end_of(wanted: Perform, begun: Call | Task) -> str:
    """Whom an effect is done to: the connection or, without one, the host."""
    if wanted.connection:
        return wanted.connection
    return f"host:{begun.request.host}" if isinstance(begun, Call) else wanted.use


def _opened(run: LiveRun, action: Action, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The input as the action needs it: what is recorded or published stays sealed, only what
    leaves is opened."""
    if action.effect(given) == "local":
        return given
    opened: Mapping[str, Any] = leaves.open_all(given, run.organization_id, run.keys)
    return opened


def _done_here(
    result: Advance, begun: Publish | Change | Failed, now: datetime, reach: Reach
) -> Succeeded | Failed | None:
    """The end of what leaves nothing; None when the run is somebody else's by now."""
    if isinstance(begun, Publish):
        return local_effects.publish(result, begun, now)
    if isinstance(begun, Change):
        return local_effects.change(result, begun, now, reach.connection)
    return begun


def _event(
    scope: Mapping[str, Any],
    perform: Perform,
    action: Action | None,
    finished: Succeeded | Failed,
    now: datetime,
    random: float,
) -> EngineEvent:
    error = None
    if isinstance(finished, Failed):
        error = {
            "class": finished.kind,
            "code": finished.code,
            "message": finished.message,
            "retry_after_s": finished.retry_after_s,
        }
    return EngineEvent(
        kind="result",
        now=now,
        random=random,
        scope=scope,
        step=perform.step,
        item=perform.item,
        attempt=perform.attempt,
        output=finished.output if isinstance(finished, Succeeded) else None,
        error=error,
        effect=action.effect(perform.input) if action else "none",
        input=perform.input,
    )


def _on_its_way(run: LiveRun) -> Performing:
    if run.performing is None:
        raise ValueError(f"run {run.id} has no effect on its way")
    return run.performing


def _is_refused(finished: Succeeded | Failed) -> bool:
    return isinstance(finished, Failed) and finished.kind == "auth"


def _with_place(error: Mapping[str, Any] | None, ended: Ended) -> dict[str, Any] | None:
    if error is None:
        return None
    where = "before it left" if isinstance(ended, Failure) and ended.kind == "not_sent" else ""
    return {**error, "where": where} if where else dict(error)


def _item_word(item: int | None) -> str:
    return "-" if item is None else str(item)
