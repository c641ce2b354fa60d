"""What the couples who come next lack: a date that a step, or the start, counts from."""

from collections.abc import Iterator, Mapping
from typing import Any

from wedsync.platform.wording import listing
from wedsync.workflows.building.board.board_parts import BoardProblem, Repair
from wedsync.workflows.building.board.coming_dates import KIND, is_counted
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.building.known.made_up import EXAMPLE_NAME
from wedsync.workflows.engine.anchors import ANCHORS, anchor_date
from wedsync.workflows.engine.outline import off_among, steps_of
from wedsync.workflows.engine.steps.kind import mapping


def foreseen(
    setting: Setting, numbers: Mapping[str, str], steps: Mapping[str, Mapping[str, Any]]
) -> Iterator[BoardProblem]:
    """One line for each step, and for the start, that some of them lack the date of."""
    if not setting.couples:
        return
    trigger = mapping(setting.written.get("trigger"))
    if trigger.get("kind") == KIND:
        yield from _lacking(setting, trigger, None, "The start", "it does not start for them")
    off = off_among(steps_of(setting.written))
    for name, step in steps.items():
        if is_counted(step) and name not in off:
            place = f"Step {numbers[name]}"
            yield from _lacking(setting, step, name, place, "it waits until they have")


def _lacking(
    setting: Setting, written: Mapping[str, Any], step: str | None, place: str, so: str
) -> Iterator[BoardProblem]:
    anchor = written.get("anchor")
    if not isinstance(anchor, str) or anchor not in ANCHORS:
        return
    without = [
        each.name
        for each in setting.couples
        if each.name != EXAMPLE_NAME and anchor_date(each.wedding, anchor) is None
    ]
    if without:
        date = ANCHORS[anchor].removeprefix("the ")
        said = f"{listing(without)} have no {date} yet, so {so}."
        see = Repair("See", step=step, field="anchor")
        yield BoardProblem(step, "anchor", place, said, "", is_error=False, repairs=(see,))
