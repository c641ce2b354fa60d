"""The pages of workflows: the list, and each workflow read from top to bottom."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.scene import call, make_hook, make_workflow, note, on_event, on_hook, tell
from wedsync.platform.db import db
from wedsync.workflows.editing import drafts, service
from wedsync.workflows.queries import get_workflow

MANUAL = {"kind": "manual"}


@pytest.fixture
def edited(app: APIFlask, owner: Persona) -> Iterator[Any]:
    """Change the draft of a workflow: `edited(workflow_id, step, …)` puts these steps into it."""

    def edit(workflow_id: UUID, *steps: Any) -> None:
        with app.app_context():
            workflow = get_workflow(owner.organization_id, workflow_id)
            drafts.replace(
                owner.organization_id,
                workflow_id,
                {**workflow.draft, "steps": list(steps)},
                expected_revision=workflow.draft_revision,
            )
            db.session.commit()

    return edit


def page(persona: Persona, workflow_id: UUID, query: str = "") -> str:
    answer = persona.browser.get(f"/workflows/{workflow_id}{query}")
    assert answer.status_code == 200
    return words_of(answer)


def state_of(app: APIFlask, persona: Persona, workflow_id: UUID) -> str:
    with app.app_context():
        return get_workflow(persona.organization_id, workflow_id).state


def test_a_step_that_is_off_says_so_and_is_left_out_of_the_paragraph(
    app: APIFlask, owner: Persona, edited: Any
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, MANUAL, note("seats", seats=2))
    passed_over = {**tell("add", "seating.guest_added"), "label": "Tell them", "off": True}
    inside = {**note("extra", extra=1), "off": True, "note": "Only in summer"}
    choice = {"id": "which", "kind": "choose", "branches": [], "otherwise": [inside]}
    edited(workflow_id, note("seats", seats=2), passed_over, choice)
    said = page(owner, workflow_id)
    assert "When somebody starts it: note seats, then otherwise nothing." in said
    assert "Tell them Off Tell the tools that listen: Seating guest added" in said
    assert "Note extra Off" in said
    assert "Only in summer" in said
    drawn = owner.browser.get(f"/workflows/{workflow_id}").text
    assert '<li class="ws-step is-off" id="step-add">' in drawn


def test_a_workflow_is_told_in_a_paragraph_and_step_by_step(app: APIFlask, owner: Persona) -> None:
    hook = make_hook(app, owner.organization_id)
    said_yes = {"==": [{"var": "trigger.data.status"}, "accepted"]}
    workflow_id = make_workflow(
        app,
        owner.organization_id,
        on_hook(hook),
        {
            "id": "coming",
            "kind": "choose",
            "label": "Is the guest coming?",
            "branches": [
                {"label": "Yes", "when": said_yes, "steps": [tell("add", "seating.guest_added")]}
            ],
            "otherwise": [],
        },
    )
    said = page(owner, workflow_id)
    assert "When a webhook arrives at Petal's orders: if status is accepted, tell" in said
    assert "Is the guest coming? Take the first that fits" in said
    assert "Yes when status is accepted Do Tell the tools that listen: Seating guest added" in said
    assert "Otherwise always here, so nobody falls through Nothing happens here." in said


def test_the_list_says_how_each_stands(app: APIFlask, owner: Persona) -> None:
    make_workflow(app, owner.organization_id, MANUAL, note("hello", words="hi"))
    with app.app_context():
        service.create(owner.organization_id, "Only an idea", {"format": 1})
        db.session.commit()
    said = words_of(owner.browser.get("/workflows"))
    assert "One is on." in said
    assert "Only an idea Not published yet Draft" in said
    assert "Seat the guests Version 1, has not happened yet On Pause" in said


def test_a_workflow_is_paused_and_resumed_by_plain_forms(app: APIFlask, editor: Persona) -> None:
    workflow_id = make_workflow(app, editor.organization_id, MANUAL, note("hello", words="hi"))
    paused = editor.browser.post(f"/workflows/{workflow_id}/pause", follow_redirects=True)
    assert "“Seat the guests” is paused. What comes in waits." in words_of(paused)
    assert state_of(app, editor, workflow_id) == "paused"
    resumed = editor.browser.post(f"/workflows/{workflow_id}/resume", follow_redirects=True)
    assert "is on. What waited goes on now." in words_of(resumed)
    assert state_of(app, editor, workflow_id) == "on"


def test_turning_off_starts_nothing_more(app: APIFlask, editor: Persona) -> None:
    workflow_id = make_workflow(app, editor.organization_id, MANUAL, note("hello", words="hi"))
    editor.browser.post(f"/workflows/{workflow_id}/off")
    said = page(editor, workflow_id)
    assert "It is off: nothing starts." in said
    refused = editor.browser.post(f"/workflows/{workflow_id}/run", follow_redirects=True)
    assert "This workflow is off. Switch it on first." in words_of(refused)


def test_a_workflow_without_a_trigger_from_outside_is_run_now_and_followed(
    app: APIFlask, editor: Persona
) -> None:
    workflow_id = make_workflow(app, editor.organization_id, MANUAL, note("hello", words="hi"))
    assert "Run it now" in page(editor, workflow_id)
    answer = editor.browser.post(f"/workflows/{workflow_id}/run", follow_redirects=True)
    assert answer.request.path.startswith("/runs/")
    assert "Started by hand" in words_of(answer)


def test_a_workflow_that_waits_for_an_event_is_not_run_by_hand_from_its_page(
    app: APIFlask, editor: Persona
) -> None:
    workflow_id = make_workflow(
        app, editor.organization_id, on_event("flowers.chosen"), note("hello", words="hi")
    )
    assert "Run it now" not in page(editor, workflow_id)


def test_a_draft_that_differs_is_published_from_its_page(
    app: APIFlask, owner: Persona, edited: Any
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, MANUAL, note("hello", words="hi"))
    assert "Publish" not in page(owner, workflow_id)
    edited(workflow_id, note("goodbye", words="bye"), tell("tell", "goodbye.said"))
    assert "The draft Version 1, live" in page(owner, workflow_id)
    assert "Goodbye said" not in page(owner, workflow_id, "?show=live")
    answer = owner.browser.post(
        f"/workflows/{workflow_id}/publish", data={"revision": 2}, follow_redirects=True
    )
    assert "Published. Version 2 is live." in words_of(answer)


def test_a_draft_with_something_to_mend_says_what_and_cannot_be_published(
    app: APIFlask, owner: Persona, edited: Any
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, MANUAL, note("hello", words="hi"))
    unfinished = call("ask", "https://kitchen.example/")
    del unfinished["input"]["url"]
    edited(workflow_id, note("hello", words="hi"), unfinished)
    said = page(owner, workflow_id)
    assert "Step 2: “Address” is missing." in said
    answer = owner.browser.post(
        f"/workflows/{workflow_id}/publish", data={"revision": 2}, follow_redirects=True
    )
    assert "This workflow cannot be published yet." in words_of(answer)


def test_publishing_a_draft_somebody_changed_meanwhile_asks_to_look_again(
    app: APIFlask, owner: Persona, edited: Any
) -> None:
    workflow_id = make_workflow(app, owner.organization_id, MANUAL, note("hello", words="hi"))
    edited(workflow_id, note("goodbye", words="bye"))
    edited(workflow_id, note("welcome", words="hello again"))
    answer = owner.browser.post(
        f"/workflows/{workflow_id}/publish", data={"revision": 2}, follow_redirects=True
    )
    assert "Somebody changed this workflow since you read it." in words_of(answer)


def test_a_viewer_reads_a_workflow_and_changes_nothing(app: APIFlask, viewer: Persona) -> None:
    workflow_id = make_workflow(app, viewer.organization_id, MANUAL, note("hello", words="hi"))
    said = page(viewer, workflow_id)
    assert "Note words" in said
    for button in ("Pause", "Turn off", "Run it now", "Publish"):
        assert button not in said
    assert viewer.browser.post(f"/workflows/{workflow_id}/pause").status_code == 403


@pytest.mark.parametrize(
    "draft",
    [None, 7, [], {}, {"steps": [1, None, {"kind": "dance"}]}, {"trigger": 3, "steps": {"a": 1}}],
)
def test_any_draft_can_be_looked_at(app: APIFlask, owner: Persona, draft: Any) -> None:
    with app.app_context():
        workflow_id = service.create(owner.organization_id, "Odd", draft).workflow.id
        db.session.commit()
    assert "This is a draft." in page(owner, workflow_id)


def test_the_first_workflow_is_invited(owner: Persona) -> None:
    assert "What should happen by itself?" in words_of(owner.browser.get("/workflows"))
