"""From answers to a workflow: a draft to look at in the builder, or one that is on at once. Nothing
is sent by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, count
from uuid import UUID

from sqlalchemy import select, text

from wedsync.accounts.models import Organization
from wedsync.platform import wording
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows.editing import service
from wedsync.workflows.models import IS_LIVE, Workflow, WorkflowVersion
from wedsync.workflows.ready_made import answers, choosing, needs
from wedsync.workflows.ready_made.filling import fill
from wedsync.workflows.ready_made.recipe import Definition, Recipe


@dataclass(frozen=True, slots=True)
class Place:
    """Whose workflow it becomes: `business` signs its letters, `zone` says where its days end."""

    organization_id: UUID
    business: str
    zone: str


@dataclass(frozen=True, slots=True)
class Started:
    """The workflow that was made; `is_new` is False when the very same one was there already."""

    workflow: Workflow
    is_new: bool


def place_of(organization_id: UUID) -> Place:
    """The business, as its workflows need to know it."""
    organization = db.session.get_one(Organization, organization_id)
    return Place(organization_id, organization.name, organization.zone)


def read(place: Place, recipe: Recipe, given: Mapping[str, str]) -> answers.Read:
    """The answers of this business, with a sentence for each that cannot be used yet."""
    there = needs.held(place.organization_id)
    return answers.read(
        recipe,
        given,
        needs.offered(needs.needs_of(recipe, there)),
        today=wording.Wording(place.zone).today,
        lists=choosing.lists_of(place.organization_id, recipe, there),
    )


def definition_of(place: Place, recipe: Recipe, values: Mapping[str, object]) -> Definition:
    """What these answers make of the recipe; it may be unfinished."""
    return fill(recipe, values, business=place.business, zone=place.zone)


def start(by: Identity, recipe: Recipe, given: Mapping[str, str]) -> Started:
    """Make the workflow and switch it on. Pressing twice gives the same one, not a second.

    Raises Invalid with a sentence per answer that cannot be used, and Invalid `workflow_invalid`
    when something else stands in the way.
    """
    place = place_of(by.organization_id)
    definition = definition_of(place, recipe, read(place, recipe, given).require())
    _one_at_a_time(place.organization_id, definition)
    if there := _live(place.organization_id, definition):
        return Started(there, is_new=False)
    name = _free_name(place.organization_id, recipe.title)
    made = service.create(place.organization_id, name, definition, by=by).workflow
    service.publish(place.organization_id, made.id, note=_NOTE, by=by)
    return Started(made, is_new=True)


def draft(by: Identity, recipe: Recipe, given: Mapping[str, str]) -> Started:
    """Make the workflow as a draft, switched off. Pressing twice gives the same one, as long as
    nothing was done to it. Raises Invalid with a sentence per answer that cannot be used."""
    place = place_of(by.organization_id)
    definition = definition_of(place, recipe, read(place, recipe, given).require())
    _one_at_a_time(place.organization_id, definition)
    if there := _untouched(place.organization_id, definition):
        return Started(there, is_new=False)
    name = _free_name(place.organization_id, recipe.title)
    return Started(service.create(place.organization_id, name, definition, by=by).workflow, True)


_NOTE = "Ready-made"


def _free_name(organization_id: UUID, title: str) -> str:
    """The title, with a number where a workflow is called so already."""
    taken = set(
        db.session.scalars(
            select(Workflow.name).where(
                Workflow.organization_id == organization_id, Workflow.name.startswith(title)
            )
        )
    )
    numbered = (f"{title} ({number})" for number in count(2))
    return next(name for name in chain([title], numbered) if name not in taken)


def _one_at_a_time(organization_id: UUID, definition: Definition) -> None:
    """Two who make the very same workflow at once go one by one."""
    content_hash = service.content_hash(definition)
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))"),
        {"lock": f"ready-made {organization_id} {content_hash}"},
    )


def _live(organization_id: UUID, definition: Definition) -> Workflow | None:
    """The workflow whose live version is this definition."""
    return db.session.scalar(
        select(Workflow)
        .join(WorkflowVersion, IS_LIVE)
        .where(
            Workflow.organization_id == organization_id,
            WorkflowVersion.content_hash == service.content_hash(definition),
        )
        .limit(1)
    )


def _untouched(organization_id: UUID, definition: Definition) -> Workflow | None:
    """The draft that says this and to which nothing was done since it was made."""
    return db.session.scalar(
        select(Workflow)
        .where(
            Workflow.organization_id == organization_id,
            Workflow.live_version_id.is_(None),
            Workflow.draft_revision == 1,
            Workflow.draft == definition,
        )
        .order_by(Workflow.id.desc())
        .limit(1)
    )
