"""A batch of runs to be run again, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from wedsync.platform.wording import State, Wording, count, number
from wedsync.workflows.models import RerunBatch

_STATES = {
    "running": State("running", "Going on"),
    "done": State("done", "Done"),
    "cancelled": State("stopped", "Stopped"),
    "failed": State("failed", "Broke off"),
}
_ENDS = {
    "done": "It was done",
    "cancelled": "It was stopped",
    "failed": "Something went wrong on our side at one of them each time we tried, so we stopped",
}
_WHAT = {"failed": "that did not work", "stopped": "that were stopped"}


@dataclass(frozen=True, slots=True)
class BatchStory:
    """Everything its page says; `share` of `total` was looked at."""

    id: UUID
    title: str
    news: str
    state: State
    total: int
    looked_at: int
    at: datetime
    figures: tuple[tuple[str, str, str], ...]
    is_over: bool


def tell_batch(batch: RerunBatch, names: Mapping[UUID, str], words: Wording) -> BatchStory:
    """The story of one batch."""
    looked_at = batch.done + batch.passed_over
    return BatchStory(
        id=batch.id,
        title=f"{count(batch.total, 'run')} {_WHAT[batch.wanted['state']]}, again",
        news=_news(batch, names, words),
        state=_STATES[batch.state],
        total=batch.total,
        looked_at=min(looked_at, batch.total),
        at=batch.created_at,
        figures=(
            ("Run again", number(batch.done), f"of {number(batch.total)}"),
            ("Passed over", number(batch.passed_over), ""),
        ),
        is_over=batch.state != "running",
    )


def which(wanted: Mapping[str, Any], names: Mapping[UUID, str]) -> str:
    """` of “Seat the guests”`; empty for those of all workflows."""
    if not wanted.get("workflow"):
        return ""
    name = names.get(UUID(wanted["workflow"]), "a workflow that is gone")
    return f" of “{name}”"


def _news(batch: RerunBatch, names: Mapping[UUID, str], words: Wording) -> str:
    began = f"This began {words.at(batch.created_at)} with the runs{which(batch.wanted, names)} "
    began += f"{_WHAT[batch.wanted['state']]}."
    passed = ""
    if batch.passed_over:
        was = "was" if batch.passed_over == 1 else "were"
        passed = f" {number(batch.passed_over)} {was} passed over: they were taken up already, "
        passed += "or could not be."
    if batch.state == "running":
        return f"{began} Each goes on from where it ended, a few every second.{passed}"
    at = f" {words.at(batch.finished_at)}" if batch.finished_at else ""
    rest = " The others can be run again one by one." if batch.state == "failed" else ""
    return f"{began} {_ENDS[batch.state]}{at}.{rest}{passed}"
