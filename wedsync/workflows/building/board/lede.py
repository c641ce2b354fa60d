"""The workflow in words, each part leading to the step it tells of."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wedsync.workflows.building.board.board_parts import Told
from wedsync.workflows.catalogue import Entries, infos_of
from wedsync.workflows.engine import Stretch, summary_stretches
from wedsync.workflows.words.step_lines import pieces, plain

_LEADS = ("When ", "if ")


def lede_of(
    definition: Any,
    entries: Entries,
    names: Mapping[str, str],
    *,
    unfinished: Collection[str | None],
) -> tuple[Told, ...]:
    """The paragraph. `unfinished` are the steps that ask for something; None is the start."""
    found = summary_stretches(definition, infos_of(entries), names)
    return tuple(part for each in found for part in _told(each, unfinished))


def _told(stretch: Stretch, unfinished: Collection[str | None]) -> Iterator[Told]:
    leads_on = stretch.is_start or stretch.step is not None
    if not leads_on:
        yield Told(stretch.text)
        return
    said = plain(pieces(stretch.text))
    lead = next((each for each in _LEADS if said.startswith(each)), "")
    if lead:
        yield Told(lead)
    yield Told(
        said.removeprefix(lead),
        step=stretch.step,
        is_start=stretch.is_start,
        is_missing=stretch.step in unfinished,
    )
