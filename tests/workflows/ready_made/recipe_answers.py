"""Answers that would do, and events that take the other way, for every ready-made workflow."""

from collections.abc import Mapping
from typing import Any

from wedsync.workflows.ready_made.recipe import Recipe

TYPED = {
    "email": "kitchen@olive.example",
    "date": "2099-06-01",
    "number": "60",
    "text": "5 June, 19 June and any Thursday in July",
    "link": "https://rosewood.example/brochure.pdf",
}


def answers_for(recipe: Recipe, connections: Mapping[str, Any]) -> dict[str, str]:
    """An answer to every question; `connections` are ids by connector."""
    return {
        question.key: question.default
        or TYPED.get(question.kind)
        or str(connections[str(question.connector)])
        for question in recipe.questions
    }
