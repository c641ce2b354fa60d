"""What can be chosen at an account: its guests, its calendars, its templates, by the manifest.

Asked in the request that shows it, within three seconds and only where nothing was read before;
else by a drain, and the page looks again. What was read is kept (`kept_choices`) per connection
and list, and the whole team chooses from it. No transaction is open while anybody is asked.
"""

import time
from dataclasses import dataclass, replace
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import Row

from wedsync import connectors
from wedsync.connections import access, standing
from wedsync.connections.access import Unusable
from wedsync.connections.choosing import kept_choices
from wedsync.connections.choosing.kept_choices import Asked, Kept
from wedsync.connections.credentials import Executor
from wedsync.connections.limits import beside_runs
from wedsync.connections.means import Means, manifest_of
from wedsync.connectors import choices
from wedsync.connectors.choices import Choice
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.manifest import ChoicesEntry, Manifest
from wedsync.errors import NotFound
from wedsync.platform import outbound
from wedsync.platform.vault import Vault

WITHIN_S = 3.0
"""How long the request of a page waits for a list nobody read before."""

BY_A_DRAIN_S = 30.0
WORTH_WAITING_S = 10.0
"""For calls of the budget, all in all: others want the drain's place."""

_LEASE_MARGIN_S = 15.0
_LEAST_S = 0.2
_ASKED_TWICE = 2
"""Credentials that were refused are renewed, and then it is asked once more."""

_BY_HAND = "You can type it yourself meanwhile."


@dataclass(frozen=True, slots=True)
class _Task:
    """A claimed list, and what of the database is needed to read it."""

    row: Row[Any]
    name: str
    listed: ChoicesEntry
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Read:
    """`ran_out`: there were more, and neither calls nor time for them."""

    choices: tuple[Choice, ...]
    is_cut: bool
    ran_out: bool = False


_Result: TypeAlias = _Read | Failed | Unusable


def kept(
    executor: Executor, vault: Vault, organization_id: UUID, connection_id: UUID, key: str
) -> Kept:
    """The list as it was read last. Never calls out."""
    return kept_choices.find(executor, vault, organization_id, connection_id, key)


def ask(
    executor: Executor,
    organization_id: UUID,
    connection_id: UUID,
    key: str,
    *,
    refresh: bool = False,
) -> Asked | None:
    """Have the list read where it is not fresh, or where a person wants it `refresh`ed.

    The caller commits, and then reads it (`load`) or leaves it to a drain, which takes it up when
    whoever asked had the time to. None for a connection that is not there.
    """
    within_s = WITHIN_S + 1
    return kept_choices.ask(
        executor, organization_id, connection_id, key, after_s=within_s, refresh=refresh
    )


def leave_to_drain(executor: Executor, organization_id: UUID, asked: Asked) -> None:
    """Let a drain begin at once with what was asked for; the caller commits and rings."""
    kept_choices.make_due(executor, organization_id, asked.id)


def load(means: Means, organization_id: UUID, row_id: UUID, *, within_s: float, last: bool) -> None:
    """Read a list that is wanted, unless somebody is at it. `last`: what does not come in time is
    a failure, said in a sentence; else it is left to a drain."""
    until = time.monotonic() + within_s
    with means.engine.begin() as database:
        row = kept_choices.claim(database, organization_id, row_id, within_s + _LEASE_MARGIN_S)
        task = _task(database, row) if row is not None else None
    if task is None:
        return
    result = _ask(means, task, until)
    with means.engine.begin() as database:
        _settle(database, means, task, result, is_late=not last and _ran_out(result, until))


def listed_in(manifest: Manifest, key: str) -> ChoicesEntry | None:
    """The list of a manifest, or of ours of today where a connection pins an older one."""
    ours = connectors.manifests().get(manifest.slug)
    offered = (*manifest.choices, *(ours.choices if ours is not None else ()))
    return next((listed for listed in offered if listed.key == key), None)


def _task(database: DatabaseConnection, row: Row[Any]) -> _Task | None:
    connection = standing.find(database, row.organization_id, row.connection_id)
    if connection is None:
        return None
    try:
        manifest = manifest_of(database, connection)
        listed = listed_in(manifest, row.key)
    except NotFound:  # its version cannot be read any more
        manifest, listed = None, None
    if manifest is None or listed is None:
        words = f"{connection.name} does not offer this list any more. {_BY_HAND}"
        kept_choices.fail(database, row, words)
        return None
    return _Task(row, connection.name, listed, manifest)


def _ask(means: Means, task: _Task, until: float) -> _Result:
    where = (task.row.organization_id, task.row.connection_id)
    for _ in range(_ASKED_TWICE):
        opened = access.fresh(means.engine, means.vault, means.settings, *where, _left(until))
        if isinstance(opened, Unusable):
            return opened
        result = _read(means, task, opened, until)
        if isinstance(result, _Read) or result.kind != "auth":
            return result
        with means.engine.begin() as database:
            access.refused(database, *where, opened.generation)
    return result


def _read(means: Means, task: _Task, opened: Access, until: float) -> _Read | Failed:
    """Every page, as long as they bring something new and there is room and time for it."""
    listed, place = task.listed, (task.row.organization_id, task.row.connection_id)
    worth_it_until = min(until - _LEAST_S, time.monotonic() + WORTH_WAITING_S)
    known: tuple[Choice, ...] = ()
    page: str | int | None = None
    for _ in range(choices.MOST_PAGES):
        request = choices.request(listed, opened, page, _left(until))
        if isinstance(request, Failed):
            return request
        if not _has_call(means, task, worth_it_until):
            return _Read(known, is_cut=True, ran_out=True) if known else _NO_CALLS_LEFT
        outcome = outbound.request(replace(request, timeout_s=_left(until)))
        beside_runs.heard(means.engine, *place, task.manifest.limits, outcome)
        answer = choices.read(listed, opened, outcome)
        if isinstance(answer, Failed):
            return answer
        found, page = choices.joined(known, answer), answer.next_page
        if len(found) > choices.MOST or (page is not None and len(found) == choices.MOST):
            return _Read(found[: choices.MOST], is_cut=True)
        if page is None or len(found) == len(known):
            return _Read(found, is_cut=False)
        known = found
    return _Read(known, is_cut=True)


def _has_call(means: Means, task: _Task, until: float) -> bool:
    """Take a call, if need be after waiting for it `until` then: a list may have more pages than
    its service lets us ask for at once."""
    place = (task.row.organization_id, task.row.connection_id)
    while (wait_s := beside_runs.wait_s(means.engine, *place, task.manifest)) is not None:
        if time.monotonic() + wait_s > until:
            return False
        time.sleep(wait_s)
    return True


_NO_CALLS_LEFT = Failed("rate_limit", "no_calls_left", "There is no call left for it.")


def _settle(
    database: DatabaseConnection, means: Means, task: _Task, result: _Result, *, is_late: bool
) -> None:
    if isinstance(result, _Read) and result.ran_out and task.row.entries is not None:
        result = _NO_CALLS_LEFT  # what was read before is more
    if is_late:
        kept_choices.hand_over(database, task.row)
    elif isinstance(result, _Read):
        kept_choices.keep(database, means.vault, task.row, result.choices, is_cut=result.is_cut)
    else:
        kept_choices.fail(database, task.row, _sentence(task.name, result))


def _ran_out(result: _Result, until: float) -> bool:
    """Whether it was only the time that was too short."""
    if isinstance(result, Unusable):
        return not result.gone
    if isinstance(result, _Read):
        return result.ran_out
    is_over = time.monotonic() >= until - _LEAST_S
    return result is _NO_CALLS_LEFT or (result.kind in ("not_sent", "maybe") and is_over)


def _sentence(name: str, result: Failed | Unusable) -> str:
    """What went wrong, and what to do now."""
    if isinstance(result, Unusable):
        todo = "Connect it again" if result.gone else "Try again in a moment"
        return f"{result.message} {todo}. {_BY_HAND}"
    if result.kind == "auth":
        return f"{name} does not let us in any more. Connect it again. {_BY_HAND}"
    if result is _NO_CALLS_LEFT:
        words = "lets us ask only so often, and not again just now."
        return f"{name} {words} Try again later. {_BY_HAND}"
    if result.kind == "rate_limit":
        return f"{name} asks us to slow down. Try again in a minute. {_BY_HAND}"
    if result.kind == "not_sent":
        return f"{name} could not be reached. Try again in a moment. {_BY_HAND}"
    if result.kind == "maybe":
        return f"{name} gave no answer we could read. Try again in a moment. {_BY_HAND}"
    if result.code == "http_403":
        words = "did not allow us to see this list. Connect it again and leave the ticks on."
        return f"{name} {words} {_BY_HAND}"
    return f"The list of {name} could not be read. {result.message} {_BY_HAND}"


def _left(until: float) -> float:
    return max(until - time.monotonic(), _LEAST_S)
