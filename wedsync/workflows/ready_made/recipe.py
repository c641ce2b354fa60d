"""A recipe: what a ready-made workflow promises, asks and does. Ours are read from their files,
an organization's own are in `own`."""

import tomllib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from wedsync.connectors.manifest import Category, Slug, Text, Words
from wedsync.errors import NotFound
from wedsync.workflows.engine import FORMAT
from wedsync.workflows.engine.outline import steps_in_order
from wedsync.workflows.engine.steps.kind import mapping
from wedsync.workflows.ready_made.slots import Answers, filled

RECIPES = Path(__file__).parent / "recipes"

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Kind = Literal[
    "connection",
    "hook",
    "person",  # of the team, or a role
    "email",
    "date",
    "number",
    "text",
    "link",
    "choice",
    "listed",  # of a list at an account, such as a calendar
    "duration",  # `3 days`, in seconds
    "day_offset",  # `14 days before`, in days
]
Definition = dict[str, Any]
MOST_QUESTIONS = 4

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
    """One thing the vendor is asked. `connector`: whose connections; `listed`: which list of it, of
    `whole` numbers or texts; `least`, `most`: a number's bounds; `missing`: the sentence when it is
    not answered."""

    key: Key
    kind: Kind
    title: Words
    missing: Words
    help: Text = ""
    connector: Slug | None = None
    listed: str = ""
    whole: bool = False
    choices: tuple[Choice, ...] = ()
    default: str = ""
    least: int = 1
    most: int = 10_000

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind in ("connection", "listed")) != (self.connector is not None):
            raise ValueError(f"{self.key}: a connection names its connector, nothing else does")
        if (self.kind == "listed") != bool(self.listed):
            raise ValueError(f"{self.key}: what is chosen from a list names the list")
        if (self.kind == "choice") != (len(self.choices) > 1):
            raise ValueError(f"{self.key}: a choice has two answers or more, nothing else does")
        return self


class Recipe(_Part, ABC):
    """The whole of one, whoever wrote it."""

    key: str
    goal: Category
    title: Words
    promise: Words
    icon: Slug
    questions: tuple[Question, ...]

    @property
    def connectors(self) -> tuple[str, ...]:
        """The connectors it needs, in the order they are asked for."""
        asked = (each.connector for each in self.questions if each.kind == "connection")
        return tuple(dict.fromkeys(slug for slug in asked if slug))

    @property
    @abstractmethod
    def begins_at(self) -> str | None:
        """The connector whose event starts it; None where it is started otherwise."""

    @property
    @abstractmethod
    def event_type(self) -> str:
        """What starts it; empty where no event does."""

    @abstractmethod
    def definition(self, answers: Answers) -> Definition:
        """What it does with these answers; with some of them missing it is unfinished."""


class FileRecipe(Recipe):
    """One of ours. `trying` says how to see it happen once."""

    key: Slug
    trying: Words
    questions: Annotated[tuple[Question, ...], Field(min_length=2, max_length=MOST_QUESTIONS)]
    trigger: dict[str, Any]
    steps: Annotated[list[dict[str, Any]], Field(min_length=1)]

    @property
    def begins_at(self) -> str:
        whose = str(self.trigger["source"]).removeprefix("connection:").strip("{}")
        return next(str(each.connector) for each in self.questions if each.key == whose)

    @property
    def event_type(self) -> str:
        return str(self.trigger["event_type"])

    def definition(self, answers: Answers) -> Definition:
        return {
            "format": FORMAT,
            "trigger": filled(self.trigger, answers),
            "steps": filled(self.steps, answers),
        }


@cache
def recipes() -> Mapping[str, FileRecipe]:
    """Every recipe by key, in the order of their goals."""
    found = [_read(path) for path in sorted(RECIPES.glob("*.toml"))]
    found.sort(key=lambda recipe: list(GOALS).index(recipe.goal))
    return {recipe.key: recipe for recipe in found}


def _read(path: Path) -> FileRecipe:
    return FileRecipe.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def find(key: str) -> FileRecipe:
    """The recipe of this key. Raises NotFound."""
    recipe = recipes().get(key)
    if recipe is None:
        raise NotFound("There is no ready-made workflow of this name.")
    return recipe


def by_goal() -> Iterator[tuple[str, tuple[FileRecipe, ...]]]:
    """The goals that have recipes, in words, each with its own."""
    for goal, words in GOALS.items():
        if own := tuple(recipe for recipe in recipes().values() if recipe.goal == goal):
            yield words, own


def recipe_of(definition: Any) -> FileRecipe | None:
    """The recipe a definition was made from, while its steps are still those of the recipe."""
    named = frozenset(str(each.step.get("id")) for each in steps_in_order(definition))
    for recipe in recipes().values():
        if named and named <= _step_ids(recipe.key) and _starts_alike(recipe, definition):
            return recipe
    return None


def _starts_alike(recipe: FileRecipe, definition: Any) -> bool:
    trigger = mapping(mapping(definition).get("trigger"))
    event_type = str(trigger.get("event_type"))
    return event_type.startswith(str(recipe.trigger["event_type"]).partition("{")[0])


@cache
def _step_ids(key: str) -> frozenset[str]:
    written = {"format": 1, "steps": recipes()[key].steps}
    return frozenset(str(each.step.get("id")) for each in steps_in_order(written))
