"""One thing to mend."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` is dotted (`actions.0.request.path`, "" for the whole), `sentence` for a person."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path or 'manifest'}: {self.sentence}"
