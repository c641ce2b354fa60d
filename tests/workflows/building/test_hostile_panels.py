"""Whatever a draft holds has a panel; posted as it was shown, it changes nothing."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from apiflask import APIFlask
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.workflows.building.panels import (
    KNOWN,
    NOBODY,
    draft,
    fields_of,
    panel,
    posted,
)
from tests.workflows.building.test_slots import FILLED, STARTS, hostile
from wedsync.errors import Invalid
from wedsync.workflows.building.panel.field_writing import write
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing.draft_operations import Change, apply
from wedsync.workflows.engine.shape import refusal


@pytest.fixture(autouse=True)
def _inside(app: APIFlask) -> Iterator[None]:
    with app.app_context():
        yield


def _tried(definition: Any, step: str | None) -> list[Change]:
    assume(refusal(definition) is None)
    fields = {each.name: each for each in fields_of(NOBODY, definition, step, KNOWN)}
    assert write(NOBODY, definition, step, posted(fields), KNOWN) == []
    form = dict.fromkeys(fields, "[Guest’s name]")
    form |= {f"{name}.0.name": "a" for name in fields}
    changes = []
    for name in form:
        with suppress(Invalid):
            changes += write(NOBODY, definition, step, {name: form[name]}, KNOWN)
    return changes


@settings(max_examples=40, deadline=None)
@given(hostile)
@example({"kind": "wait", "event": []})
def test_whatever_a_step_holds_its_panel_is_shown_and_can_be_written(written_: Any) -> None:
    definition = {"steps": [{**written_, "id": "s0"}]}
    for change in _tried(definition, "s0"):
        apply(definition, [change])


@settings(max_examples=40, deadline=None)
@given(hostile | st.integers() | st.none() | st.lists(st.text(max_size=3)))
def test_whatever_a_trigger_holds_its_panel_is_shown_and_can_be_written(trigger: Any) -> None:
    definition = {"trigger": trigger, "steps": []}
    for change in _tried(definition, None):
        apply(definition, [change])


@pytest.mark.parametrize("definition", [None, [], 7, "x", {}, {"steps": 3}, {"trigger": []}])
def test_what_is_no_workflow_has_no_panel(definition: Any) -> None:
    assert fields_of(NOBODY, definition, "s0") == ()
    assert fields_of(NOBODY, definition, None) == ()


@pytest.mark.parametrize("step", [*FILLED, *({"kind": "action", "use": use} for use in entries())])
def test_a_whole_panel_posted_as_it_was_shown_changes_nothing(step: dict[str, Any]) -> None:
    definition = draft(step)
    assert write(NOBODY, definition, "s0", posted(panel(definition)), KNOWN) == []


@pytest.mark.parametrize("trigger", STARTS)
def test_a_whole_trigger_posted_as_it_was_shown_changes_nothing(trigger: dict[str, Any]) -> None:
    definition = draft(trigger=trigger)
    assert write(NOBODY, definition, None, posted(panel(definition, None)), KNOWN) == []
