"""The gallery's shelf: ours by what they are for, and one's own; narrowed as somebody types."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from wedsync.workflows.building.picking.finding import score
from wedsync.workflows.ready_made import needs, recipe
from wedsync.workflows.ready_made.needs import Held, Need
from wedsync.workflows.ready_made.own import template_queries
from wedsync.workflows.ready_made.own.own_recipe import OwnRecipe
from wedsync.workflows.ready_made.recipe import GOALS, Recipe

LONGEST_QUERY = 100


@dataclass(frozen=True, slots=True)
class Card:
    """One that can be made, with what it needs connected. `is_ready`: all of that is there."""

    recipe: Recipe
    needs: tuple[Need, ...]

    @property
    def is_ready(self) -> bool:
        return not needs.missing(self.needs)

    @property
    def troubles(self) -> tuple[str, ...]:
        return self.recipe.troubles if isinstance(self.recipe, OwnRecipe) else ()

    @property
    def template_id(self) -> UUID | None:
        return self.recipe.template_id if isinstance(self.recipe, OwnRecipe) else None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What fits what is typed: one's `own`, then ours by goal, in words. `total` is everything."""

    query: str
    own: tuple[Card, ...]
    goals: tuple[tuple[str, tuple[Card, ...]], ...]
    total: int

    @property
    def found(self) -> int:
        return len(self.own) + sum(len(cards) for _, cards in self.goals)


def shelf(organization_id: UUID, typed: str = "") -> Shelf:
    """What can be made, the closest first where something is looked for."""
    query = typed.strip()[:LONGEST_QUERY]
    there = needs.held(organization_id)
    own = template_queries.every(organization_id)
    ours = tuple(recipe.recipes().values())
    fitting = _fitting([_card(each, there) for each in ours], query)
    return Shelf(
        query,
        tuple(_fitting([_card(each, there) for each in own], query)),
        tuple(_by_goal(fitting, query)),
        len(own) + len(ours),
    )


def _card(each: Recipe, there: Sequence[Held]) -> Card:
    return Card(each, needs.needs_of(each, there))


def _by_goal(cards: Sequence[Card], query: str) -> Iterator[tuple[str, tuple[Card, ...]]]:
    """The goals in their order; where something is looked for, that of the closest first."""
    order = list(dict.fromkeys(card.recipe.goal for card in cards)) if query else list(GOALS)
    for goal in order:
        if found := tuple(card for card in cards if card.recipe.goal == goal):
            yield GOALS[goal], found


def _fitting(cards: Sequence[Card], query: str) -> Sequence[Card]:
    if not query:
        return cards
    ranked = [(score(query, _texts(card)), card) for card in cards]
    return [card for rank, card in sorted(ranked, key=lambda each: -each[0]) if rank > 0]


def _texts(card: Card) -> tuple[str, ...]:
    """What a card is found by, its title before all."""
    names = " ".join(need.name for need in card.needs)
    return card.recipe.title, card.recipe.promise, f"{GOALS[card.recipe.goal]} {names}"
