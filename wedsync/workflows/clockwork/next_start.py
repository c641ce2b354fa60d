"""When a workflow starts by itself next, and what keeps it from looking, in a sentence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from wedsync.platform.db import db
from wedsync.platform.wording import Wording, count, sentence_end
from wedsync.workflows.clockwork import poll_timers

# The rows a workflow does not use now are held: they have nothing to say.
_TIMERS = text(
    "SELECT kind, min(due_at) AS due_at, count(*) AS many, max(fired_at) AS looked_at,"
    " (array_agg(error ORDER BY due_at))[1] AS error FROM workflow_timers"
    " WHERE organization_id = :organization_id AND workflow_id = :workflow_id"
    "  AND due_at IS NOT NULL AND key <> 'weddings' GROUP BY kind"
)


@dataclass(frozen=True, slots=True)
class NextStart:
    """`words` say when; `trouble` what is in the way, under a `headline`; empty when nothing is."""

    words: str
    headline: str = ""
    trouble: str = ""


def next_start(organization_id: UUID, workflow_id: UUID, words: Wording) -> NextStart | None:
    """The next start of a workflow that is on; None where the clock starts nothing."""
    given = {"organization_id": organization_id, "workflow_id": workflow_id}
    row = db.session.execute(_TIMERS, given).first()
    if row is None:
        return None
    return NextStart(_words(row, words), *_trouble(row.error))


def _words(row: Row[Any], words: Wording) -> str:
    when = words.at(row.due_at)
    if row.kind == "schedule":
        return f"It starts next {when}."
    if row.kind == "poll":
        return f"{_looked(row.looked_at, words)}We look next {when}."
    weddings = count(row.many, "wedding")
    return f"It is planned for {weddings}; the next start is {when}."


def _looked(looked_at: datetime | None, words: Wording) -> str:
    return f"We looked last {words.at(looked_at)}. " if looked_at else ""


def _trouble(error: Any) -> tuple[str, str]:
    if not error:
        return "", ""
    message = sentence_end(str(error["message"]))
    if error["code"] == poll_timers.ENDLESS:
        return "Their list does not seem to end", message
    return "The last look did not work", f"{message} We try again by ourselves."
