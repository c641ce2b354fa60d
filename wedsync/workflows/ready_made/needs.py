"""What a recipe needs connected, and what of it a business has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from wedsync import connectors
from wedsync.connections.models import USABLE_STATES, Connection
from wedsync.errors import NotFound
from wedsync.listings import queries as listings
from wedsync.platform.db import db
from wedsync.workflows.ready_made.answers import Offered
from wedsync.workflows.ready_made.recipe import Recipe

_MENDABLE_STATES = ("paused", "needs_reauth")


@dataclass(frozen=True, slots=True)
class Held:
    """A connection a business has."""

    id: UUID
    slug: str
    name: str
    state: str

    @property
    def is_usable(self) -> bool:
        return self.state in USABLE_STATES


@dataclass(frozen=True, slots=True)
class Need:
    """One connector a recipe needs. `usable` are the connections of it that can do the work now,
    `to_mend` those that somebody has to look at first."""

    slug: str
    name: str
    icon: str
    usable: tuple[Held, ...]
    to_mend: tuple[Held, ...]


def held(organization_id: UUID) -> Sequence[Held]:
    """The connections that are there, oldest first."""
    rows = db.session.execute(
        select(Connection.id, Connection.slug, Connection.name, Connection.state)
        .where(
            Connection.organization_id == organization_id,
            Connection.state.in_((*USABLE_STATES, *_MENDABLE_STATES)),
        )
        .order_by(Connection.id)
    )
    return [Held(*row) for row in rows]


def needs_of(recipe: Recipe, there: Sequence[Held]) -> tuple[Need, ...]:
    """What the recipe needs, in the order it is asked for."""
    return tuple(_need(slug, there) for slug in recipe.connectors)


def _need(slug: str, there: Sequence[Held]) -> Need:
    name, icon = _named(slug)
    own = [each for each in there if each.slug == slug]
    return Need(
        slug=slug,
        name=name,
        icon=icon,
        usable=tuple(each for each in own if each.is_usable),
        to_mend=tuple(each for each in own if not each.is_usable),
    )


def _named(slug: str) -> tuple[str, str]:
    """The name and drawing of a connector, a partner's too."""
    manifest = connectors.manifests().get(slug)
    if manifest is None:
        try:
            manifest = listings.published(slug).manifest
        except NotFound:  # it still does what is connected of it
            return slug, "plug-connected"
    return manifest.name, manifest.icon


def offered(needs: Sequence[Need]) -> Offered:
    """The connections that may be chosen, by connector."""
    return {need.slug: frozenset(str(each.id) for each in need.usable) for need in needs}


def missing(needs: Sequence[Need]) -> tuple[Need, ...]:
    """What has no connection that can do the work now."""
    return tuple(need for need in needs if not need.usable)


def suggestions(recipe: Recipe, needs: Sequence[Need]) -> Mapping[str, str]:
    """What stands in the form before anybody typed: defaults, and the only connection there is."""
    by_slug = {need.slug: need for need in needs}
    said = {question.key: question.default for question in recipe.questions}
    for question in recipe.questions:
        usable = by_slug[str(question.connector)].usable if question.kind == "connection" else ()
        if len(usable) == 1:
            said[question.key] = str(usable[0].id)
    return said
