"""What needs a person: each with what happened, what we did meanwhile, and the one step to take."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import Row, select, text

from wedsync.platform.db import db
from wedsync.platform.wording import Wording, count
from wedsync.webhooks.models import Endpoint
from wedsync.workflows import page_queries
from wedsync.workflows.engine.words import clip
from wedsync.workflows.history import run_list
from wedsync.workflows.history.failures import FAILED, asked_of, failed_by_workflow
from wedsync.workflows.questions import team_questions
from wedsync.workflows.questions.team_questions import ASKED_OF_TEAM
from wedsync.workflows.words.run_words import RunLine

_SHOWN = 10
_LONGEST_QUESTION = 140

CONNECTION_NEEDS = (
    "c.organization_id = :organization_id AND (c.state = 'needs_reauth'"
    " OR c.state = 'pending' AND c.reason IS NOT NULL)"
)
# A connection that was taken away leaves its hook, for what came in by it.
HOOK_IS_THERE = "h.subscription IS DISTINCT FROM 'gone'"
# One that its connection cannot be told of by itself, or whose sender was not told its secret.
HOOK_NEEDS = (
    "h.organization_id = :organization_id AND h.state <> 'off' AND (h.subscription = 'failed'"
    " OR h.state = 'needs_secret' AND (h.subscription IS NULL OR h.subscription = 'by_hand')"
    " OR h.subscription = 'by_hand' AND h.last_seen_at IS NULL)"
)
# What a notice is about mostly has a row of its own above; the others speak for themselves.
_NOTICE_NEEDS = (
    "n.organization_id = :organization_id AND n.closed_at IS NULL"
    " AND (n.about_kind NOT IN ('connection', 'hook', 'endpoint', 'workflow', 'run')"
    # An endpoint has its row when it was disabled, not yet when its people are warned.
    "  OR n.about_kind = 'endpoint' AND n.code = 'failing')"
)
_CONNECTIONS = text(
    "SELECT c.id, c.name, c.state, c.state_since, c.reason FROM connections c"
    f" WHERE {CONNECTION_NEEDS} ORDER BY c.state_since LIMIT {_SHOWN}"
)
_HOOKS = text(
    "SELECT h.id, h.name, h.state, h.created_at, h.subscription, h.subscription_error"
    f" FROM hooks h WHERE {HOOK_NEEDS} ORDER BY h.created_at LIMIT {_SHOWN}"
)
_NOTICES = text(
    "SELECT n.title, n.words, n.path, n.created_at FROM notices n"
    f" WHERE {_NOTICE_NEEDS} ORDER BY n.id LIMIT {_SHOWN}"
)
_COUNT = text(
    "SELECT (SELECT count(*) FROM runs WHERE organization_id = :organization_id"
    "  AND parent_run_id IS NULL AND state = 'needs_attention')"
    f" + (SELECT count(DISTINCT workflow_id) FROM ({FAILED}) f)"
    " + (SELECT count(*) FROM endpoints WHERE organization_id = :organization_id"
    "  AND state = 'disabled')"
    f" + (SELECT count(*) FROM ({ASKED_OF_TEAM}) q)"
    f" + (SELECT count(*) FROM hooks h WHERE {HOOK_NEEDS})"
    f" + (SELECT count(*) FROM connections c WHERE {CONNECTION_NEEDS})"
    f" + (SELECT count(*) FROM notices n WHERE {_NOTICE_NEEDS})"
)


@dataclass(frozen=True, slots=True)
class Need:
    """One row of “Needs you”."""

    icon: str
    title: str
    text: str
    url: str
    action: str
    since: datetime


def count_needing(organization_id: UUID) -> int:
    """How many things need somebody of this organization."""
    return int(db.session.scalar(_COUNT, asked_of(organization_id)) or 0)


def needs_of(organization_id: UUID, words: Wording) -> list[Need]:
    """What needs somebody, oldest first."""
    found = [
        *_questions(organization_id, words),
        *_approvals(organization_id, words),
        *_failures(organization_id, words),
        *_endpoints(organization_id),
        *_hooks(organization_id, words),
        *_connections(organization_id, words),
        *_notices(organization_id),
    ]
    return sorted(found, key=lambda need: need.since)


def _questions(organization_id: UUID, words: Wording) -> Iterator[Need]:
    rows = page_queries.list_run_rows(
        organization_id, states=("needs_attention",), limit=_SHOWN + 1
    )
    for line in run_list.run_lines(organization_id, rows[:_SHOWN], words):
        yield Need(
            icon="help-circle",
            title=_question(line),
            text=f"Since {words.moment(line.at)}. {line.what}",
            url=url_for("workflows.run", run_id=line.id),
            action="Look and decide",
            since=line.at,
        )
    if len(rows) > _SHOWN:
        yield Need(
            icon="help-circle",
            title="More runs wait for your answer",
            text="We show the latest here; the others are under What happened.",
            url=url_for("workflows.run_list", state="needs-you"),
            action="See them all",
            since=rows[-1].created_at,
        )


def _question(line: RunLine) -> str:
    about = "" if line.who == line.workflow_name else f" for {line.who}"
    return f"“{line.workflow_name}”{about} asks you to decide"


def _approvals(organization_id: UUID, words: Wording) -> Iterator[Need]:
    for row in team_questions.waiting(organization_id, limit=_SHOWN):
        several = row.n > 1
        asks = f"asks this and {count(row.n - 1, 'more question')}, and" if several else "asks and"
        yield Need(
            icon="help-circle",
            title=clip(" ".join(row.ask.split()), _LONGEST_QUESTION),
            text=f"“{row.workflow_name}” {asks} has waited since {words.moment(row.since)}.",
            url=url_for("workflows.approval_list", run=row.run_id)
            if several
            else url_for("workflows.approval", approval_id=row.first),
            action="See the questions" if several else "Answer",
            since=row.since,
        )


def _failures(organization_id: UUID, words: Wording) -> Iterator[Need]:
    for row in failed_by_workflow(organization_id).values():
        several = row.n > 1
        what = (
            f"{count(row.n, 'time')} since {words.moment(row.since)}"
            if several
            else (words.moment(row.since))
        )
        url = (
            url_for("workflows.run_list", state="did-not-work", workflow=row.workflow_id)
            if several
            else url_for("workflows.run", run_id=row.latest)
        )
        yield Need(
            icon="alert-triangle",
            title=f"“{row.name}” did not work",
            text=f"It happened {what}. What was done before stays done; it can be tried again.",
            url=url,
            action="See what happened",
            since=row.since,
        )


def _endpoints(organization_id: UUID) -> Iterator[Need]:
    query = select(Endpoint).where(
        Endpoint.organization_id == organization_id, Endpoint.state == "disabled"
    )
    for endpoint in db.session.scalars(query.limit(_SHOWN)):
        gone = endpoint.state_reason == "gone"
        why = (
            "They answered that this address is gone, so we stopped sending."
            if gone
            else "Nothing has arrived there for days, so we stopped sending."
        )
        yield Need(
            icon="plug-connected-x",
            title=f"{endpoint.description or endpoint.url} is no longer told anything",
            text=f"{why} Correct the address or turn it on again.",
            url=url_for("webhooks.endpoint", endpoint_id=endpoint.id),
            action="Look at it",
            since=endpoint.failing_since or endpoint.created_at,
        )


def _hooks(organization_id: UUID, words: Wording) -> Iterator[Need]:
    for hook in db.session.execute(_HOOKS, {"organization_id": organization_id}):
        title, said, action = _asked_of(hook)
        yield Need(
            icon="key",
            title=title,
            text=f"{said} Waiting since {words.moment(hook.created_at)}.",
            url=url_for("webhooks.hook", hook_id=hook.id),
            action=action,
            since=hook.created_at,
        )


def _asked_of(hook: Row[Any]) -> tuple[str, str, str]:
    """What a hook needs: in a line, why, and the step to take."""
    if hook.subscription == "failed":
        why = (hook.subscription_error or {}).get("message") or "They did not take our address."
        return f"“{hook.name}” is not told anything", why, "Look at it"
    if hook.subscription == "by_hand":
        return (
            f"“{hook.name}” has to be told where to send",
            "They can only be told by you; until then nothing comes in.",
            "See how",
        )
    return (
        f"“{hook.name}” needs its secret",
        "Until it has one we cannot tell whether what comes in is really from them, so nothing "
        "is taken.",
        "Enter the secret",
    )


def _connections(organization_id: UUID, words: Wording) -> Iterator[Need]:
    for row in db.session.execute(_CONNECTIONS, {"organization_id": organization_id}):
        begun = row.state == "pending"
        yield Need(
            icon="plug-connected-x",
            title=f"{row.name} is not connected yet" if begun else f"{row.name} needs you",
            text=f"Since {words.moment(row.state_since)}. {(row.reason or {}).get('message', '')}",
            url=url_for("connections.connection", connection_id=row.id),
            action="Try again" if begun else "Connect again",
            since=row.state_since,
        )


def _notices(organization_id: UUID) -> Iterator[Need]:
    for row in db.session.execute(_NOTICES, {"organization_id": organization_id}):
        yield Need(
            icon="alert-circle",
            title=row.title,
            text=row.words,
            url=row.path,
            action="Look at it",
            since=row.created_at,
        )
