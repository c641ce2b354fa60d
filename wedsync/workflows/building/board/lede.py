"""The workflow in words, each part leading to the step it tells of.

What is unfinished is said as on its row, so that only the question itself is marked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from wedsync.workflows.building.board.board_parts import Told
from wedsync.workflows.building.sentences.slots import Part, Piece, Slot, without_account
from wedsync.workflows.catalogue import Entries, infos_of
from wedsync.workflows.engine import Stretch, summary_stretches
from wedsync.workflows.words.step_lines import is_question, pieces, plain

_LEADS = ("When ", "if ")
_WORKED_OUT = {"icon": "math-function"}
_A_FEW = 8
"""Letters between two links that are one."""

Said: TypeAlias = Mapping[str | None, Sequence[Part]]
"""The sentences of the rows, by step; None is the start."""
Whens: TypeAlias = Mapping[tuple[str, str], str]
"""When each branch is taken, by step and field."""


def lede_of(
    definition: Any,
    entries: Entries,
    names: Mapping[str, str],
    said: Said | None = None,
    whens: Whens | None = None,
) -> tuple[Told, ...]:
    """The paragraph, with the words of the rows where they are given."""
    telling = _Telling(said or {}, whens or {})
    known = {(step, "") for step in telling.said} | set(telling.whens)
    found = summary_stretches(definition, infos_of(entries), names, known=known)
    told = [part for each in found for part in telling.of(each)]
    ends_asking = len(told) > 1 and told[-1].text == "." and told[-2].text.endswith("?")
    return tuple(told[:-1] if ends_asking else told)


class _Telling:
    def __init__(self, said: Said, whens: Whens) -> None:
        self.said = said
        self.whens = whens
        self._asked = {
            (step, part.field)
            for step, parts in self.said.items()
            for part in parts
            if not isinstance(part, Piece) and part.is_missing
        }

    def of(self, stretch: Stretch) -> Iterator[Told]:
        if not stretch.is_start and stretch.step is None:
            yield Told(stretch.text)
        elif stretch.field:
            yield from self._lead(stretch)
        else:
            yield from self._sentence(stretch)

    def _lead(self, stretch: Stretch) -> Iterator[Told]:
        """What leads into a branch."""
        step, field = stretch.step, stretch.field.removesuffix(".steps")
        when = self.whens.get((step or "", stretch.field))
        if stretch.field == "otherwise":
            yield Told(stretch.text)
            return
        if not when:
            yield from _plain(stretch)
            return
        is_missing = (step, f"{field}.when") in self._asked
        yield Told("if ")
        yield Told(when, step, is_missing=is_missing, field=f"{field}.when" if is_missing else "")

    def _sentence(self, stretch: Stretch) -> Iterator[Told]:
        parts = self.said.get(stretch.step)
        if not parts:
            yield from _plain(stretch)
            return
        told = _joined(stretch, without_account(parts))
        if stretch.is_start and not stretch.text.startswith("When "):
            yield from told  # “Every Monday at 09:00”
            return
        if stretch.is_start:
            yield Told("When ")
        yield replace(told[0], text=_inside(told[0].text))
        yield from told[1:]


def _plain(stretch: Stretch) -> Iterator[Told]:
    """As the engine tells it, for what has no row."""
    said = plain(pieces(stretch.text))
    lead = next((each for each in _LEADS if said.startswith(each)), "")
    if lead:
        yield Told(lead)
    yield Told(said.removeprefix(lead), stretch.step, stretch.is_start)


def _joined(stretch: Stretch, parts: Sequence[Part]) -> list[Told]:
    """One link for what can be set and stands together, each question one of its own, and the words
    around them as text. A sentence in which nothing can be set is a link as a whole."""
    if all(isinstance(part, Piece) for part in parts):
        said = "".join(part.text for part in parts if isinstance(part, Piece))
        return [Told(said, stretch.step, stretch.is_start)]
    told: list[Told] = []
    for part in parts:
        if isinstance(part, Piece):
            told.append(Told(part.text))
            continue
        field = part.field if part.is_missing else ""
        words = _inside_of(part)
        own = Told(words, stretch.step, stretch.is_start, part.is_missing, field)
        if not part.is_missing and _goes_on(told):
            joint, before = told.pop(), told.pop()
            own = replace(own, text=before.text + joint.text + words)
        told.append(own)
    return told


def _inside_of(slot: Slot) -> str:
    """What a slot says in the paragraph: a value by its name, a text put together as it is."""
    if slot.is_pill and is_question(slot.words):
        return f"“{slot.words}”"
    is_name = slot.is_pill and slot.icon != _WORKED_OUT["icon"]
    return _inside(slot.words) if is_name else slot.words


def _goes_on(told: Sequence[Told]) -> bool:
    """Whether what was told last is a link, and a few words that lead on from it."""
    return (
        len(told) > 1
        and (told[-2].is_start or told[-2].step is not None)
        and not told[-2].is_missing
        and len(told[-1].text) <= _A_FEW
    )


def _inside(words: str) -> str:
    """A sentence inside another; `RSVP changed` stays."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]
