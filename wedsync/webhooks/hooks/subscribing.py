"""Telling partners where to send: the drain lane `subscriptions`.

A row is taken by moving its `subscription_due_at` on before anybody is asked, so that a worker
that dies leaves a row that is due again; `subscription_attempts` is the fence. Asking twice is
harmless: a repeated request carries the same key, and of two subscriptions the older is ended.
A partner whose connection was taken away cannot be asked anything; the address tells them, which
answers that nothing is there.
"""

import logging
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, text
from sqlalchemy.exc import OperationalError

from wedsync.connections import access as connections
from wedsync.connections.limits import beside_runs
from wedsync.connectors import answers, filling, rest
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.manifest import Hooks, Manifest, RequestTemplate
from wedsync.connectors.scrubbing import scrubbed_failure
from wedsync.listings import manifests
from wedsync.platform import clock, documents, outbound
from wedsync.platform.outbound import Answer, Outcome, Request
from wedsync.platform.vault import Vault, place
from wedsync.settings import Settings
from wedsync.webhooks import schemes
from wedsync.webhooks.hooks.service import PATH

AT_ONCE = 16
MOST_ATTEMPTS = 10
TIMEOUT_S = 20.0
_TAKEN_S = 90
_FIRST_DELAY_S, _FACTOR, _LONGEST_DELAY_S = 5.0, 3.0, 3_600.0
_LONGEST_NAME = 500
_GONE_STATUSES = (404, 410)

log = logging.getLogger(__name__)

_TAKE = text(
    "UPDATE hooks h SET subscription_attempts = subscription_attempts + 1,"
    " subscription_due_at = clock_timestamp() + make_interval(secs => :taken)"
    " FROM (SELECT id FROM hooks WHERE subscription_due_at <= (SELECT clock_timestamp())"
    "  ORDER BY subscription_due_at LIMIT :most FOR UPDATE SKIP LOCKED) due, connections c"
    " WHERE h.id = due.id AND c.organization_id = h.organization_id AND c.id = h.connection_id"
    " RETURNING h.id, h.organization_id, h.connection_id, h.token, h.scheme,"
    "  h.subscription_id, h.subscription_attempts, c.listing_version_id, c.connected_at"
)
_MINE = (
    " WHERE id = :id AND subscription_attempts = :attempts AND subscription = 'wanted'"
    " AND state <> 'off'"
)
_SUBSCRIBED = text(
    "UPDATE hooks SET subscription = 'on', subscription_id = :subscription_id,"
    " previous_secret = CAST(:previous AS bytea),"
    " previous_secret_until = CASE WHEN CAST(:previous AS bytea) IS NOT NULL"
    "  THEN clock_timestamp() + interval '24 hours' END,"
    " secret = :secret, state = 'on', subscription_due_at = NULL, subscription_attempts = 0,"
    " subscription_error = NULL" + _MINE
)
_FAILED = text(
    "UPDATE hooks SET subscription = :subscription, subscription_due_at = :due_at,"
    " subscription_error = CAST(:error AS jsonb)" + _MINE
)
_PUT_OFF = text(
    "UPDATE hooks SET subscription_attempts = subscription_attempts - 1,"
    " subscription_due_at = clock_timestamp() + make_interval(secs => :wait_s)" + _MINE
)
_SECRET = text("SELECT secret FROM hooks WHERE id = :id")
_IS_GONE = text("SELECT subscription = 'gone' FROM hooks WHERE id = :id")


@dataclass(frozen=True, slots=True)
class _Errand:
    """One row that was taken: what to ask, with whose access; or what stands in the way."""

    row: Row[Any]
    hooks: Hooks | None
    access: Access | None
    request: Request | None
    problem: Failed | None = None
    manifest: Manifest | None = None


@dataclass(frozen=True, slots=True)
class _Over:
    """A subscription that the partner may forget, by its id there."""

    errand: _Errand
    subscription_id: str


class Subscribing:
    """Tells partners; one round per `work`."""

    def __init__(self, engine: Engine, vault: Vault, settings: Settings) -> None:
        self._engine = engine
        self._vault = vault
        self._settings = settings

    def work(self, stopping: threading.Event) -> None:
        """Ask until nothing is due. No transaction is open while a partner is asked."""
        while not stopping.is_set() and (errands := self._take()):
            errands = [each for each in errands if not self._is_put_off(each)]
            asked = {str(errand.row.id): errand for errand in errands}
            done = [self._noted(each, None) for each in errands if each.request is None]
            requests = [(tag, each.request) for tag, each in asked.items() if each.request]
            for tag, outcome in outbound.send_many(requests, at_once=AT_ONCE):
                done.append(self._noted(asked[str(tag)], outcome))
            # Last and together: one partner that hangs must not keep the others' answers unwritten.
            self._end([over for over in done if over is not None])

    def _is_put_off(self, errand: _Errand) -> bool:
        """Whether it has to wait, as actions need what calls there are; that is no try."""
        if errand.request is None or errand.manifest is None:
            return False
        row = errand.row
        place = (row.organization_id, row.connection_id)
        wait_s = beside_runs.wait_s(self._engine, *place, errand.manifest)
        if wait_s is None:
            return False
        with self._engine.begin() as connection:
            connection.execute(_PUT_OFF, {**_mine(row), "wait_s": wait_s})
        return True

    def _take(self) -> list[_Errand]:
        with self._engine.begin() as connection:
            rows = connection.execute(_TAKE, {"most": AT_ONCE, "taken": _TAKEN_S}).all()
            return [self._taken(connection, row) for row in rows]

    def _taken(self, connection: Connection, row: Row[Any]) -> _Errand:
        """The errand of a row, whatever is the matter with that row: the others must not wait."""
        try:
            with connection.begin_nested():
                return self._errand(connection, row)
        except OperationalError:
            raise
        except Exception:
            log.exception("hook %s could not be read; it is tried again", row.id)
            return _Errand(row, None, None, None, _OURS)

    def _errand(self, connection: Connection, row: Row[Any]) -> _Errand:
        manifest = manifests.of(connection, row.listing_version_id)
        hooks = manifest.hooks
        if hooks is None or hooks.subscribe is None:
            return _Errand(row, hooks, None, None, _NOT_SAID)
        access = connections.open_for_work(
            connection, self._vault, self._settings, row.organization_id, row.connection_id
        )
        if not isinstance(access, Access):
            problem = Failed("not_sent", "connection_unusable", access.message)
            return _Errand(row, hooks, None, None, problem)
        try:
            request = self._request(hooks.subscribe, access, row, row.subscription_id)
        except filling.NotFilled as refused:
            problem = Failed("permanent", "input_invalid", refused.detail)
            return _Errand(row, hooks, access, None, problem)
        return _Errand(row, hooks, access, request, manifest=manifest)

    def _request(
        self, template: RequestTemplate, access: Access, row: Row[Any], subscription: str | None
    ) -> Request:
        roots = {
            "hook": {"url": self._settings.public_url + PATH + row.token},
            "subscription": {"id": subscription},
        }
        # A new connection is a new wish; until then every repetition is the same one.
        key = f"{template.method}:{row.id}:{row.connected_at}"
        return rest.request_of(template, access, roots, key=key, timeout_s=TIMEOUT_S)

    def _noted(self, errand: _Errand, outcome: Outcome | None) -> _Over | None:
        """As `_record`; where that fails, the row is tried again and the others are written."""
        try:
            return self._record(errand, outcome)
        except OperationalError:
            raise
        except Exception:
            log.exception("what came of hook %s could not be written", errand.row.id)
            return self._record(replace(errand, problem=_OURS), outcome)

    def _record(self, errand: _Errand, outcome: Outcome | None) -> _Over | None:
        """Write down what came of an errand; gives the subscription that is over by it, if any."""
        self._hear(errand, outcome)
        problem = errand.problem or self._problem(errand, outcome)
        with self._engine.begin() as connection:
            if problem is None:
                return self._record_subscription(connection, errand, outcome)
            self._record_failure(connection, errand, problem)
            return None

    def _hear(self, errand: _Errand, outcome: Outcome | None) -> None:
        if errand.manifest is not None:
            place = (errand.row.organization_id, errand.row.connection_id)
            beside_runs.heard(self._engine, *place, errand.manifest.limits, outcome)

    def _problem(self, errand: _Errand, outcome: Outcome | None) -> Failed | None:
        """What kept an errand from being done; None when it was."""
        if not isinstance(outcome, Answer):
            return _failed(outcome)
        given = answers.read(outcome)
        if isinstance(given, Failed):
            return scrubbed_failure(given, errand.access) if errand.access else given
        secret, named = _given(errand, outcome)
        if not isinstance(secret, str) or schemes.named(errand.row.scheme).secret_problem(secret):
            return Failed("permanent", "secret_missing", "They did not tell us a usable secret.")
        if not isinstance(named, str | int) or len(str(named)) > _LONGEST_NAME:
            return Failed("permanent", "id_missing", "They did not say what to call it.")
        return None

    def _record_subscription(
        self, connection: Connection, errand: _Errand, outcome: Outcome | None
    ) -> _Over | None:
        """Take the new subscription: the one before is over. Where the hook was taken away
        meanwhile, the new one is; where another worker is at it, theirs may be the same."""
        row = errand.row
        secret, named = _given(errand, outcome)
        before = connection.execute(_SECRET, {"id": row.id}).scalar_one()
        given = {
            **_mine(row),
            "subscription_id": str(named),
            "secret": self._sealed(connection, row, "secret", str(secret)),
            "previous": self._moved(connection, row, before),
        }
        over = row.subscription_id
        if connection.execute(_SUBSCRIBED, given).rowcount == 0:
            is_gone = connection.execute(_IS_GONE, {"id": row.id}).scalar()
            over = str(named) if is_gone else None
        return _Over(errand, over) if over is not None else None

    def _record_failure(self, connection: Connection, errand: _Errand, problem: Failed) -> None:
        row = errand.row
        if problem.kind == "auth" and errand.access is not None:
            connections.refused(
                connection, row.organization_id, row.connection_id, errand.access.generation
            )
        given_up = problem.kind == "permanent" or row.subscription_attempts >= MOST_ATTEMPTS
        wait = _delay(row.subscription_attempts, problem.retry_after_s)
        given = {
            **_mine(row),
            "subscription": "failed" if given_up else "wanted",
            "due_at": None if given_up else clock.now() + wait,
            "error": _told(problem),
        }
        connection.execute(_FAILED, given)

    def _end(self, over: Sequence[_Over]) -> None:
        """A partner told anew would tell us everything twice; the new one holds already."""
        requests = [
            (each.errand.row.id, request) for each in over if (request := self._ending(each))
        ]
        for hook_id, outcome in outbound.send_many(requests, at_once=AT_ONCE):
            if not isinstance(outcome, Answer) or not _is_ended(outcome):
                log.warning("an older subscription of hook %s may still be there", hook_id)

    def _ending(self, over: _Over) -> Request | None:
        hooks, access = over.errand.hooks, over.errand.access
        if hooks is None or hooks.unsubscribe is None or access is None:
            return None
        try:
            return self._request(hooks.unsubscribe, access, over.errand.row, over.subscription_id)
        except filling.NotFilled:
            return None

    def _sealed(self, connection: Connection, row: Row[Any], field: str, secret: str) -> bytes:
        where = place("hooks", row.id, field)
        return self._vault.seal(connection, row.organization_id, where, secret.encode())

    def _moved(self, connection: Connection, row: Row[Any], before: bytes | None) -> bytes | None:
        """The secret there was, sealed for its new place: what is under way was signed with it."""
        if before is None:
            return None
        where = place("hooks", row.id, "secret")
        opened = self._vault.open(connection, row.organization_id, where, before)
        return self._sealed(connection, row, "previous_secret", opened.decode())


_OURS = Failed("not_sent", "bug", "Something went wrong on our side. We try again.")
_NOT_SAID = Failed("permanent", "not_said", "This integration does not say how to do that.")


def _given(errand: _Errand, outcome: Outcome | None) -> tuple[Any, Any]:
    """The secret and the id in the answer to a subscription."""
    if not isinstance(outcome, Answer) or errand.hooks is None:
        return None, None
    try:
        document = documents.read(outcome.body)
    except documents.BadDocument:  # they took it, and said so in words, or not at all
        return None, None
    return (
        filling.reached(document, errand.hooks.secret_path),
        filling.reached(document, errand.hooks.id_path),
    )


def _is_ended(answer: Answer) -> bool:
    return 200 <= answer.status < 300 or answer.status in _GONE_STATUSES


def _failed(outcome: Outcome | None) -> Failed:
    if outcome is None or isinstance(outcome, Answer):
        raise ValueError("an errand without a problem was not sent")
    return Failed(outcome.kind, outcome.code, outcome.message)


def _mine(row: Row[Any]) -> Mapping[str, Any]:
    return {"id": row.id, "attempts": row.subscription_attempts}


def _told(problem: Failed) -> str:
    return documents.write({"code": problem.code, "message": problem.message}).decode()


def _delay(attempts: int, asked_s: float | None) -> timedelta:
    grown: float = min(_FIRST_DELAY_S * _FACTOR ** (attempts - 1), _LONGEST_DELAY_S)
    seconds = max(grown * (1 + 0.1 * random.random()), min(asked_s or 0.0, _LONGEST_DELAY_S))
    return timedelta(seconds=seconds)
