"""The problems of a draft, as its page lists them."""

from typing import Any

from apiflask import APIFlask

from wedsync.workflows.engine import Problem
from wedsync.workflows.words.step_lines import lines_of
from wedsync.workflows.words.workflow_words import troubles

STEPS: list[dict[str, Any]] = [
    {"id": "only", "kind": "filter", "when": True},
    {"id": "ok", "kind": "approval", "ask": "", "who": {"role": "owner"}},
]
DEFINITION = {"format": 1, "trigger": {"kind": "manual"}, "steps": STEPS}


def wrong(step: str | None, field: str = "") -> Problem:
    return Problem(step, field, "This is wrong.", "Mend it.")


def test_problems_stand_in_the_order_of_the_steps_and_name_the_part(app: APIFlask) -> None:
    problems = [wrong("ok", "ask"), wrong("only", "when.0"), wrong("ok", "use"), wrong(None)]
    with app.app_context():
        found = troubles(problems, lines_of(DEFINITION), DEFINITION)
    assert [each.place for each in found] == [
        "The start",
        "Step 1, the condition",
        "Step 2, the question",
        "Step 2",
    ]
