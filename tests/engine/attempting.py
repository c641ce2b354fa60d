"""A step that is under way, and what came of its attempt."""

from typing import Any

from tests.engine.building import Journal, act, var, workflow
from wedsync.workflows.engine import compile_definition

AFTER = {"id": "after", "kind": "set", "values": {"told": var("steps.tell")}}
REPEATED = "repeated"
LOOKED_UP = "looked up"
ASKED = "asked"
SKIPPED = "skipped"
FAILED = "failed"


def under_way(**fields: Any) -> Journal:
    journal = Journal(compile_definition(workflow(act(**fields), AFTER)))
    journal.tell("start")
    return journal


def came_of(journal: Journal) -> str:
    if journal.waiting() or journal.performing():
        return LOOKED_UP if the_position(journal)["plan"] else REPEATED
    if journal.asked():
        return ASKED
    finish = journal.ended()
    assert finish is not None
    return FAILED if finish.outcome == "failed" else SKIPPED


def the_position(journal: Journal) -> dict[str, Any]:
    (position,) = journal.state["positions"]
    return dict(position)
