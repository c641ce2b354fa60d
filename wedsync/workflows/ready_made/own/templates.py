"""Saving a workflow as a template of one's own; renaming, replacing and deleting it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid, Stale
from wedsync.events import service as events
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.workflows import queries
from wedsync.workflows.ready_made.models import GOAL_NAMES, WorkflowTemplate
from wedsync.workflows.ready_made.own import template_queries
from wedsync.workflows.ready_made.own.outlines import LONGEST_SENTENCE, Outline, outline

MOST = 100
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a template should be. What is None is taken from the workflow itself: its name, what
    most of it is for, what it says, and the questions that are suggested (by key)."""

    name: str | None = None
    goal: str | None = None
    sentence: str | None = None
    questions: Collection[str] | None = None


def save(by: Identity, workflow_id: UUID, wanted: Wanted) -> WorkflowTemplate:
    """Save a workflow's draft. Raises NotFound, Invalid; Conflict where it cannot be saved, or
    there are `MOST` templates already."""
    workflow = queries.get_workflow(by.organization_id, workflow_id)
    drawn = outline(workflow, wanted.questions)
    _one_at_a_time(by.organization_id)
    _refuse_too_many(by.organization_id)
    made = WorkflowTemplate(organization_id=by.organization_id, workflow_id=workflow_id)
    _say(made, _or_drawn(wanted, drawn))
    _draw(made, drawn)
    db.session.add(made)
    db.session.flush()
    _tell(by, made, "template_saved")
    return made


def replace(
    by: Identity,
    template_id: UUID,
    workflow_id: UUID,
    wanted: Wanted,
    *,
    expected_revision: int | None = None,
) -> WorkflowTemplate:
    """Put a workflow's draft of now in the place of what was saved; its name, goal and sentence
    stay unless others are wanted. Raises NotFound, Stale, Invalid, Conflict."""
    drawn = outline(queries.get_workflow(by.organization_id, workflow_id), wanted.questions)
    found = _locked(by, template_id, expected_revision)
    found.workflow_id = workflow_id
    _say(found, wanted)
    _draw(found, drawn)
    return _kept(by, found, "template_replaced")


def change(
    by: Identity, template_id: UUID, wanted: Wanted, *, expected_revision: int | None = None
) -> WorkflowTemplate:
    """Give it another name, goal or sentence. Raises NotFound, Stale, Invalid."""
    found = _locked(by, template_id, expected_revision)
    _say(found, wanted)
    if not db.session.is_modified(found):
        return found
    return _kept(by, found, "template_changed")


def delete(by: Identity, template_id: UUID) -> WorkflowTemplate:
    """Take it out of the gallery; what was made of it stays. Raises NotFound."""
    found = template_queries.get(by.organization_id, template_id, lock=True)
    _tell(by, found, "template_deleted")
    db.session.delete(found)
    db.session.flush()
    return found


def _locked(by: Identity, template_id: UUID, expected_revision: int | None) -> WorkflowTemplate:
    _one_at_a_time(by.organization_id)
    found = template_queries.get(by.organization_id, template_id, lock=True)
    if expected_revision is not None and expected_revision != found.revision:
        raise Stale(
            "Somebody changed this template since you read it. Look at it again, then decide.",
            extra={"current": {"id": str(found.id), "name": found.name, "goal": found.goal,
                               "sentence": found.sentence, "revision": found.revision}},
        )  # fmt: skip
    return found


def _kept(by: Identity, found: WorkflowTemplate, action: str) -> WorkflowTemplate:
    found.revision += 1
    found.updated_at = clock.now()
    db.session.flush()
    _tell(by, found, action)
    return found


def _or_drawn(wanted: Wanted, drawn: Outline) -> Wanted:
    return Wanted(
        name=drawn.name[:LONGEST_NAME] if wanted.name is None else wanted.name,
        goal=wanted.goal or drawn.goal,
        sentence=wanted.sentence or drawn.sentence,
    )


def _say(template: WorkflowTemplate, wanted: Wanted) -> None:
    """Set what people read of it."""
    if wanted.name is not None and wanted.name.strip() != template.name:
        template.name = _checked_name(template, wanted.name)
    if wanted.goal is not None:
        template.goal = _checked_goal(wanted.goal)
    if wanted.sentence is not None:
        template.sentence = _checked_sentence(wanted.sentence)


def _draw(template: WorkflowTemplate, drawn: Outline) -> None:
    """Set what it does and asks."""
    template.definition = drawn.definition
    template.questions = [
        each.model_dump(mode="json", exclude_defaults=True) for each in drawn.asked
    ]
    template.left_out = list(drawn.left_out)


def _checked_name(template: WorkflowTemplate, typed: str) -> str:
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME:
        raise _refused("name", f"A name has 1 to {LONGEST_NAME} characters.")
    taken = select(WorkflowTemplate.id).where(
        WorkflowTemplate.organization_id == template.organization_id,
        WorkflowTemplate.name == name,
    )
    with db.session.no_autoflush:
        if db.session.scalar(taken) is not None:
            raise _refused("name", f"You have a template called “{name}” already.")
    return name


def _checked_goal(goal: str) -> str:
    if goal not in GOAL_NAMES:
        raise _refused("goal", "Choose what it is for.")
    return goal


def _checked_sentence(typed: str) -> str:
    sentence = " ".join(typed.split())
    if not sentence or len(sentence) > LONGEST_SENTENCE:
        problem = f"Say what it does in 1 to {LONGEST_SENTENCE} characters."
        raise _refused("sentence", problem)
    return sentence


def _refused(field: str, problem: str) -> Invalid:
    return Invalid(problem, errors=[FieldError(f"/{field}", field, problem)])


def _refuse_too_many(organization_id: UUID) -> None:
    query = select(func.count()).where(WorkflowTemplate.organization_id == organization_id)
    if (db.session.scalar(query) or 0) >= MOST:
        raise Conflict(
            f"You have {MOST} templates, which is as many as there can be. Delete one first.",
            code="too_many_templates",
        )


def _one_at_a_time(organization_id: UUID) -> None:
    """Who saves templates of one organization takes turns, so that no two get one name."""
    db.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))"),
        {"lock": f"templates {organization_id}"},
    )


def _tell(by: Identity, template: WorkflowTemplate, action: str) -> None:
    """Note who did it, and publish that it was."""
    facts: dict[str, Any] = {
        "workflow_id": str(template.workflow_id) if template.workflow_id else None
    }
    audit.record(
        f"workflow.{action}",
        "workflow_template",
        template.id,
        organization_id=by.organization_id,
        by=by,
        facts=facts,
    )
    data = {"template_id": str(template.id), "name": template.name, **facts}
    events.announce(db.session, by.organization_id, f"workflow.{action}", data)
