"""What people press on the builder's page: each gesture by the name in its address, and how what
its form says is read. What it does to the draft is in `building.gestures`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast, get_args
from uuid import UUID

from werkzeug.datastructures import MultiDict

from wedsync.errors import FieldError, Invalid
from wedsync.platform.identity import Identity
from wedsync.workflows import queries
from wedsync.workflows.building.board import mending
from wedsync.workflows.building.gestures import clipboard, doing, of_branches, of_steps
from wedsync.workflows.building.gestures.contradictions import ChangesOf, Part
from wedsync.workflows.building.gestures.doing import Act, Done, Seen
from wedsync.workflows.building.gestures.of_steps import Gesture, Way
from wedsync.workflows.building.gestures.spots import Spot, the_step
from wedsync.workflows.building.known.known_data import Known, known_in
from wedsync.workflows.building.known.samples import sample_in
from wedsync.workflows.building.panel import field_writing
from wedsync.workflows.building.picking import step_picker, trigger_picker
from wedsync.workflows.building.tries.keeping import last_of
from wedsync.workflows.editing import drafts, service
from wedsync.workflows.editing.draft_operations import Change
from wedsync.workflows.engine.shape import readable
from wedsync.workflows.engine.steps.kind import text
from wedsync.workflows.views.builder_state import Here

MOST_COPIED = 100


@dataclass(slots=True)
class LookedUp:
    """What a gesture looked up of a draft, for those who show what it left."""

    definition: Any = None
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A gesture somebody made: what its form says, on which page, and the key it is known by when
    it comes twice."""

    by: Identity
    here: Here
    form: MultiDict[str, str]
    key: str | None
    looked_up: LookedUp = field(default_factory=LookedUp)

    @property
    def workflow_id(self) -> UUID:
        return self.here.workflow_id

    @property
    def organization_id(self) -> UUID:
        return self.by.organization_id

    def text(self, name: str) -> str:
        """What a field says; nothing where it is not there."""
        return self.form.get(name, "")

    def number(self, name: str) -> int:
        """Raises Invalid."""
        try:
            return int(self.text(name))
        except ValueError as error:
            raise Invalid("This button cannot be used as it is. Reload the page.") from error

    @property
    def step(self) -> str | None:
        """The step it is done to; None is what starts the workflow."""
        written = self.text("step")
        return written or None

    @property
    def spot(self) -> Spot:
        """Where it is done, as its form says, else its address."""
        if "list" not in self.form and "after" not in self.form:
            return self.here.spot
        owner, after, on = (self.text(name) or None for name in ("owner", "after", "on"))
        return Spot(owner, self.text("list") or "steps", after, on)

    @property
    def seen(self) -> Seen | None:
        """The step as the page showed it, where the form says so, and what theirs is put `over`."""
        fingerprint = self.text("seen") or self.text("over")
        return Seen(self.step, fingerprint, self.text("over")) if fingerprint else None

    @property
    def typed(self) -> dict[str, str]:
        """Every field; of several by one name (a list, and beside it room to type) the first that
        says anything."""
        return {
            name: next((value for value in values if value), "")
            for name, values in self.form.lists()
        }

    def known_in(self, definition: Any) -> Known:
        """What the steps of a draft can read, named as the page names it."""
        found = self.looked_up
        if found.known is None or found.definition is not definition:
            found.known = self._known_in(definition, found.known)
            found.definition = definition
        return found.known

    def _known_in(self, definition: Any, earlier: Known | None) -> Known:
        draft, chosen = readable(definition), self.here.sample or None
        tried = last_of(self.by, self.workflow_id, definition).outputs
        before = earlier.chosen if earlier else None
        seen = sample_in(self.organization_id, draft, chosen, tried=tried, earlier=before)
        return known_in(draft, seen, earlier=earlier)

    def do(self, act: Act, part: Part | None = None) -> Done:
        """Do it to the draft as it is now. Raises as `doing.do`."""
        return doing.do(self.by, self.workflow_id, act, key=self.key, seen=self.seen, part=part)

    def change(self, changes_of: ChangesOf) -> Done:
        """Change fields of the step that was seen. Raises as `doing.change_fields`; Invalid where
        the form does not say what it showed."""
        if self.seen is None:
            raise Invalid("This form is not whole. Reload the page.")
        about = (self.by, self.workflow_id, self.seen, changes_of)
        return doing.change_fields(*about, key=self.key)


Doer: TypeAlias = Callable[[Asked], Done]


def set_trigger(asked: Asked) -> Done:
    """Let something else start it."""
    trigger = trigger_picker.made(asked.organization_id, asked.text("key"))
    return asked.do(lambda draft: of_steps.set_trigger(draft, trigger))


def add(asked: Asked) -> Done:
    """Add a step at the spot where the picker stands."""
    step = step_picker.made(asked.organization_id, asked.text("key"))
    return asked.do(lambda draft: of_steps.add(draft, step, asked.spot))


def move(asked: Asked) -> Done:
    """One place up or down, in reading order."""
    way = _way(asked)
    return asked.do(lambda draft: of_steps.move(draft, _step(asked), way))


def move_to(asked: Asked) -> Done:
    """To a spot."""
    return asked.do(lambda draft: of_steps.move_to(draft, _step(asked), asked.spot))


def rename(asked: Asked) -> Done:
    """Call a step something."""
    return asked.do(lambda draft: of_steps.rename(draft, _step(asked), asked.text("label")))


def note(asked: Asked) -> Done:
    """Write something beside a step."""
    return asked.do(lambda draft: of_steps.set_note(draft, _step(asked), asked.text("note")))


def use_connection(asked: Asked) -> Done:
    """Act through an account: the one that is said, else the one connected last."""

    def act(draft: Any) -> Gesture:
        use = text(the_step(draft, _step(asked)).get("use"), "")
        newest = step_picker.newest_account(asked.organization_id, use)
        connection = asked.text("connection") or newest
        if connection is None:
            raise Invalid("Connect an account first.", code="unknown_pick")
        return of_steps.use_connection(draft, _step(asked), connection)

    return asked.do(act)


def take_out(asked: Asked) -> Done:
    """Take what is gone out of a field."""
    return asked.do(lambda draft: mending.take_out(draft, asked.step, asked.text("field")))


def change_fields(asked: Asked) -> Done:
    """What was typed into the panel. Raises Invalid with what cannot be read, by field."""

    def changes_of(shown: Any) -> Sequence[Change]:
        known = asked.known_in(shown)
        return field_writing.write(asked.organization_id, shown, asked.step, asked.typed, known)

    return asked.change(changes_of)


def add_branch(asked: Asked) -> Done:
    """Another way to go."""
    return asked.do(lambda draft: of_branches.add_branch(draft, _step(asked), asked.text("label")))


def remove_branch(asked: Asked) -> Done:
    """One way fewer, with the steps on it."""
    number, was = asked.number("branch"), _was(asked)
    return asked.do(lambda draft: of_branches.remove_branch(draft, _step(asked), number, was))


def rename_branch(asked: Asked) -> Done:
    """Call a branch something else."""
    number, was, name = asked.number("branch"), _was(asked), asked.text("label")
    return asked.do(lambda draft: of_branches.rename_branch(draft, _step(asked), number, name, was))


def move_branch(asked: Asked) -> Done:
    """Have a branch tried earlier, or later."""
    number, was, way = asked.number("branch"), _was(asked), _way(asked)
    return asked.do(lambda draft: of_branches.move_branch(draft, _step(asked), number, way, was))


def copy(asked: Asked) -> Done:
    """Put steps on the clipboard."""
    copied = clipboard.copy(asked.by, asked.workflow_id, _steps(asked))
    return _unchanged(asked, f"Copied {copied.words}. You can paste it here or elsewhere.")


def cut(asked: Asked) -> Done:
    """Put steps on the clipboard and take them away."""
    return clipboard.cut(asked.by, asked.workflow_id, _steps(asked), key=asked.key)


def paste(asked: Asked) -> Done:
    """Put what is on the clipboard at a spot."""
    return clipboard.paste(asked.by, asked.workflow_id, asked.spot, key=asked.key)


def undo(asked: Asked) -> Done:
    """Take back what the button named."""
    operation = asked.form.get("operation", type=int)
    return doing.undo(asked.by, asked.workflow_id, operation=operation, key=asked.key)


def redo(asked: Asked) -> Done:
    """Do again what was undone last."""
    return doing.redo(asked.by, asked.workflow_id, key=asked.key)


def call_it(asked: Asked) -> Done:
    """Give the workflow another name."""
    about = (asked.organization_id, asked.workflow_id)
    service.change(*about, {"name": asked.text("name")}, by=asked.by)
    return _unchanged(asked, "Renamed.")


def _to_draft(gesture: Callable[[Any], Gesture]) -> Doer:
    """A gesture on all of it."""

    def do(asked: Asked) -> Done:
        return asked.do(gesture)

    return do


def _to_step(gesture: Callable[[Any, str], Gesture]) -> Doer:
    """A gesture that only needs its step."""

    def do(asked: Asked) -> Done:
        return asked.do(lambda draft: gesture(draft, _step(asked)))

    return do


GESTURES: Mapping[str, Doer] = {
    "set-trigger": set_trigger,
    "add": add,
    "remove": _to_step(of_steps.remove),
    "duplicate": _to_step(of_steps.duplicate),
    "turn-off": _to_step(of_steps.turn_off),
    "turn-on": _to_step(of_steps.turn_on),
    "move": move,
    "move-to": move_to,
    "rename": rename,
    "note": note,
    "use-connection": use_connection,
    "take-out": take_out,
    "only-after-yes": _to_step(mending.only_after_yes),
    "name-steps": _to_draft(mending.name_steps),
    "tidy-steps": _to_draft(mending.tidy_steps),
    "start-anew": _to_draft(mending.start_anew),
    "fields": change_fields,
    "add-branch": add_branch,
    "remove-branch": remove_branch,
    "rename-branch": rename_branch,
    "move-branch": move_branch,
    "copy": copy,
    "cut": cut,
    "paste": paste,
    "undo": undo,
    "redo": redo,
    "name": call_it,
}
"""By the name in the address; those of conditions and of data are in `builder_data`."""


def _unchanged(asked: Asked, told: str) -> Done:
    workflow = queries.get_workflow(asked.organization_id, asked.workflow_id)
    return Done(drafts.look_at(workflow), told=(told,))


def _step(asked: Asked) -> str:
    return asked.step or ""


def _steps(asked: Asked) -> list[str]:
    return asked.form.getlist("step")[:MOST_COPIED]


def _was(asked: Asked) -> str | None:
    return asked.text("was") or None


def _way(asked: Asked) -> Way:
    written = asked.text("way")
    if written not in get_args(Way):
        problem = "Move it up or down."
        raise Invalid(problem, errors=[FieldError("/way", "wrong_value", problem)])
    return cast(Way, written)
