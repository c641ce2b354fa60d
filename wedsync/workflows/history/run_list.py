"""Lists of runs in sentences, two more statements for a whole page of them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select

from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.workflows import page_queries
from wedsync.workflows.page_queries import RunRow
from wedsync.workflows.questions import team_questions
from wedsync.workflows.words.run_words import RunLine, run_line, steps_by_id

NEEDS_YOU = "needs-you"
FILTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (NEEDS_YOU, "Needs you", ("needs_attention",)),
    ("going-on", "Going on", ("queued", "running")),
    ("waiting", "Waiting", ("waiting",)),
    ("done", "Done", ("succeeded",)),
    ("not-needed", "Not needed", ("filtered",)),
    ("did-not-work", "Did not work", ("failed",)),
    ("stopped", "Stopped", ("stopped",)),
)
"""What a list can be narrowed to: name in the address, words, states."""

COUNTED = ("needs_attention", "queued", "running", "waiting")


def rows_of(
    organization_id: UUID,
    chosen: str | None,
    *,
    workflow_id: UUID | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[RunRow]:
    """The runs of a filter, newest first; a run that asks the team a question needs you too."""
    return page_queries.list_run_rows(
        organization_id,
        states=states_named(chosen),
        also=team_questions.asking_runs(organization_id) if chosen == NEEDS_YOU else None,
        workflow_id=workflow_id,
        before=before,
        limit=limit,
    )


def count_needing(organization_id: UUID) -> int:
    """How many runs the filter “Needs you” shows."""
    needing = page_queries.in_states_or(
        organization_id, states_named(NEEDS_YOU), team_questions.asking_runs(organization_id)
    )
    return int(db.session.scalar(select(func.count()).select_from(needing.subquery())) or 0)


def run_lines(organization_id: UUID, rows: Sequence[RunRow], words: Wording) -> list[RunLine]:
    """These runs, each in a sentence."""
    definitions = page_queries.definitions(organization_id, {row.version_id for row in rows})
    steps = {version_id: steps_by_id(found) for version_id, found in definitions.items()}
    done = [row.id for row in rows if row.state == "succeeded"]
    marks = page_queries.step_marks(organization_id, done)
    return [
        run_line(row, marks.get(row.id, []), steps.get(row.version_id, {}), words) for row in rows
    ]


def states_named(name: str | None) -> tuple[str, ...]:
    """The states a filter stands for; none for a name we do not know."""
    return next((states for known, _, states in FILTERS if known == name), ())
