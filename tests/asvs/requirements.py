"""The tables of `docs/asvs.md` and `docs/cryptography.md`, read as they stand."""

import re
from dataclasses import dataclass
from pathlib import Path

from wedsync.settings import CHECKOUT

ASVS = CHECKOUT / "docs" / "asvs.md"
CRYPTOGRAPHY = CHECKOUT / "docs" / "cryptography.md"
TESTED = frozenset({"tested", "in part"})
STATES = TESTED | {"not here", "later", "open"}
SECTIONS = {
    "10": (2, 3, 5, 16, 5, 2, 3),
    "11": (4, 5, 5, 4, 2, 2, 2),
    "14": (2, 8, 3),
}
"""How many requirements each section of a chapter has (ASVS 5.0.0)."""

_NUMBER = re.compile(r"\d+\.\d+\.\d+")
_MODULE = re.compile(r"`([a-z0-9_/]+(?:\.py)?)`")


@dataclass(frozen=True)
class Requirement:
    """A line of the table: its number, level and state, and what it says holds it."""

    number: str
    level: str
    state: str
    words: str


def numbers() -> list[str]:
    """Every requirement of the chapters, in order."""
    return [
        f"{chapter}.{section}.{requirement}"
        for chapter, counts in SECTIONS.items()
        for section, count in enumerate(counts, 1)
        for requirement in range(1, count + 1)
    ]


def requirements() -> list[Requirement]:
    """The lines of `docs/asvs.md`."""
    return [Requirement(*cells) for cells in cells_of(ASVS) if _NUMBER.fullmatch(cells[0])]


def table(heading: str) -> list[list[str]]:
    """The lines of the table under a heading of `docs/cryptography.md`, without its own heading."""
    whole = CRYPTOGRAPHY.read_text(encoding="utf-8")
    _before, _heading, section = whole.partition(f"\n## {heading}\n")
    assert section, heading
    return _cells(section.partition("\n## ")[0])[2:]


def modules() -> list[str]:
    """Every module that the inventory names, or folder,, as often as it does."""
    return [name for cells in table("Where it is used") for name in _MODULE.findall(cells[0])]


def cells_of(path: Path) -> list[list[str]]:
    """Every line of every table of a page."""
    return _cells(path.read_text(encoding="utf-8"))


def _cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
