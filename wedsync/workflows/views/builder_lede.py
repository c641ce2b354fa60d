"""The workflow in words, sentence by sentence: of a long one only those are sent that differ."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from wedsync.workflows.building.board.board_changes import digest
from wedsync.workflows.building.board.board_parts import Board, Told
from wedsync.workflows.building.board.step_rows import element_of
from wedsync.workflows.views.routes import pages

LEDE = "lede"
_END = ". Then "
_LONE = re.compile(r"(\b[^\W\d_]-\w+)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Some of it, up to where the next begins. `element` tells which step it begins with."""

    element: str
    told: tuple[Told, ...]


@pages.app_template_filter("unbroken")
def unbroken(words: str) -> Markup:
    """Words for a page, of which no line ends after a single letter: “e-” stays with its “mail”."""
    whole = Markup('<span class="ws-together">{}</span>')
    parts = enumerate(_LONE.split(words))
    return Markup("").join(whole.format(part) if at % 2 else part for at, part in parts)


def sentences(told: Iterable[Told]) -> tuple[Sentence, ...]:
    """The paragraph in sentences, each by an element of its own."""
    found: list[Sentence] = []
    taken: set[str] = set()
    for each in _split(told):
        element = _element(each)
        if element in taken:
            element = f"lede-{len(found)}-{element}"
        taken.add(element)
        found.append(Sentence(element, each))
    return tuple(found)


def lede_parts(board: Board) -> Mapping[str, str]:
    """By part of the lede, a digest of what it shows; of itself it is only which sentences stand
    in it."""
    if board.count == 0 and not board.trigger.is_chosen:
        return {LEDE: board.parts[LEDE]}
    found = sentences(board.lede)
    return {
        LEDE: digest([each.element for each in found]),
        **{each.element: digest(each.told) for each in found},
    }


def _split(told: Iterable[Told]) -> Iterator[tuple[Told, ...]]:
    before: list[Told] = []
    for each in told:
        before.append(each)
        if each.text == _END and each.step is None:
            yield tuple(before)
            before = []
    if before:
        yield tuple(before)


def _element(told: Iterable[Told]) -> str:
    step = next((each.step for each in told if each.step is not None), "start")
    return f"lede-{element_of(step)}"
