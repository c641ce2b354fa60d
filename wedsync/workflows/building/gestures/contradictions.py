"""Two people at one step: what was changed since somebody saw it, by whom, and what that means for
what they want to change now.

A step as it was shown goes by its fingerprint. Where it is another by now, the draft's log tells
what it was then: fields that only one of the two touched are both kept, and only a field that
somebody else gave another value since is a contradiction, told with both values.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync.accounts.models import Membership, User
from wedsync.errors import Conflict
from wedsync.platform import clock, documents
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.wording import first_name
from wedsync.workflows.building.gestures.spots import lists_of
from wedsync.workflows.editing import draft_log
from wedsync.workflows.editing.draft_log import Passed
from wedsync.workflows.editing.draft_operations import (
    TAKEN_AWAY,
    Change,
    path_of,
    way_in,
)
from wedsync.workflows.editing.patches import Path, read, same, written
from wedsync.workflows.engine.shape import refusal
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.engine.words import expression_words
from wedsync.workflows.models import DraftOperation, Workflow

FURTHEST_BACK = 100
"""Operations of the log that are looked through for the step as it was shown."""

_NOTHING = object()
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

ChangesOf = Callable[[Any], Sequence[Change]]


@dataclass(frozen=True, slots=True)
class Clash:
    """A field two people gave different values; `path` is inside the step. None: nothing there."""

    path: Path
    yours: Any
    theirs: Any

    def told(self) -> dict[str, Any]:
        return {
            "field": ".".join(map(str, self.path)),
            "yours": self.yours,
            "theirs": self.theirs,
            "yours_words": _words(self.yours),
            "theirs_words": _words(self.theirs),
        }


class StepChanged(Conflict):
    """Somebody else changed this step since it was shown. `clashes` are the fields in question;
    sending the same with the `fingerprint` of now overwrites what they did."""

    def __init__(
        self, step: str | None, sentence: str, fingerprint: str, clashes: Sequence[Clash]
    ) -> None:
        self.step = step
        self.clashes = tuple(clashes)
        self.fingerprint = fingerprint
        told = [clash.told() for clash in clashes]
        extra: dict[str, object] = {"step": step, "fingerprint": fingerprint, "clashes": told}
        super().__init__(sentence, code="step_changed", extra=extra)


@dataclass(slots=True)
class Since:
    """What became of a step since it was shown: `shown` is the draft it was seen in, None where
    the log does not know any more; `passed` the operations that changed it, latest first."""

    shown: Any = None
    passed: list[Passed] = field(default_factory=list)


def fingerprint(definition: Any, step_id: str | None) -> str:
    """What a step, without the steps inside it, is known by; None is what starts the workflow.
    A step that is not there has one too."""
    own = _own(definition, step_id)
    told = b"" if own is _NOTHING or refusal(own) else documents.write(_sorted(own))
    return hashlib.sha256(told).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Part:
    """What is changed of a field as a whole: one row of a condition. `is_as_shown` says whether
    that stands in the draft of now as in the one it was shown in; `changes_of` gives the changes
    that make of a draft what is wanted."""

    is_as_shown: Callable[[Any, Any], bool]
    changes_of: ChangesOf


def refuse_changed(workflow: Workflow, step_id: str | None, seen: str, by: Identity | None) -> None:
    """Raises StepChanged when somebody else changed the step since it looked like `seen`."""
    now = fingerprint(workflow.draft, step_id)
    if now == seen:
        return
    since = _since(workflow, step_id, seen)
    others = [each for each in since.passed if not _is_mine(each, by)]
    if others or since.shown is None:
        raise StepChanged(step_id, _changed_words(others), now, ())


def of_part(
    workflow: Workflow, step_id: str | None, seen: str, part: Part, by: Identity | None, over: str
) -> list[Change] | None:
    """What to change instead of doing it to the draft of now; None where nobody else touched that
    part of it. Raises as `merged`."""
    if fingerprint(workflow.draft, step_id) == seen:
        return None
    since = _since(workflow, step_id, seen)
    others = [each for each in since.passed if not _is_mine(each, by)]
    if since.shown is not None and (not others or part.is_as_shown(since.shown, workflow.draft)):
        return None
    return merged(workflow, step_id, seen, part.changes_of, by, over)


def merged(
    workflow: Workflow,
    step_id: str | None,
    seen: str,
    changes_of: ChangesOf,
    by: Identity | None,
    over: str = "",
) -> list[Change]:
    """What somebody who saw the step as `seen` wants changed, as changes of the draft of now.

    `changes_of` gives the changes for the draft it is handed: that of now, or the one the step was
    seen in. Raises StepChanged where somebody else gave one of those fields another value since,
    unless it was told of them as they are now: `over` is the fingerprint that came with it.
    """
    draft, now = workflow.draft, fingerprint(workflow.draft, step_id)
    if now == seen:
        return list(changes_of(draft))
    since = _since(workflow, step_id, seen)
    base = draft if since.shown is None else since.shown
    others = [each for each in since.passed if not _is_mine(each, by)]
    shown, own = _own(base, step_id), _own(draft, step_id)
    wanted, clashes = [], []
    for change in changes_of(base):
        path = way_in(shown, change.field)
        moved = _followed(path, shown, own)
        theirs = _read(own, moved) if moved else _NOTHING
        if moved and _same(theirs, _value_of(change)):
            continue
        is_free = since.shown is not None and not _touched(others, step_id, shown, path)
        if moved and (is_free or over == now):
            wanted.append(Change(change.step, moved, change.value))
        else:
            clashes.append(Clash(path, _told(_value_of(change)), _told(theirs)))
    if clashes:
        raise StepChanged(step_id, _changed_words(others), now, clashes)
    return wanted


def gone_words(workflow: Workflow, step_id: str) -> str:
    """Who removed a step, and when, as far as the log knows."""
    for each in draft_log.going_back(workflow, FURTHEST_BACK):
        if _own(each.before, step_id) is not _NOTHING:
            return f"{_who_and_when(each.operation, 'removed this step')}."
    return "This step is not there any more."


def doer(operation: DraftOperation) -> str:
    """Who did something to a draft, as one calls them."""
    if operation.made_by is None:
        return "Somebody"
    name = db.session.scalar(
        select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.organization_id == operation.organization_id,
            User.id == operation.made_by,
        )
    )
    return first_name(name or "") or "Somebody"


def _since(workflow: Workflow, step_id: str | None, seen: str) -> Since:
    """Go back along the log, and along what was undone, until the step looks as it was shown."""
    back = _gone_through(draft_log.going_back(workflow, FURTHEST_BACK), step_id, seen, back=True)
    if back.shown is not None:
        return back
    ahead = _gone_through(draft_log.undone(workflow, FURTHEST_BACK), step_id, seen, back=False)
    return ahead if ahead.shown is not None else back


def _gone_through(log: Iterator[Passed], step_id: str | None, seen: str, *, back: bool) -> Since:
    since = Since()
    here: str | None = None
    for each in log:
        there, nearer = (each.before, each.after) if back else (each.after, each.before)
        here = here or fingerprint(nearer, step_id)
        found = fingerprint(there, step_id)
        if found != here:
            since.passed.append(each)
        if found == seen:
            since.shown = there
            break
        here = found
    return since


def _is_mine(passed: Passed, by: Identity | None) -> bool:
    made_by: UUID | None = passed.operation.made_by
    return by is not None and made_by is not None and made_by == by.user_id


def _touched(others: Sequence[Passed], step_id: str | None, shown: Any, path: Path) -> bool:
    """Whether one of these operations gave a field of the step, as it was shown, another value."""
    for each in others:
        before, after = _own(each.before, step_id), _own(each.after, step_id)
        was, is_now = (_followed(path, shown, own) for own in (before, after))
        if not was or not is_now or not _same(_read(before, was), _read(after, is_now)):
            return True
    return False


def _followed(path: Path, shown: Any, now: Any) -> Path | None:
    """The same path where branches were added, moved or removed meanwhile; None when the branch
    it leads into is not there any more, or cannot be told from another."""
    if path[:1] != ("branches",) or len(path) < 2:
        return path
    before, after = _labels(shown), _labels(now)
    number = path[1]
    if before == after or not isinstance(number, int) or number >= len(before):
        return path
    label = before[number]
    if before.count(label) != 1 or after.count(label) != 1:
        return None
    return ("branches", after.index(label), *path[2:])


def _labels(step: Any) -> list[Any]:
    return [mapping(each).get("label") for each in sequence(mapping(step).get("branches"))]


def _own(definition: Any, step_id: str | None) -> Any:
    """A step without the steps inside it; for None the workflow with nothing but its trigger."""
    if step_id is None:
        return {"trigger": mapping(definition).get("trigger")}
    waiting = list(reversed(sequence(mapping(definition).get("steps"))))
    while waiting:
        step = waiting.pop()
        if not isinstance(step, dict):
            continue
        if step.get("id") == step_id:
            return _alone(step)
        inside = [part for child in lists_of(step) for part in sequence(child.steps)]
        waiting.extend(reversed(inside))
    return _NOTHING


def _alone(step: dict[str, Any]) -> Any:
    alone: Any = step
    for child in lists_of(step):
        path = path_of(child.field)
        if read(alone, path) is not None:
            alone = written(alone, path, None)
    return alone


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(part) for part in value] if isinstance(value, list) else value


def _read(step: Any, path: Path) -> Any:
    """What stands at a path of a step; `_NOTHING` where nothing does."""
    holder = read(None if step is _NOTHING else step, path[:-1])
    name = path[-1]
    if isinstance(holder, dict):
        return holder.get(name, _NOTHING) if isinstance(name, str) else _NOTHING
    inside = isinstance(holder, list) and isinstance(name, int) and 0 <= name < len(holder)
    return holder[name] if inside else _NOTHING


def _value_of(change: Change) -> Any:
    return _NOTHING if change.value is TAKEN_AWAY else change.value


def _same(one: Any, other: Any) -> bool:
    if one is _NOTHING or other is _NOTHING:
        return one is other
    return same(one, other)


def _told(value: Any) -> Any:
    return None if value is _NOTHING else value


def _words(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    return value if isinstance(value, str) else expression_words(value)


def _changed_words(others: Sequence[Passed]) -> str:
    if not others:
        return "This step was changed since you looked at it."
    return f"{_who_and_when(others[0].operation, 'changed this step')}."


def _who_and_when(operation: DraftOperation, did: str) -> str:
    passed = int((clock.now() - operation.created_at).total_seconds())
    steps = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
    lengths = (f"{passed // size} {unit} ago" for size, unit in steps if passed >= size)
    return f"{doer(operation)} {did} {next(lengths, 'just now')}"
