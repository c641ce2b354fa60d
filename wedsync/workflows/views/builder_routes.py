"""The builder's pages: a workflow begun from nothing, and its draft edited step by step.

A gesture is a form. It answers the page again by way of its address (303), or, to a part of a page
that asks, what of the page is different. What is refused is shown with everything that was typed.
"""

from collections.abc import Mapping
from uuid import UUID

from flask import Response, flash, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid, Stale, WedSyncError
from wedsync.platform import identity
from wedsync.platform.db import db
from wedsync.platform.fragments import render, wants_fragment
from wedsync.platform.runtime import commit, commit_keeping
from wedsync.platform.wording import capital
from wedsync.workflows import queries
from wedsync.workflows.building.gestures.doing import Done
from wedsync.workflows.editing import drafts, service
from wedsync.workflows.engine import FORMAT
from wedsync.workflows.ready_made.shelf import shelf
from wedsync.workflows.views import builder_choices, builder_data, builder_gestures
from wedsync.workflows.views.builder_gestures import Asked, Doer
from wedsync.workflows.views.builder_pages import Said, builder_page, folded_page
from wedsync.workflows.views.builder_state import Here, here_of
from wedsync.workflows.views.draft_forms import NewForm
from wedsync.workflows.views.routes import pages

GESTURES: Mapping[str, Doer] = {
    **builder_gestures.GESTURES,
    **builder_data.GESTURES,
    **builder_choices.GESTURES,
}

_NAMES = ", ".join(f'"{name}"' for name in GESTURES)
_UNNAMED = "New workflow"
_OPENING = frozenset(("add", "set-trigger"))
_FOLLOWING = frozenset(("duplicate", "paste"))
_SHEET = "all"
"""No field of its own: on a phone the panel opens with it, as a sheet."""
_CLOSING_PICKERS = frozenset(("add", "set-trigger", "paste", "insert", "apply-function", "choose"))
_TAKING_BACK = frozenset(("undo", "redo"))
_OTHER_PICKERS = frozenset(("step", "start"))
"""That are not open for a value."""
_TYPING = frozenset(("fields", "name", "copy", *builder_data.GESTURES, *builder_choices.GESTURES))
"""What leaves the focus where it is."""
_LONGEST_KEY = 200


@pages.route("/workflows/new", methods=["GET", "POST"])
def new_workflow() -> AnyResponse:
    """A ready-made one, or one from nothing."""
    me, form = identity.current(), NewForm()
    if form.validate_on_submit():
        try:
            nothing = {"format": FORMAT, "steps": []}
            made = service.create(
                me.organization_id, form.name.data or _UNNAMED, nothing, by=me
            ).workflow.id
        except Invalid as error:
            db.session.rollback()
            form.show(error)
        else:
            commit()
            return redirect(Here(made).url(pick="start"), 303)
    return render(
        "workflows/new.html",
        status=422 if form.errors else 200,
        form=form,
        shelf=shelf(me.organization_id),
        may_edit=me.has_role("editor"),
    )


@pages.get("/workflows/<uuid:workflow_id>/edit")
def builder(workflow_id: UUID) -> Response:
    """The draft, to be changed; somebody who only looks on reads it. A page that opens a `fold` of
    its panel is answered what that holds."""
    found = queries.get_workflow(identity.organization_id(), workflow_id)
    here, draft, fold = here_of(workflow_id), drafts.look_at(found), request.args.get("fold")
    if fold and wants_fragment():
        return folded_page(here, draft, fold)
    return builder_page(here, draft)


@pages.post(f"/workflows/<uuid:workflow_id>/edit/<any({_NAMES}):gesture>")
def builder_gesture(workflow_id: UUID, gesture: str) -> AnyResponse:
    """Do what was pressed to the draft as it is now."""
    asked = Asked(identity.current(), here_of(workflow_id), request.form, _key())
    try:
        did = GESTURES[gesture](asked)
    except (Conflict, Invalid, Stale) as error:
        return _refused(asked, gesture, error)
    commit_keeping(did.draft.workflow)
    here = _after(asked, gesture, did)
    return _answered(here, did, asked, is_focused=gesture not in _TYPING)


def _key() -> str | None:
    """What a gesture is known by when it comes twice: of the script, else of the form."""
    given = request.headers.get("Idempotency-Key") or request.form.get("once")
    return given[:_LONGEST_KEY] if given else None


def _after(asked: Asked, gesture: str, did: Done) -> Here:
    """What the page shows after a gesture."""
    here = asked.here.at() if _closes_picker(asked.here, gesture) else asked.here
    if gesture in _OPENING:
        return here.at(step=did.focus or here.START, field=_SHEET if gesture == "add" else "")
    if gesture in _FOLLOWING and here.step and did.focus:
        return here.at(step=did.focus)
    return here


def _closes_picker(here: Here, gesture: str) -> bool:
    """Those that were pressed in it; and what is taken back may be what it stands open for."""
    if gesture in _TAKING_BACK:
        return here.pick not in _OTHER_PICKERS
    return gesture in _CLOSING_PICKERS


def _answered(here: Here, did: Done, asked: Asked, *, is_focused: bool) -> AnyResponse:
    if wants_fragment():
        told = " ".join((_sentence(did.words), *did.told)).strip()
        said = Said(told, is_focused=is_focused, focus=did.focus, typed=asked.typed)
        return builder_page(here, did.draft, said, asked.looked_up.known)
    for words in did.told:
        flash(words, "done")
    return redirect(here.url(), 303)


def _refused(asked: Asked, gesture: str, error: WedSyncError) -> Response:
    """The page as it is by now, with the sentence and with what was typed."""
    db.session.rollback()
    found = queries.get_workflow(asked.organization_id, asked.workflow_id)
    said = Said(
        refused=error.detail,
        error=error,
        typed=asked.typed,
        status=error.status,
        gesture=gesture,
    )
    return builder_page(asked.here, drafts.look_at(found), said)


def _sentence(words: str) -> str:
    return f"{capital(words)}." if words else ""
