"""Lists of runs in sentences, two more statements for a whole page of them."""

from collections.abc import Sequence
from uuid import UUID

from wedsync.platform.wording import Wording
from wedsync.workflows import page_queries
from wedsync.workflows.page_queries import RunRow
from wedsync.workflows.words.run_words import RunLine, run_line, steps_by_id

FILTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("needs-you", "Needs you", ("needs_attention",)),
    ("going-on", "Going on", ("queued", "running")),
    ("waiting", "Waiting", ("waiting",)),
    ("done", "Done", ("succeeded",)),
    ("not-needed", "Not needed", ("filtered",)),
    ("did-not-work", "Did not work", ("failed",)),
    ("stopped", "Stopped", ("stopped",)),
)
"""What a list can be narrowed to: name in the address, words, states."""

COUNTED = ("needs_attention", "queued", "running", "waiting")


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
