"""What the builder's page shows in its states, and the ways that lead to it."""

from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.engine.building import act, choose, note, workflow
from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder

DRAFT = workflow(
    note("shape", guest=1),
    choose("which", ("Yes", {"==": [{"var": "trigger.data.count"}, 1]}, [act("first")])),
)


@pytest.fixture
def builder(app: APIFlask, owner: Persona) -> Builder:
    made = make_workflow(app, owner.organization_id, DRAFT, publish=False)
    return Builder(app, owner, made)


def test_the_list_and_the_page_of_a_workflow_lead_to_it(builder: Builder) -> None:
    browser = builder.persona.browser
    assert 'href="/workflows/new"' in browser.get("/workflows").text
    assert "Start from nothing" in words_of(browser.get("/workflows/new"))
    assert f'href="{builder.address}"' in browser.get(f"/workflows/{builder.workflow_id}").text


def test_who_only_looks_on_reads_it_and_is_offered_nothing(
    builder: Builder, viewer: Persona
) -> None:
    onlooker = Builder(builder.app, viewer, builder.workflow_id)
    page = onlooker.look(step="shape")
    assert page.status_code == 200
    assert "Note guest" in words_of(page)
    assert f"{builder.address}/" not in page.text
    assert 'href="/workflows/new"' not in viewer.browser.get("/workflows").text
    assert builder.address not in viewer.browser.get(f"/workflows/{builder.workflow_id}").text


def test_the_picker_of_steps_says_where_it_adds_and_finds_what_is_meant(builder: Builder) -> None:
    after = builder.look(pick="step", list="steps", after="shape", q="pause")
    assert "After “Note guest”" in words_of(after)
    assert "Wait for some time" in words_of(after)
    inside = builder.look(pick="step", owner="which", list="branches.0.steps", on="Yes")
    assert "As the first step of “Yes”" in words_of(inside)
    assert "As the first step" in words_of(builder.look(pick="step", list="steps"))
    gone = builder.look(pick="step", owner="gone", list="steps")
    assert (gone.status_code, "At the end" in words_of(gone)) == (200, True)


def test_before_anything_starts_it_its_panel_asks_what_should(
    app: APIFlask, owner: Persona
) -> None:
    made = make_workflow(app, owner.organization_id, {"format": 1, "steps": []}, publish=False)
    page = Builder(app, owner, made).look(step="-start")
    assert "What should start it?" in words_of(page)


def test_a_branch_opens_with_its_condition_and_its_verdict(builder: Builder) -> None:
    said = words_of(builder.look(step="which", field="branches.0.when", sample="example"))
    assert "Take this branch when" in said
    assert "this branch is" in said


def test_the_data_picker_shows_values_and_narrows_them(builder: Builder) -> None:
    builder.press("set-trigger", key="ours:wedding.created")
    state = {"step": "shape", "field": "values.0.value", "pick": "field", "sample": "example"}
    assert builder.look(**state).status_code == 200
    rows = {"step": "which", "field": "branches.0.when", "pick": "subject:0", "sample": "example"}
    every, venue = builder.look(**rows), builder.look(**rows, q="venue")
    assert "Wedding date" in words_of(every)
    assert 'value="Venue"' in venue.text
    assert 'value="Wedding date"' not in venue.text


def test_forms_come_back_to_what_was_open(builder: Builder) -> None:
    page = builder.look(step="shape", sample="example")
    assert f'action="{builder.address}/fields?step=shape&amp;sample=example"' in page.text


def test_a_published_workflow_is_edited_without_touching_what_is_live(
    app: APIFlask, owner: Persona
) -> None:
    made: UUID = make_workflow(app, owner.organization_id, DRAFT)
    builder = Builder(app, owner, made)
    builder.press("remove", step="shape")
    said = words_of(builder.look())
    assert "version 1 is live" in said.lower()
    assert "Undo: removed “Note guest”" in said
    changes = words_of(owner.browser.get(f"/workflows/{made}/changes"))
    assert "Note guest" in changes


def test_before_the_first_publishing_the_workflow_is_read_in_words(builder: Builder) -> None:
    page = builder.persona.browser.get(f"/workflows/{builder.workflow_id}/changes")
    assert "When somebody starts it: note guest, then" in words_of(page)
