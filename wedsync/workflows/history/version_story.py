"""Drafts and versions as their pages tell them: what changed, by whom, how much ran."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from wedsync.listings.differences import Part, words_compared
from wedsync.platform.wording import Wording, capital, count
from wedsync.workflows.editing.differences import Difference
from wedsync.workflows.editing.draft_queries import MOST_COUNTED, LoggedOperation, PublishedVersion
from wedsync.workflows.words.whole_texts import whole_text

_SUBJECTS = {"added": "Added", "removed": "Removed", "moved": "Moved", "changed": "Changed"}
_MOST_IN_SHORT = 3
_WORTH_COMPARING = 24


@dataclass(frozen=True, slots=True)
class Told:
    """One difference as a line; `parts` is a long text word by word, where one changed."""

    subject: str
    words: str
    step_id: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version in the list of all."""

    number: int
    at: datetime
    when: str
    who: str
    note: str
    is_live: bool
    ran: str
    changes: tuple[Told, ...]
    more: int


@dataclass(frozen=True, slots=True)
class OperationLine:
    """One thing that was done to a draft."""

    at: datetime
    when: str
    words: str
    who: str
    is_undone: bool


def told(found: Sequence[Difference]) -> list[Told]:
    """Differences as lines."""
    return [
        Told(_SUBJECTS[each.kind], each.words, each.step or "", _compared(each)) for each in found
    ]


def version_line(published: PublishedVersion, words: Wording) -> VersionLine:
    version = published.version
    found = published.differences
    return VersionLine(
        number=version.number,
        at=version.created_at,
        when=words.moment(version.created_at),
        who=who(published.author),
        note=version.note or "",
        is_live=published.is_live,
        ran=_ran(published),
        changes=tuple(told(found[:_MOST_IN_SHORT])),
        more=max(0, len(found) - _MOST_IN_SHORT),
    )


def operation_line(logged: LoggedOperation, words: Wording) -> OperationLine:
    operation = logged.operation
    return OperationLine(
        at=operation.created_at,
        when=words.moment(operation.created_at),
        words=capital(operation.words),
        who=who(logged.author),
        is_undone=logged.is_undone,
    )


def who(name: str | None) -> str:
    """Who did something; what nobody did, a script did."""
    return name or "a script"


def under_way(runs: int, weddings: int) -> str:
    """What a new version leaves alone: `3 are under way, about 2 weddings. …`."""
    if not runs:
        return "Nothing is under way at the moment."
    about = f", about {counted(weddings, 'wedding')}" if weddings else ""
    verb = "is" if runs == 1 else "are"
    return (
        f"{capital(counted(runs, 'run'))} {verb} under way{about}. What has begun goes on as it "
        "began; what begins from then on follows the new version."
    )


def _compared(difference: Difference) -> tuple[Part, ...]:
    before, after = whole_text(difference.before), whole_text(difference.after)
    if before is None or after is None:
        return ()
    is_long = max(len(before), len(after)) >= _WORTH_COMPARING
    return tuple(words_compared(before, after)) if is_long else ()


def _ran(published: PublishedVersion) -> str:
    if not published.ran:
        return "did not run"
    said = f"ran {_times(published.ran)}"
    open_runs = published.under_way
    return f"{said}, {counted(open_runs, 'run')} still under way" if open_runs else said


def _times(number: int) -> str:
    if number >= MOST_COUNTED:
        return f"{MOST_COUNTED:,} times or more"
    return "once" if number == 1 else f"{number:,} times"


def counted(number: int, noun: str) -> str:
    """`3 runs`, `10,000 runs or more`."""
    if number >= MOST_COUNTED:
        return f"{MOST_COUNTED:,} {noun}s or more"
    return count(number, noun)
