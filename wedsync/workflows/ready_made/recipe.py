"""A recipe: what one ready-made workflow promises, asks and does, read from its file."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wedsync.connectors.manifest import Category, Slug, Text, Words
from wedsync.errors import NotFound
from wedsync.workflows.engine.outline import steps_in_order
from wedsync.workflows.engine.steps.kind import mapping

RECIPES = Path(__file__).parent / "recipes"

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Kind = Literal["connection", "email", "date", "number", "text", "link", "choice"]

GOALS: Mapping[Category, str] = {
    "guests": "Know who comes",
    "dates": "Keep dates",
    "paid": "Get paid",
    "photos": "Deliver photos",
    "send": "Send things",
    "build": "Build your own",
}
"""What a vendor wants done, in the order of the gallery."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Part):
    """One answer that may be chosen."""

    value: Key
    title: Words


class Question(_Part):
    """One thing the vendor is asked. `connector`: whose connections; `least`, `most`: a number's
    bounds; `missing`: the sentence when it is not answered."""

    key: Key
    kind: Kind
    title: Words
    missing: Words
    help: Text = ""
    connector: Slug | None = None
    choices: tuple[Choice, ...] = ()
    default: str = ""
    least: int = 1
    most: int = 10_000

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "connection") != (self.connector is not None):
            raise ValueError(f"{self.key}: a connection names its connector, nothing else does")
        if (self.kind == "choice") != (len(self.choices) > 1):
            raise ValueError(f"{self.key}: a choice has two answers or more, nothing else does")
        return self


class Recipe(_Part):
    """The whole of one. `trying` says how to see it happen once."""

    key: Slug
    goal: Category
    title: Words
    promise: Words
    icon: Slug
    trying: Words
    questions: Annotated[tuple[Question, ...], Field(min_length=2, max_length=4)]
    trigger: dict[str, Any]
    steps: Annotated[list[dict[str, Any]], Field(min_length=1)]

    @property
    def connectors(self) -> tuple[str, ...]:
        """The connectors it needs, in the order they are asked for."""
        asked = (question.connector for question in self.questions)
        return tuple(dict.fromkeys(slug for slug in asked if slug))

    @property
    def begins_at(self) -> str:
        """The connector whose event starts it."""
        whose = str(self.trigger["source"]).removeprefix("connection:").strip("{}")
        return next(str(each.connector) for each in self.questions if each.key == whose)


@cache
def recipes() -> Mapping[str, Recipe]:
    """Every recipe by key, in the order of their goals."""
    found = [_read(path) for path in sorted(RECIPES.glob("*.toml"))]
    found.sort(key=lambda recipe: list(GOALS).index(recipe.goal))
    return {recipe.key: recipe for recipe in found}


def _read(path: Path) -> Recipe:
    return Recipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def find(key: str) -> Recipe:
    """The recipe of this key. Raises NotFound."""
    recipe = recipes().get(key)
    if recipe is None:
        raise NotFound("There is no ready-made workflow of this name.")
    return recipe


def by_goal() -> Iterator[tuple[str, tuple[Recipe, ...]]]:
    """The goals that have recipes, in words, each with its own."""
    for goal, words in GOALS.items():
        if own := tuple(recipe for recipe in recipes().values() if recipe.goal == goal):
            yield words, own


def recipe_of(definition: Any) -> Recipe | None:
    """The recipe a definition was made from, while its steps are still those of the recipe."""
    named = frozenset(str(each.step.get("id")) for each in steps_in_order(definition))
    for recipe in recipes().values():
        if named and named <= _step_ids(recipe.key) and _starts_alike(recipe, definition):
            return recipe
    return None


def _starts_alike(recipe: Recipe, definition: Any) -> bool:
    trigger = mapping(mapping(definition).get("trigger"))
    event_type = str(trigger.get("event_type"))
    return event_type.startswith(str(recipe.trigger["event_type"]).partition("{")[0])


@cache
def _step_ids(key: str) -> frozenset[str]:
    written = {"format": 1, "steps": recipes()[key].steps}
    return frozenset(str(each.step.get("id")) for each in steps_in_order(written))
