"""Doing what people want done to a draft: on the draft as it is by now, once, one after another.

A gesture waits for the one before it (the workflow's row is locked), then looks at the draft that
one left: five in a row come in order, and two people change different steps without noticing. One
that comes with a key a second time is not done again.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import text

from wedsync.errors import Conflict
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows import queries
from wedsync.workflows.building.gestures.contradictions import (
    ChangesOf,
    Part,
    doer,
    gone_words,
    merged,
    of_part,
    refuse_changed,
)
from wedsync.workflows.building.gestures.of_steps import Gesture, remove, set_fields
from wedsync.workflows.building.gestures.step_links import ids_in
from wedsync.workflows.editing import draft_log, drafts, service
from wedsync.workflows.editing.drafts import Draft
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.models import DraftOperation, Workflow

Act: TypeAlias = Callable[[Any], Gesture]
"""What a gesture comes to on the draft it is handed."""

_CLAIM = text(
    "INSERT INTO done_gestures (key_hash, organization_id, workflow_id)"
    " VALUES (:key_hash, :organization_id, :workflow_id)"
    " ON CONFLICT DO NOTHING RETURNING key_hash"
)
_FILL = text("UPDATE done_gestures SET focus = :focus, words = :words WHERE key_hash = :key_hash")
_READ = text("SELECT focus, words FROM done_gestures WHERE key_hash = :key_hash")


@dataclass(frozen=True, slots=True)
class Seen:
    """A step as somebody saw it (`contradictions.fingerprint`); None is what starts it. Told what
    somebody else made of it since, they put theirs `over` that, which has a fingerprint too."""

    step: str | None
    fingerprint: str
    over: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The draft after a gesture, and what to say of it; `repeated`: it was done before."""

    draft: Draft
    words: str = ""
    focus: str | None = None
    told: tuple[str, ...] = ()
    repeated: bool = False


def do(
    by: Identity,
    workflow_id: UUID,
    act: Act,
    *,
    key: str | None = None,
    seen: Seen | None = None,
    part: Part | None = None,
) -> Done:
    """Do a gesture to the draft as it is now; of what was `seen` only a `part` may matter to it.

    Raises NotFound; StepChanged when somebody else changed the step that was `seen` since, or that
    part of it; Conflict `step_gone`, with who removed it; Invalid and Conflict where it does not
    fit.
    """
    workflow = queries.get_workflow(by.organization_id, workflow_id, lock=True)
    if (earlier := _claimed(by, workflow, key)) is not None:
        return earlier
    with _told_who_removed(workflow, seen.step if seen else None):
        gesture = _agreed(by, workflow, act, seen, part)
    return _remembered(by, workflow, key, _done(by, workflow, gesture))


def change_fields(
    by: Identity,
    workflow_id: UUID,
    seen: Seen,
    changes_of: ChangesOf,
    *,
    key: str | None = None,
) -> Done:
    """Change fields of a step that was `seen`, or of what starts the workflow.

    `changes_of` is handed a draft and gives the changes that make of it what was typed. What
    somebody else changed meanwhile in other fields is kept. Raises as `do`; StepChanged, with both
    values, where the same field was given another value.
    """
    workflow = queries.get_workflow(by.organization_id, workflow_id, lock=True)
    if (earlier := _claimed(by, workflow, key)) is not None:
        return earlier
    with _told_who_removed(workflow, seen.step):
        set_fields(workflow.draft, seen.step, ())
        changes = merged(workflow, seen.step, seen.fingerprint, changes_of, by, seen.over)
        gesture = set_fields(workflow.draft, seen.step, changes)
    return _remembered(by, workflow, key, _done(by, workflow, gesture))


def undo(
    by: Identity, workflow_id: UUID, *, operation: int | None = None, key: str | None = None
) -> Done:
    """Take back what was done last. `operation` is the number of what the button named
    (`Workflow.draft_operation`): what somebody else did since is not taken back unseen.

    Raises Conflict `undo_differs`, `nothing_to_undo`.
    """
    workflow = queries.get_workflow(by.organization_id, workflow_id, lock=True)
    if (earlier := _claimed(by, workflow, key)) is not None:
        return earlier
    last = draft_log.operation(workflow, workflow.draft_operation)
    if last is not None and operation is not None:
        _refuse_unseen(last, operation, by)
    words = f"undid: {last.words}" if last else ""
    before = workflow.draft
    draft = drafts.take_back(workflow, last, by=by)
    focus = _focus(before, workflow.draft, last)
    return _remembered(by, workflow, key, Done(draft, words, focus))


def redo(by: Identity, workflow_id: UUID, *, key: str | None = None) -> Done:
    """Do again what was undone last. Raises Conflict `nothing_to_redo`."""
    workflow = queries.get_workflow(by.organization_id, workflow_id, lock=True)
    if (earlier := _claimed(by, workflow, key)) is not None:
        return earlier
    following = draft_log.operation(workflow, workflow.draft_operation + 1)
    words = f"did again: {following.words}" if following else ""
    before = workflow.draft
    draft = drafts.do_again(workflow, following, by=by)
    focus = _focus(before, workflow.draft, following)
    return _remembered(by, workflow, key, Done(draft, words, focus))


def duplicate(by: Identity, workflow_id: UUID, *, key: str | None = None) -> UUID:
    """Make another workflow of a draft, and one only for a key; its id. Raises NotFound."""
    workflow = queries.get_workflow(by.organization_id, workflow_id, lock=True)
    key = key and f"duplicate\0{key}"  # the same key of a gesture led to something else
    if (earlier := _claimed(by, workflow, key)) is not None:
        return UUID(earlier.words)
    made = service.duplicate(by.organization_id, workflow_id, by=by)
    _remembered(by, workflow, key, Done(made, words=str(made.workflow.id)))
    return made.workflow.id


def _agreed(
    by: Identity, workflow: Workflow, act: Act, seen: Seen | None, part: Part | None
) -> Gesture:
    """The gesture, unless somebody else changed meanwhile what it is done to."""
    changes = None
    if seen is not None and part is not None:
        changes = of_part(workflow, seen.step, seen.fingerprint, part, by, seen.over)
    elif seen is not None and seen.step is not None:
        refuse_changed(workflow, seen.step, seen.over or seen.fingerprint, by)
    if seen is None or changes is None:
        return act(workflow.draft)
    return set_fields(workflow.draft, seen.step, changes)


def _done(by: Identity, workflow: Workflow, gesture: Gesture) -> Done:
    if not gesture.operations:
        return Done(drafts.look_at(workflow), gesture.words, gesture.focus, gesture.told)
    draft = drafts.change(
        workflow,
        gesture.operations,
        by=by,
        words=gesture.words,
        about=gesture.about or gesture.focus,
    )
    return Done(draft, gesture.words, gesture.focus, gesture.told)


def _refuse_unseen(last: DraftOperation, operation: int, by: Identity) -> None:
    is_mine = last.made_by is not None and last.made_by == by.user_id
    if last.number == operation or is_mine:
        return
    problem = f"{doer(last)} {last.words} since. Undo that first, if you want to."
    raise Conflict(problem, code="undo_differs", extra={"operation": last.number})


def _focus(before: Any, after: Any, operation: DraftOperation | None) -> str | None:
    """The step an operation is about, or, where it is gone with it, the one that stood beside."""
    step_id = operation.step_id if operation else None
    there = set(_ids(after))
    if step_id is None or step_id in there:
        return step_id
    beside = remove(before, step_id).focus if step_id in _ids(before) else None
    return beside if beside in there else None


def _ids(definition: Any) -> list[str]:
    return ids_in(sequence(mapping(definition).get("steps")))


@contextmanager
def _told_who_removed(workflow: Workflow, step_id: str | None) -> Iterator[None]:
    """Say who removed the step that a gesture does not find."""
    try:
        yield
    except Conflict as error:
        if error.code != "step_gone" or step_id is None:
            raise
        words = gone_words(workflow, step_id)
        raise Conflict(words, code="step_gone", extra={"step": step_id}) from error


def _hash(by: Identity, workflow: Workflow, key: str) -> bytes:
    named = "\0".join((str(by.credential_id), str(workflow.id), key))
    return hashlib.sha256(named.encode()).digest()


def _claimed(by: Identity, workflow: Workflow, key: str | None) -> Done | None:
    """None when this key comes for the first time; what it led to when it came before."""
    if key is None:
        return None
    key_hash = _hash(by, workflow, key)
    about = {"organization_id": by.organization_id, "workflow_id": workflow.id}
    if db.session.execute(_CLAIM, {"key_hash": key_hash, **about}).first() is not None:
        return None
    row = db.session.execute(_READ, {"key_hash": key_hash}).one()
    return Done(drafts.look_at(workflow), row.words, row.focus, repeated=True)


def _remembered(by: Identity, workflow: Workflow, key: str | None, done: Done) -> Done:
    if key is not None:
        about = {"key_hash": _hash(by, workflow, key), "focus": done.focus, "words": done.words}
        db.session.execute(_FILL, about)
    return done
