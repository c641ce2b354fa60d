"""From a recipe and answers to a definition."""

from collections.abc import Mapping
from typing import Any

from wedsync.workflows.ready_made.recipe import Definition, Recipe
from wedsync.workflows.ready_made.slots import Answers


def fill(recipe: Recipe, values: Mapping[str, Any], *, business: str, zone: str) -> Definition:
    """The definition that does what the recipe promises, with these answers.

    `values` are answers as `answers.read` gives them; what is not answered yet reads “…”.
    `business` signs the letters, `zone` (IANA name) is where its days begin and end.
    """
    return recipe.definition(Answers({**values, "business": business}, zone))
