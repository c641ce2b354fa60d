"""What one open stream tells, and of what: a run where it stands, a draft how far it was changed
and who else has it open.

    event: tick
    id: 7
    data: {"revision":7}
"""

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import UUID

from wedsync.platform import documents
from wedsync.workflows.run_models import FINAL_RUN_STATES

Kind: TypeAlias = Literal["runs", "workflows"]

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PATH = re.compile(rf"/live/(runs|workflows)/({_ID})")


@dataclass(frozen=True, slots=True)
class Watched:
    """What a stream is about."""

    kind: Kind
    id: UUID


def watched_at(path: str) -> Watched | None:
    """What a path names; None for any other path."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    return Watched("runs" if match[1] == "runs" else "workflows", UUID(match[2]))


def stream_of(watched: Watched) -> "RunStream | DraftStream":
    """A stream that has told nothing yet."""
    return RunStream(watched.id) if watched.kind == "runs" else DraftStream(watched.id)


@dataclass(slots=True, eq=False)
class RunStream:
    """The latest it should know of a run, and the bell that wakes it."""

    id: UUID
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    revision: int = -1
    state: str = ""
    gone: bool = False

    def tell(self, revision: int, state: str) -> None:
        if revision > self.revision or state != self.state:
            self.revision, self.state = revision, state
            self.woken.set()

    def news(self, known: int) -> bytes:
        """What to write to one who knows a revision; after the end of the run there is no more."""
        text = b""
        if self.revision > known:
            text = _tick(self.revision, {"revision": self.revision, "state": self.state})
        if self.state in FINAL_RUN_STATES:
            self.gone = True
            text += b"event: done\ndata: {}\n\n"
        return text

    def end(self) -> None:
        self.gone = True
        self.woken.set()


@dataclass(slots=True, eq=False)
class DraftStream:
    """The latest it should know of a draft, and who has it open beside `person`: user ids. That is
    told once at the beginning, whatever it is, and when somebody comes or goes. `tab` tells two
    streams of one person apart."""

    id: UUID
    person: str = ""
    tab: str = field(default_factory=lambda: secrets.token_hex(4))
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    revision: int = -1
    others: frozenset[str] | None = None
    gone: bool = False
    _told: frozenset[str] | None = None

    def tell(self, revision: int) -> None:
        if revision > self.revision:
            self.revision = revision
            self.woken.set()

    def tell_people(self, people: frozenset[str]) -> None:
        others = people - {self.person}
        if others != self.others:
            self.others = others
            self.woken.set()

    def news(self, known: int) -> bytes:
        """What to write to one who knows a revision."""
        text = b""
        if self.revision > known:
            text = _tick(self.revision, {"revision": self.revision})
        if self.others is not None and self.others != self._told:
            self._told = self.others
            data = documents.write({"people": sorted(self.others)})
            text += b"event: company\ndata: %b\n\n" % data
        return text

    def end(self) -> None:
        self.gone = True
        self.woken.set()


Stream: TypeAlias = RunStream | DraftStream


def _tick(revision: int, told: dict[str, int | str]) -> bytes:
    return b"event: tick\nid: %d\ndata: %b\n\n" % (revision, documents.write(told))
