"""The board: the page of a draft but for its panel, made in one pass over the draft."""

from collections.abc import Iterator

from wedsync.platform.wording import sentence_end
from wedsync.workflows.building.board.asking import asked
from wedsync.workflows.building.board.bar import ago, bar_of
from wedsync.workflows.building.board.board_changes import with_digests
from wedsync.workflows.building.board.board_parts import Board
from wedsync.workflows.building.board.foreseen import foreseen
from wedsync.workflows.building.board.lede import lede_of
from wedsync.workflows.building.board.panel_parts import Opened
from wedsync.workflows.building.board.repairs import problems_of
from wedsync.workflows.building.board.setting import RECENT, Setting
from wedsync.workflows.building.board.step_rows import Rows
from wedsync.workflows.building.board.unheeded import unheeded
from wedsync.workflows.building.gestures.spots import Spot
from wedsync.workflows.building.known.samples import SampleChoice


def board(setting: Setting, opened: Opened | None = None) -> Board:
    """The board of a draft, whatever it holds; `opened` is what its panel shows."""
    rows = Rows(setting, opened)
    trigger = rows.trigger()
    steps = rows.top()
    found = problems_of(setting, rows.numbers, rows.steps, rows.asked)
    uses = {name: str(step.get("use")) for name, step in rows.steps.items()}
    problems = (
        *asked(setting, found, rows.said, rows.numbers, uses),
        *foreseen(setting, rows.numbers, rows.steps),
        *unheeded(setting, rows.numbers),
    )
    errors = sum(1 for each in problems if each.is_error)
    last = next((step.id for step in reversed(steps) if step.has_id), None)
    return with_digests(
        Board(
            bar=bar_of(setting, errors),
            lede=lede_of(setting.definition, setting.entries, setting.names, rows.said, rows.whens),
            problems=problems,
            errors=errors,
            trigger=trigger,
            steps=steps,
            count=rows.count,
            start=Spot(),
            end=Spot(after=last),
            paste=setting.around.clipboard,
            others=tuple(_others(setting)),
            sample=_chosen(setting),
            samples=setting.samples,
            may_edit=setting.may_edit,
            revision=setting.workflow.draft_revision,
            unreadable=_unreadable(setting),
        )
    )


def _chosen(setting: Setting) -> SampleChoice:
    """The couple that is the example; one that is long past is not among those to choose."""
    key, name = setting.sample.key, setting.sample.name
    found = (each for each in setting.samples if each.key == key)
    return next(found, SampleChoice(key, name, ""))


def _others(setting: Setting) -> Iterator[str]:
    """What others did lately, each of them once."""
    told = set()
    for each in setting.around.done:
        if not each.is_mine and each.who not in told and each.at >= setting.words.now - RECENT:
            told.add(each.who)
            yield f"{each.who} {each.words} {ago(each.at, setting.words)}."


def _unreadable(setting: Setting) -> str:
    if setting.refusal:
        return f"This draft cannot be shown. {sentence_end(setting.refusal)}"
    return "" if isinstance(setting.definition, dict) else "This draft is not a workflow."
