"""What can be chosen as an answer beside accounts: webhooks, people, and what an account has."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from wedsync.connections.choosing import choices
from wedsync.platform.db import db
from wedsync.platform.runtime import vault
from wedsync.workflows.building.panel.field_choices import Choices
from wedsync.workflows.building.panel.field_specs import Spec
from wedsync.workflows.ready_made.answers import Lists
from wedsync.workflows.ready_made.needs import Held
from wedsync.workflows.ready_made.recipe import Question, Recipe


def lists_of(organization_id: UUID, recipe: Recipe, there: Sequence[Held]) -> Lists:
    """By question, what can be chosen. Of a list at an account, what was read of it last."""
    ours = Choices(organization_id, {})
    found: dict[str, Mapping[str, str]] = {}
    for question in recipe.questions:
        if question.kind == "hook":
            offered = ours.of(Spec(question.key, question.title, "hook"), "")
            found[question.key] = {each.value: each.words for each in offered}
        elif question.kind == "person":
            offered = ours.of(Spec(question.key, question.title, "person"), "")
            found[question.key] = {each.value: each.words for each in offered}
        elif question.kind == "listed":
            found[question.key] = _listed(organization_id, question, usable_for(question, there))
    return found


def usable_for(question: Question, there: Sequence[Held]) -> Sequence[Held]:
    """The accounts whose list a question is about."""
    return [each for each in there if each.slug == question.connector and each.is_usable]


def _listed(
    organization_id: UUID, question: Question, accounts: Sequence[Held]
) -> Mapping[str, str]:
    """What the accounts have, each with its account where there are several."""
    found: dict[str, str] = {}
    for account in accounts:
        kept = choices.kept(db.session, vault(), organization_id, account.id, question.listed)
        for each in kept.choices:
            name = f"{each.name}, {each.note}" if each.note else each.name
            found[str(each.value)] = f"{name} ({account.name})" if len(accounts) > 1 else name
    return found
