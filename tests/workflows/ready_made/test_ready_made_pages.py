"""The gallery, a recipe's questions with its preview, and publishing it."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.ready_made.built_in_connections import connect, connect_all
from tests.workflows.ready_made.recipe_answers import answers_for
from wedsync.workflows.models import Workflow, WorkflowVersion
from wedsync.workflows.ready_made import find, recipes
from wedsync.workflows.run_models import Run

pytestmark = pytest.mark.usefixtures("built_in_listings")


def workflows_of(database: Session, persona: Persona) -> list[Workflow]:
    query = select(Workflow).where(Workflow.organization_id == persona.organization_id)
    return list(database.scalars(query))


# --- the gallery


def test_the_gallery_groups_them_by_what_they_are_for(owner: Persona) -> None:
    said = words_of(owner.browser.get("/workflows/gallery"))
    assert "Know who comes" in said
    assert "Get paid" in said
    for recipe in recipes().values():
        assert recipe.title in said
        assert recipe.promise in said


def test_it_says_what_is_connected_and_what_can_start_at_once(
    app: APIFlask, owner: Persona
) -> None:
    assert "Ready to start" not in words_of(owner.browser.get("/workflows/gallery"))
    connect(app, owner.organization_id, "sandbox")
    connect(app, owner.organization_id, "smtp")
    said = words_of(owner.browser.get("/workflows/gallery"))
    assert said.count("Ready to start") == 5
    assert "(connected)" in said


def test_an_empty_list_of_workflows_leads_there(owner: Persona) -> None:
    assert 'href="/workflows/gallery"' in owner.browser.get("/workflows").text


def test_an_empty_today_leads_there(owner: Persona) -> None:
    assert 'href="/workflows/gallery"' in owner.browser.get("/").text


# --- the questions


@pytest.mark.parametrize("key", sorted(recipes()))
def test_every_one_asks_its_questions_and_tells_itself(
    app: APIFlask, owner: Persona, key: str
) -> None:
    connect_all(app, owner.organization_id)
    said = words_of(owner.browser.get(f"/workflows/gallery/{key}"))
    for question in find(key).questions:
        assert question.title in said
    assert "What will happen" in said
    assert "Show me what it will do" in said


def test_what_is_not_connected_is_connected_from_there(owner: Persona) -> None:
    page = owner.browser.get("/workflows/gallery/enquiry").text
    assert "Petal Practice is not connected yet." in page
    assert re.findall(r'formaction="([^"]+/connect/[^"]+)"', page) == [
        "/workflows/gallery/enquiry/connect/sandbox",
        "/workflows/gallery/enquiry/connect/smtp",
    ]


def test_a_connection_that_needs_somebody_is_named_and_not_offered(
    app: APIFlask, owner: Persona
) -> None:
    tired = connect(app, owner.organization_id, "sandbox", state="needs_reauth")
    page = owner.browser.get("/workflows/gallery/enquiry").text
    assert f'href="/connections/{tired}"' in page
    assert f'value="{tired}"' not in page
    assert "needs you before it can be used" in page


def test_only_connections_of_that_connector_and_that_business_are_offered(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    own = connect_all(app, owner.organization_id)
    second = connect(app, owner.organization_id, "sandbox", name="Harbour Events")
    theirs = connect_all(app, stranger.organization_id)
    page = owner.browser.get("/workflows/gallery/enquiry").text
    offered = set(re.findall(r'<option (?:selected )?value="([^"]+)"', page))
    assert offered == {str(own["sandbox"]), str(second), str(own["smtp"])}
    assert not any(str(each) in page for each in theirs.values())


# --- the preview


def test_the_answers_are_told_as_a_sentence_before_anything_is_kept(
    app: APIFlask, owner: Persona, database: Session
) -> None:
    given = answers_for(find("guest-declines"), connect_all(app, owner.organization_id))
    answer = owner.browser.post("/workflows/gallery/guest-declines/preview", data=given)
    said = words_of(answer)
    assert answer.status_code == 200
    assert "at Meadow Weddings: if status is declined" in said
    assert "kitchen@olive.example" in said
    assert "Publish it" in said
    assert "Please take their meal off the list." in said
    assert workflows_of(database, owner) == []


def test_the_part_that_changes_is_answered_alone_while_somebody_types(
    app: APIFlask, owner: Persona
) -> None:
    given = answers_for(find("guest-declines"), connect_all(app, owner.organization_id))
    answer = owner.browser.post(
        "/workflows/gallery/guest-declines/preview",
        data={**given, "caterer": "kitchen@"},
        fragment=True,
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    said = words_of(answer)
    assert "One answer is missing before it can be on: Your caterer's e-mail" in said
    assert "Publish it" not in said


def test_without_script_what_is_to_mend_is_said_beside_each_question(
    app: APIFlask, owner: Persona
) -> None:
    given = answers_for(find("final-count"), connect_all(app, owner.organization_id))
    answer = owner.browser.post(
        "/workflows/gallery/final-count/preview",
        data={**given, "lock_date": "2020-01-01", "caterer": "a@b.example\nBcc: x@y.example"},
    )
    said = words_of(answer)
    assert answer.status_code == 422
    assert "2 things to mend" in said
    assert "That day is over." in said
    assert "Write it on one line" in said


def test_a_viewer_may_look_and_not_publish(
    app: APIFlask, viewer: Persona, database: Session
) -> None:
    given = answers_for(find("favourites"), connect_all(app, viewer.organization_id))
    looked = viewer.browser.post("/workflows/gallery/favourites/preview", data=given)
    assert looked.status_code == 200
    assert "An editor or owner of your team can publish it." in words_of(looked)
    refused = viewer.browser.post("/workflows/gallery/favourites", data=given)
    assert refused.status_code == 403
    assert workflows_of(database, viewer) == []


# --- publishing


@pytest.mark.parametrize("key", sorted(recipes()))
def test_publishing_makes_a_live_workflow_that_has_sent_nothing(
    app: APIFlask, editor: Persona, database: Session, key: str
) -> None:
    given = answers_for(find(key), connect_all(app, editor.organization_id))
    answer = editor.browser.post(f"/workflows/gallery/{key}", data=given)
    (made,) = workflows_of(database, editor)
    assert answer.status_code == 303
    assert answer.location == f"/workflows/{made.id}"
    assert (made.name, made.state) == (find(key).title, "on")
    version = database.get_one(WorkflowVersion, made.live_version_id)
    assert version.source.startswith("connection:")
    runs = select(func.count()).where(Run.organization_id == editor.organization_id)
    assert database.scalar(runs) == 0


def test_its_page_says_what_happens_next_and_how_to_try_it(app: APIFlask, editor: Persona) -> None:
    given = answers_for(find("guest-declines"), connect_all(app, editor.organization_id))
    answer = editor.browser.post(
        "/workflows/gallery/guest-declines", data=given, follow_redirects=True
    )
    said = words_of(answer)
    assert "“A guest cannot come” is on." in said
    assert "It waits for its first time" in said
    assert "let somebody decline at Petal Practice" in said
    assert "Open Petal Practice" in said


def test_pressing_twice_makes_one(app: APIFlask, editor: Persona, database: Session) -> None:
    given = answers_for(find("allergy"), connect_all(app, editor.organization_id))
    first = editor.browser.post("/workflows/gallery/allergy", data=given)
    again = editor.browser.post("/workflows/gallery/allergy", data=given, follow_redirects=True)
    assert "You had this one already" in words_of(again)
    assert again.request.path == first.location
    assert len(workflows_of(database, editor)) == 1
    editor.browser.post("/workflows/gallery/allergy", data={**given, "chef": "b@olive.example"})
    assert {each.name for each in workflows_of(database, editor)} == {
        "A guest has an allergy",
        "A guest has an allergy (2)",
    }


def test_two_who_publish_at_once_make_one(
    app: APIFlask, owner: Persona, editor: Persona, database: Session
) -> None:
    given = answers_for(find("favourites"), connect_all(app, editor.organization_id))
    together = Barrier(2)

    def publish(persona: Persona) -> int:
        together.wait()
        return persona.browser.post("/workflows/gallery/favourites", data=given).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(publish, (owner, editor))) == [303, 303]
    assert len(workflows_of(database, editor)) == 1


def test_answers_that_cannot_be_used_publish_nothing(
    app: APIFlask, editor: Persona, database: Session
) -> None:
    given = answers_for(find("enquiry"), connect_all(app, editor.organization_id))
    answer = editor.browser.post(
        "/workflows/gallery/enquiry", data={**given, "brochure": "our window"}
    )
    assert answer.status_code == 422
    assert "This is not a link. It begins with https://." in words_of(answer)
    assert workflows_of(database, editor) == []


def test_somebody_elses_connection_is_refused_in_the_words_of_none(
    app: APIFlask, editor: Persona, stranger: Persona, database: Session
) -> None:
    own = connect_all(app, editor.organization_id)
    theirs = connect_all(app, stranger.organization_id)
    given = answers_for(find("enquiry"), own)
    for wrong in (theirs["sandbox"], own["smtp"], uuid4(), "sandbox"):
        answer = editor.browser.post(
            "/workflows/gallery/enquiry", data={**given, "dates": str(wrong)}
        )
        assert answer.status_code == 422
        assert "Choose one of your connections from the list." in words_of(answer)
    assert workflows_of(database, editor) == []


def test_one_that_is_not_there_is_not_found(owner: Persona) -> None:
    assert owner.browser.get("/workflows/gallery/nothing").status_code == 404
    assert owner.browser.post("/workflows/gallery/nothing").status_code == 404


# --- the fragments other pages include


def test_a_connection_knows_the_workflows_that_use_it(app: APIFlask, editor: Persona) -> None:
    own = connect_all(app, editor.organization_id)
    editor.browser.post("/workflows/gallery/enquiry", data=answers_for(find("enquiry"), own))
    assert "An enquiry never waits Starts by what happens there" in used_by(editor, own["sandbox"])
    assert "An enquiry never waits" in used_by(editor, own["smtp"])
    assert "No workflow uses it yet." in used_by(editor, own["stripe"])


def used_by(persona: Persona, connection_id: UUID) -> str:
    answer = persona.browser.get(f"/workflows/of-connection/{connection_id}", fragment=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    return words_of(answer)


def test_somebody_elses_connection_tells_nothing(
    app: APIFlask, editor: Persona, stranger: Persona
) -> None:
    own = connect_all(app, editor.organization_id)
    answer = stranger.browser.get(f"/workflows/of-connection/{own['smtp']}")
    assert answer.status_code == 404
    assert "hello@rosewood.example" not in answer.text


def test_an_integration_knows_its_ready_made_workflows(owner: Persona) -> None:
    with_stripe = words_of(owner.browser.get("/workflows/ready-made-with/stripe", fragment=True))
    assert with_stripe.startswith("A payment is receipted and booked")
    nothing = words_of(owner.browser.get("/workflows/ready-made-with/seatwell", fragment=True))
    assert "No ready-made workflow uses it yet." in nothing
