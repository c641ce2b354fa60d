"""Choosing what a field of the panel takes from a list at the step's account.

The list is read in this request where nobody read it before, within three seconds; else a drain
reads it, and the page looks again.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import redirect
from werkzeug.wrappers import Response as AnyResponse

from wedsync.connections.choosing import choices
from wedsync.connections.choosing.kept_choices import Asked as AskedFor
from wedsync.connections.connecting import asking
from wedsync.connections.views.routes import LANES, means
from wedsync.errors import Conflict
from wedsync.platform import identity, runtime, wording
from wedsync.platform.db import db
from wedsync.platform.runtime import commit
from wedsync.workflows import queries
from wedsync.workflows.building.gestures.doing import Done
from wedsync.workflows.building.gestures.spots import the_step
from wedsync.workflows.building.panel import account_choices, field_writing
from wedsync.workflows.building.panel.account_choices import Lists, Offer, Source
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing.draft_operations import Change
from wedsync.workflows.views.builder_gestures import Asked, Doer
from wedsync.workflows.views.builder_state import Here, here_of
from wedsync.workflows.views.routes import pages

PICK = "choices"
"""What is open where a list stands under a field."""


def offer_here(here: Here) -> Offer | None:
    """What can be chosen in the open field, read now where it never was; None where it is not such
    a field, or nothing is open. Commits."""
    if here.pick != PICK:
        return None
    organization_id = identity.organization_id()
    found = queries.get_workflow(organization_id, here.workflow_id)
    step = _step(found.draft, here.step)
    source = _source(step, here.field)
    if source is None:
        return None
    if source.connection_id is not None:
        have_it_read(source.connection_id, source.listed.key)
    present = account_choices.present_in(step, here.field)
    return account_choices.offer(organization_id, source, present, here.q, wording.here())


def choose(asked: Asked) -> Done:
    """Put what was chosen into its field, beside everything else that stands in the panel."""
    typed = {**asked.typed, asked.text("field"): asked.text("chosen")}

    def changes_of(shown: Any) -> Sequence[Change]:
        known = asked.known_in(shown)
        return field_writing.write(asked.organization_id, shown, asked.step, typed, known)

    return asked.change(changes_of)


@pages.post("/workflows/<uuid:workflow_id>/edit/refresh-choices")
def builder_refresh_choices(workflow_id: UUID) -> AnyResponse:
    """Have the list of the open field read anew, now."""
    organization_id, here = identity.organization_id(), here_of(workflow_id)
    found = queries.get_workflow(organization_id, workflow_id)
    source = _source(_step(found.draft, here.step), here.field)
    if source is not None and source.connection_id is not None:
        key = source.listed.key
        choices.ask(db.session, organization_id, source.connection_id, key, refresh=True)
        commit()
    return redirect(here.url(pick=PICK, q=here.q), 303)


GESTURES: Mapping[str, Doer] = {"choose": choose}
"""By the name in the address."""


def have_it_read(connection_id: UUID, key: str) -> None:
    """Begin to read a list where it is not fresh; at once where there is nothing to show, and room
    to ask. Commits."""
    organization_id = identity.organization_id()
    asked = choices.ask(db.session, organization_id, connection_id, key)
    if asked is None or not asked.is_wanted:
        db.session.commit()
        return
    with asking.place() as free:
        _read_or_leave(asked, now=free and not asked.is_there)
    runtime.runtime().wake.ring(*LANES)
    db.session.expire_all()


def _read_or_leave(asked: AskedFor, *, now: bool) -> None:
    organization_id = identity.organization_id()
    if not now:
        choices.leave_to_drain(db.session, organization_id, asked)
    db.session.commit()
    if now:
        within_s = choices.WITHIN_S
        choices.load(means(), organization_id, asked.id, within_s=within_s, last=False)


def _source(step: Mapping[str, Any], field: str) -> Source | None:
    organization_id = identity.organization_id()
    return Lists(organization_id, step, entries(organization_id)).source(field)


def _step(definition: Any, step_id: str) -> Mapping[str, Any]:
    """The step; nothing where it is gone."""
    try:
        return the_step(definition, step_id)
    except Conflict:
        return {}
