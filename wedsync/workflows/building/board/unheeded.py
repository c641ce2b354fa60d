"""What a draft says beforehand of questions whose answer nothing heeds: it goes on after a no."""

from collections.abc import Iterator, Mapping
from typing import Any

from wedsync.workflows.building.board.board_parts import BoardProblem, Repair
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.building.known.pills import paths_in
from wedsync.workflows.building.known.reach import Reaches

_SAID = "It goes on after a no just as after a yes."


def unheeded(setting: Setting, numbers: Mapping[str, str]) -> Iterator[BoardProblem]:
    """One line for each question that something follows which does not ask for its answer."""
    placed = setting.known.placed
    asking = [name for name, each in placed.items() if each.step.get("kind") == "approval"]
    if not asking:
        return
    heeded = set(_heeded(placed))
    followed = set(_followed(placed))
    for name in asking:
        if name in followed and name not in heeded and not placed[name].is_off:
            yield BoardProblem(
                name, "", f"Step {numbers[name]}", _SAID, "", is_error=False, repairs=_mend(name)
            )


def _mend(step: str) -> tuple[Repair, ...]:
    return (Repair("Go on only after a yes", "only_after_yes", {"step": step}),)


def _followed(placed: Reaches) -> Iterator[str]:
    """The steps after which something is done."""
    for each in placed.values():
        if not each.is_off and each.step.get("kind") != "stop":
            yield from each.before


def _heeded(placed: Reaches) -> Iterator[str]:
    """The steps whose answer is read."""
    for each in placed.values():
        for path in paths_in(_own(each.step)) if not each.is_off else ():
            source, step, part = (*path[:3], "", "", "")[:3]
            if source == "steps" and part in ("", "approved"):
                yield step


def _own(step: Mapping[str, Any]) -> list[Any]:
    return [part for name, part in step.items() if name not in ("id", "kind", "note", "label")]
