"""The pages of drafts and versions: what changed, what was done, going back, limits, files."""

import json
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.definitions import GREET, TELL, make_run, make_workflow, manual
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.editing import drafts
from wedsync.workflows.editing.draft_operations import Operation, Remove, Replace

STOP = {"id": "end", "kind": "stop", "outcome": "done"}


def does(app: APIFlask, organization: UUID, workflow_id: UUID, *operations: Operation) -> None:
    with app.app_context():
        revision = queries.get_workflow(organization, workflow_id).draft_revision
        drafts.edit(organization, workflow_id, operations, expected_revision=revision)
        db.session.commit()


def page(persona: Persona, path: str, status: int = 200) -> str:
    answer = persona.browser.get(path)
    assert answer.status_code == status
    return words_of(answer)


def posted(persona: Persona, path: str, **fields: Any) -> str:
    return words_of(persona.browser.post(path, data=fields, follow_redirects=True))


@pytest.fixture
def workflow(app: APIFlask, organization: UUID) -> UUID:
    return make_workflow(app, organization)


@pytest.fixture
def changed(app: APIFlask, organization: UUID, workflow: UUID) -> str:
    """The path of a workflow whose draft lacks a step that is live."""
    does(app, organization, workflow, Remove("tell"))
    return f"/workflows/{workflow}"


def test_what_publishing_would_change_is_told_and_published_from_there(
    app: APIFlask, editor: Persona, organization: UUID, workflow: UUID, changed: str
) -> None:
    make_run(app, organization, workflow, "waiting")
    said = page(editor, f"{changed}/changes")
    assert "Removed “Tell the tools that listen: Seating guest added” was removed." in said
    assert "1 run is under way. What has begun goes on as it began" in said
    done = posted(editor, f"{changed}/publish", revision=2, note="Tell nobody any more")
    assert "Published. Version 2 is live." in done
    assert "Tell nobody any more" in page(editor, f"{changed}/versions")


def test_a_draft_is_undone_and_done_again_by_plain_forms(editor: Persona, changed: str) -> None:
    assert "Undo: removed “Tell the tools that listen" in page(editor, changed)
    undone = posted(editor, f"{changed}/undo", revision=2)
    assert "Undone." in undone
    assert "Redo: removed “Tell the tools that listen" in undone
    again = posted(editor, f"{changed}/redo", back="history")
    assert "Done again." in again
    assert "Everything that was done to the draft" in again


def test_the_history_says_what_was_done_and_what_was_undone(editor: Persona, changed: str) -> None:
    posted(editor, f"{changed}/undo")
    said = page(editor, f"{changed}/history")
    assert "Removed “Tell the tools that listen: Seating guest added”" in said
    assert "a script Undone" in said


def test_a_draft_is_discarded(editor: Persona, changed: str) -> None:
    assert "The draft says what is live." in posted(editor, f"{changed}/discard", revision=2)
    assert "There is nothing to publish." in page(editor, f"{changed}/changes")


def test_undoing_what_somebody_else_changed_meanwhile_asks_to_look_again(
    editor: Persona, changed: str
) -> None:
    assert "Somebody changed this workflow" in posted(editor, f"{changed}/undo", revision=1)


def test_the_versions_say_what_each_changed_and_how_often_it_ran(
    app: APIFlask, owner: Persona, organization: UUID, workflow: UUID, changed: str
) -> None:
    make_run(app, organization, workflow, "waiting")
    owner.browser.post(f"{changed}/publish", data={"revision": 2})
    said = page(owner, f"{changed}/versions")
    assert "Version 2 today" in said
    assert "Imogen, did not run “Tell the tools that listen: Seating guest added” was" in said
    assert "ran once, 1 run still under way" in said


def test_a_version_reads_from_top_to_bottom_beside_any_other(
    app: APIFlask, owner: Persona, organization: UUID, workflow: UUID, changed: str
) -> None:
    for revision, definition in ((2, manual(GREET)), (3, manual(GREET, STOP))):
        owner.browser.post(f"{changed}/publish", data={"revision": revision})
        does(app, organization, workflow, Replace(definition))
    said = page(owner, f"{changed}/versions/2")
    assert "Published today" in said
    assert "What is different beside version 1 Removed" in said
    other = page(owner, f"{changed}/versions/1?with=2")
    assert "beside version 2 Added “Tell the tools that listen" in other
    assert page(owner, f"{changed}/versions/1").count("It was the first.") == 1
    page(owner, f"{changed}/versions/9", 404)
    page(owner, f"{changed}/versions/1?with=9", 404)


def test_a_long_text_that_changed_is_shown_word_by_word(
    app: APIFlask, owner: Persona, organization: UUID
) -> None:
    def saying(text: str) -> Any:
        return manual({**GREET, "note": text})

    workflow = make_workflow(app, organization, saying("Greet whoever comes in kindly"))
    does(app, organization, workflow, Replace(saying("Greet whoever calls in very kindly")))
    shown = owner.browser.get(f"/workflows/{workflow}/changes").text
    assert "<del>comes</del><ins>calls</ins>" in shown.replace(" <ins>", "<ins>")


def test_going_back_is_asked_first_and_then_done(
    app: APIFlask, owner: Persona, organization: UUID, workflow: UUID, changed: str
) -> None:
    owner.browser.post(f"{changed}/publish", data={"revision": 2})
    asked = page(owner, f"{changed}/versions/1/restore")
    assert "Go back to version 1?" in asked
    assert "Added “Tell the tools that listen: Seating guest added” was added." in asked
    done = posted(owner, f"{changed}/versions/1/restore")
    assert "Version 3 is live. It says what version 1 said." in done


def test_going_back_to_what_cannot_run_any_more_is_refused(owner: Persona) -> None:
    hook = owner.api.post("/hooks", json={"name": "h", "scheme": "standard_webhooks"}).json
    definition = manual() | {"trigger": {"kind": "webhook", "hook": hook["id"]}}
    made = owner.api.post("/workflows", json={"name": "x", "definition": definition}).json
    path = f"/workflows/{made['id']}"
    owner.api.post(f"{path}/publish")
    owner.api.delete(f"/hooks/{hook['id']}")
    assert "Something it uses is gone There is no such hook." in page(owner, path)
    owner.api.put(f"{path}/draft", json={"definition": manual()}, headers={"If-Match": "*"})
    owner.api.post(f"{path}/publish")
    assert "cannot be published yet" in posted(owner, f"{path}/versions/1/restore")


# --- its name and its limits


def test_limits_are_set_in_plain_words(editor: Persona, workflow: UUID) -> None:
    path = f"/workflows/{workflow}"
    kept = posted(editor, f"{path}/settings", name="Seats", at_once=5, per_hour=60)
    assert "At most 5 at the same time and at most 60 an hour. What is above waits." in kept
    read = editor.browser.get(f"{path}/settings").text
    assert 'value="5"' in read
    cleared = posted(editor, f"{path}/settings", name="Seats", at_once="", per_hour="")
    assert "At most" not in cleared


@pytest.mark.parametrize("number", ["0", "-1", "1001", "many", "1" * 30])
def test_a_limit_that_is_none_is_refused(editor: Persona, workflow: UUID, number: str) -> None:
    path = f"/workflows/{workflow}/settings"
    answer = editor.browser.post(path, data={"name": "Seats", "at_once": number})
    assert answer.status_code == 422


def test_limits_are_set_by_the_api(owner: Persona, workflow: UUID) -> None:
    path = f"/workflows/{workflow}"
    limited = owner.api.patch(path, json={"at_once": 3}).json
    assert (limited["name"], limited["at_once"], limited["per_hour"]) == (
        "Tell the seating planner",
        3,
        None,
    )
    assert owner.api.patch(path, json={"at_once": None, "per_hour": 9}).json["at_once"] is None
    assert owner.api.patch(path, json={"per_hour": 0}).status_code == 422
    assert owner.api.patch(path, json={"per_hour": True}).status_code == 422


# --- from here to elsewhere


def test_a_workflow_is_kept_as_a_file_and_made_of_it_again(editor: Persona, workflow: UUID) -> None:
    kept = editor.browser.get(f"/workflows/{workflow}/export")
    name = "tell_the_seating_planner.wedsync.json"
    assert kept.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    said = posted(editor, "/workflows/import", exported=(BytesIO(kept.data), name))
    assert "“Tell the seating planner” is here, as a draft. Nothing happens yet." in said


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "Choose a file first."),
        (b"\x89PNG", "This is no copy of a workflow, or not a whole one. It is not valid JSON."),
        (b"[" * 100 + b"]" * 100, "nested deeper"),
        (b'{"a": 1}', "This is not a workflow that WedSync exported."),
        (json.dumps({"x": "y" * 1_000_000}).encode(), "larger than 1 MB"),
    ],
)
def test_another_file_is_refused_in_a_sentence(editor: Persona, file: bytes, said: str) -> None:
    answer = editor.browser.post("/workflows/import", data={"exported": (BytesIO(file), "a.json")})
    assert answer.status_code == 422
    assert said in words_of(answer)


# --- who may only look


def test_a_viewer_reads_all_of_it_and_changes_nothing(viewer: Persona, changed: str) -> None:
    for where in ("changes", "history", "versions", "versions/1", "versions/1/restore", "settings"):
        said = page(viewer, f"{changed}/{where}")
        assert "Keep the changes" not in said
        assert "Discard it" not in said
    for where in ("undo", "redo", "discard", "settings", "versions/1/restore"):
        assert viewer.browser.post(f"{changed}/{where}").status_code == 403


def test_the_steps_of_a_workflow_that_never_ran_are_told(owner: Persona) -> None:
    made = owner.api.post("/workflows", json={"name": "x", "definition": manual(TELL)}).json
    assert "Nothing is published yet" in page(owner, f"/workflows/{made['id']}/versions")
    assert "Nothing was done yet" in page(owner, f"/workflows/{made['id']}/history")
    assert "all of it is new" in page(owner, f"/workflows/{made['id']}/changes")


def test_who_removes_a_hook_sees_what_listens_to_it(owner: Persona) -> None:
    hook = owner.api.post("/hooks", json={"name": "Petal", "scheme": "standard_webhooks"}).json
    nothing = page(owner, f"/workflows/of-hook/{hook['id']}")
    assert "No workflow uses it yet." in nothing
    definition = manual() | {"trigger": {"kind": "webhook", "hook": hook["id"]}}
    owner.api.post("/workflows", json={"name": "Seat the guests", "definition": definition})
    said = "Seat the guests Starts by what happens there, so far only in its draft"
    assert said in page(owner, f"/workflows/of-hook/{hook['id']}")
    shown = owner.browser.get(f"/webhooks/hooks/{hook['id']}").text
    assert f"/workflows/of-hook/{hook['id']}" in shown
