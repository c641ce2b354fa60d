"""How often the builder asks the database: as often for a long workflow as for a short one."""

from collections.abc import Mapping
from typing import Any

import pytest
from apiflask import APIFlask

from tests.engine.building import act, choose, note, workflow
from tests.personas import Persona
from tests.statements import statements_asked
from tests.workflows.views.building import Builder, builder_of

MOST = 18
OPEN = {"step": "tell"}
BRANCH = {"step": "which", "field": "branches.0.when"}
GESTURES: tuple[tuple[str, Mapping[str, str], Mapping[str, str]], ...] = (
    ("add", {"pick": "step", "after": "tell"}, {"key": "step:stop", "after": "tell"}),
    ("remove", OPEN, OPEN),
    ("move", OPEN, {**OPEN, "way": "up"}),
    ("duplicate", OPEN, OPEN),
    ("turn-off", OPEN, OPEN),
    ("fields", OPEN, {**OPEN, "label": "Tell the chef"}),
    ("add-branch", BRANCH, {"step": "which"}),
    ("add-row", BRANCH, BRANCH),
    ("copy", OPEN, OPEN),
    ("cut", OPEN, OPEN),
)


def of(steps: int) -> Any:
    """So many steps, and those that are pressed upon."""
    when = {"==": [{"var": "trigger.data.count"}, 1]}
    filling = [note(f"n{number}", value=number) for number in range(steps)]
    return workflow(
        note("shape", guest=1), *filling, choose("which", ("Yes", when, [])), act("tell")
    )


def asked_by(
    app: APIFlask, builder: Builder, gesture: str, where: Mapping[str, str], fields: Any
) -> int:
    seen = builder.seen(where.get("step")) if "step" in where else ""
    held = "bar none"
    with statements_asked(app) as asked:
        answer = builder.press(
            gesture, where, fragment=True, held=held, **({"seen": seen} if seen else {}), **fields
        )
    assert answer.status_code == 200, gesture
    return len(asked)


@pytest.mark.parametrize(("gesture", "where", "fields"), GESTURES, ids=lambda each: str(each)[:12])
def test_a_gesture_asks_as_often_however_long_the_workflow_is(
    app: APIFlask, owner: Persona, gesture: str, where: Mapping[str, str], fields: Any
) -> None:
    few, many = (builder_of(app, owner, of(steps)) for steps in (1, 120))
    asked_by(app, few, "copy", OPEN, OPEN)
    counts = [asked_by(app, each, gesture, where, fields) for each in (few, many)]
    assert counts[0] == counts[1] <= MOST


@pytest.mark.parametrize("gesture", ["undo", "redo"])
def test_going_back_and_forth_asks_as_often_too(
    app: APIFlask, owner: Persona, gesture: str
) -> None:
    counts = []
    for steps in (1, 120):
        builder = builder_of(app, owner, of(steps))
        builder.press("turn-off", step="tell")
        if gesture == "redo":
            builder.press("undo")
        counts.append(asked_by(app, builder, gesture, {}, {}))
    assert counts[0] == counts[1] <= MOST


def test_what_is_typed_into_a_row_of_no_money_needs_no_example(
    app: APIFlask, owner: Persona
) -> None:
    when = {"text.is": [{"var": "wedding.status"}, "booked"]}
    builder = builder_of(app, owner, workflow(choose("which", ("Yes", when, []))))
    row = {**BRANCH, "place": "0", "others__0": "asked"}
    seen = builder.seen("which")
    with statements_asked(app) as asked:
        answer = builder.press(
            "change-row", BRANCH, fragment=True, held="bar none", seen=seen, **row
        )
    assert answer.status_code == 200
    assert sum("FROM tried_outputs" in each for each in asked) == 1  # of the page, which shows it
