"""One thing the doctor has to say."""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    FINE = "fine"
    ODD = "odd"  # works, or works less well
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    sentence: str


def fine(sentence: str) -> Finding:
    return Finding(Level.FINE, sentence)


def odd(sentence: str) -> Finding:
    return Finding(Level.ODD, sentence)


def broken(sentence: str) -> Finding:
    return Finding(Level.BROKEN, sentence)
