"""Reading templates of one's own, as rows and as recipes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync import connectors
from wedsync.connections.models import USABLE_STATES, Connection
from wedsync.errors import NotFound
from wedsync.listings import queries as listings
from wedsync.platform.db import db, one_of
from wedsync.workflows.catalogue import Entries, entries
from wedsync.workflows.engine.outline import steps_in_order
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.engine.words import clip
from wedsync.workflows.ready_made.models import WorkflowTemplate
from wedsync.workflows.ready_made.own.own_recipe import OwnQuestion, OwnRecipe
from wedsync.workflows.words.step_lines import TRIGGER_LOOKS

_MISSING = "There is no such template."
_WAY_OUT = "Make the draft all the same and put another step in its place, or delete the template."


def get(organization_id: UUID, template_id: UUID, *, lock: bool = False) -> WorkflowTemplate:
    """One template. Raises NotFound."""
    return one_of(WorkflowTemplate, organization_id, template_id, lock=lock, missing=_MISSING)


def page_of(
    organization_id: UUID, *, before: UUID | None = None, limit: int
) -> Sequence[WorkflowTemplate]:
    """Templates, newest first."""
    query = select(WorkflowTemplate).where(WorkflowTemplate.organization_id == organization_id)
    if before is not None:
        query = query.where(WorkflowTemplate.id < before)
    return db.session.scalars(query.order_by(WorkflowTemplate.id.desc()).limit(limit)).all()


def every(organization_id: UUID) -> tuple[OwnRecipe, ...]:
    """All of them as recipes, by name."""
    rows = db.session.scalars(
        select(WorkflowTemplate)
        .where(WorkflowTemplate.organization_id == organization_id)
        .order_by(WorkflowTemplate.name)
    ).all()
    return tuple(recipes_of(organization_id, rows)) if rows else ()


def find(organization_id: UUID, template_id: UUID) -> OwnRecipe:
    """One of them as a recipe. Raises NotFound."""
    (found,) = recipes_of(organization_id, [get(organization_id, template_id)])
    return found


def saved_from(organization_id: UUID, workflow_id: UUID) -> Sequence[WorkflowTemplate]:
    """The templates that were saved from a workflow, by name."""
    return db.session.scalars(
        select(WorkflowTemplate)
        .where(
            WorkflowTemplate.organization_id == organization_id,
            WorkflowTemplate.workflow_id == workflow_id,
        )
        .order_by(WorkflowTemplate.name)
    ).all()


def recipes_of(organization_id: UUID, rows: Sequence[WorkflowTemplate]) -> Iterator[OwnRecipe]:
    """Templates as recipes, without the questions that nobody can answer any more."""
    known = entries(organization_id)
    asked = {row.id: [OwnQuestion.model_validate(each) for each in row.questions] for row in rows}
    wanted = {each.connector for questions in asked.values() for each in questions}
    there = _connectors_there(organization_id, [slug for slug in wanted if slug])
    for row in rows:
        gone = [each for each in asked[row.id] if each.connector and not there[each.connector]]
        yield OwnRecipe(
            key=str(row.id),
            template_id=row.id,
            goal=row.goal,
            title=row.name,
            promise=row.sentence,
            icon=_icon(row.definition),
            questions=tuple(each for each in asked[row.id] if each not in gone),
            written=row.definition,
            troubles=tuple(_troubles(row.definition, gone, known)),
            left_out=tuple(row.left_out),
            workflow_id=row.workflow_id,
        )


def _connectors_there(organization_id: UUID, slugs: Sequence[str]) -> Mapping[str, bool]:
    """Which connectors can be connected, or are."""
    partners = [slug for slug in slugs if slug not in connectors.manifests()]
    held = db.session.scalars(
        select(Connection.slug).where(
            Connection.organization_id == organization_id,
            Connection.slug.in_(partners),
            Connection.state.in_(USABLE_STATES),
        )
    )
    here = set(held) if partners else set()
    return {slug: slug not in partners or slug in here or _is_listed(slug) for slug in slugs}


def _is_listed(slug: str) -> bool:
    try:
        return bool(listings.published(slug))
    except NotFound:
        return False


def _icon(definition: Any) -> str:
    kind = str(mapping(mapping(definition).get("trigger")).get("kind"))
    return TRIGGER_LOOKS.get(kind, TRIGGER_LOOKS["later"])["icon"]


def _troubles(definition: Any, gone: Sequence[OwnQuestion], known: Entries) -> Iterator[str]:
    """What it used and is not there any more, each with what to do."""
    for question in gone:
        if question.kind == "connection":
            yield f"“{question.connector}” is not in the marketplace any more. {_WAY_OUT}"
    told: set[str] = set()
    for placed in steps_in_order(definition):
        use = placed.step.get("use")
        if placed.step.get("kind") == "action" and isinstance(use, str) and use not in known:
            label = placed.step.get("label")
            name = label if isinstance(label, str) and label.strip() else use
            if name not in told:
                told.add(name)
                yield f"What “{clip(name, 60)}” did cannot be done any more. {_WAY_OUT}"
