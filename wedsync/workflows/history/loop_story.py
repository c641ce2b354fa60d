"""A loop of a run as its page tells it: what became of its items, and each of them."""

from dataclasses import dataclass
from uuid import UUID

from wedsync.platform.wording import Wording, capital, listing
from wedsync.workflows.history.courses import ITEMS_SHOWN
from wedsync.workflows.history.recorded_words import counts_of
from wedsync.workflows.history.run_reading import LoopReading
from wedsync.workflows.history.run_steps import told_item
from wedsync.workflows.words.told import ToldItem
from wedsync.workflows.words.waiting_words import things


@dataclass(frozen=True, slots=True)
class LoopStory:
    """The items of one loop, a page of them; `after` leads to the next page."""

    run_id: UUID
    root_id: UUID
    step_id: str
    title: str
    news: str
    eyebrow: str
    counts: tuple[tuple[str, str], ...]
    items: tuple[ToldItem, ...]
    after: int | None


def tell_loop(reading: LoopReading, words: Wording) -> LoopStory:
    """The items of a loop, each with its own steps."""
    shown = reading.items[:ITEMS_SHOWN]
    steps = reading.step.get("steps")
    counts = tuple(counts_of(reading.counts))
    return LoopStory(
        run_id=reading.parent.id,
        root_id=reading.root.id,
        step_id=str(reading.step.get("id")),
        title=f"Each of {things(reading.counts.total, reading.step)}",
        news=f"{capital(listing([said for said, _ in counts]))}." if counts else "",
        eyebrow=reading.root.subject or reading.root.workflow_name,
        counts=counts,
        items=tuple(told_item(item, steps, words) for item in shown),
        after=shown[-1].item if len(reading.items) > len(shown) else None,
    )
