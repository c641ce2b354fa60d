"""Going to connect an account from the questions of a ready-made workflow, and coming back."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from apiflask import APIFlask
from werkzeug.test import TestResponse

from tests.connections.ways import begin, come_back, only
from tests.far_ends.practice_partner import PracticePartner
from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.ready_made.built_in_connections import connect
from wedsync.workflows.ready_made import find, kept_answers

pytestmark = pytest.mark.usefixtures("built_in_listings")

PAGE = "/workflows/gallery/allergy"
ANSWERS = {"chef": "chéf@olive.example", "words": "short"}


def leave(persona: Persona, slug: str = "sandbox", **answers: str) -> str:
    """Press “Connect” beside a question; where that leads."""
    gone = persona.browser.post(f"{PAGE}/connect/{slug}", data={**ANSWERS, **answers})
    assert gone.status_code == 303, words_of(gone)
    return gone.headers["Location"]


def back_from(page: str) -> str:
    """The page that connecting comes back to."""
    return parse_qs(urlsplit(page).query)["next"][0]


def filled_in(page: TestResponse, name: str) -> str | None:
    """What stands in a field of a page."""
    body = page.get_data(as_text=True)
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', body)
    chosen = re.search(rf'<select[^>]*name="{name}".*?</select>', body, re.S)
    selected = re.search(r'<option selected value="([^"]*)"', chosen[0]) if chosen else None
    said = found or selected
    return html.unescape(said[1]) if said else None


# --- works


def test_the_answers_are_there_when_one_comes_back(
    app: APIFlask, owner: Persona, practice_partner: PracticePartner
) -> None:
    page = leave(owner)
    assert page.startswith("/connect/sandbox?")
    back = come_back(owner, practice_partner.allow(begin(owner, page)))
    assert back.headers["Location"] == back_from(page)
    shown = owner.browser.get(back.headers["Location"])
    assert filled_in(shown, "chef") == ANSWERS["chef"]
    assert filled_in(shown, "guests") == str(only(app, owner).id)
    assert f'formaction="{PAGE}/connect/smtp"' in shown.get_data(as_text=True)


def test_of_several_accounts_the_one_just_connected_is_chosen(
    app: APIFlask, owner: Persona, practice_partner: PracticePartner
) -> None:
    older = connect(app, owner.organization_id, "sandbox", name="Another")
    back = come_back(owner, practice_partner.allow(begin(owner, leave(owner))))
    chosen = filled_in(owner.browser.get(back.headers["Location"]), "guests")
    assert chosen
    assert chosen != str(older)


def test_the_page_leads_there_by_a_button_that_takes_the_answers_along(owner: Persona) -> None:
    page = owner.browser.get(PAGE).get_data(as_text=True)
    assert f'formaction="{PAGE}/connect/sandbox"' in page
    assert f'formaction="{PAGE}/connect/smtp"' in page


def test_answers_that_cannot_be_used_yet_are_kept_too(owner: Persona) -> None:
    back = back_from(leave(owner, chef="not an e-mail"))
    assert filled_in(owner.browser.get(back), "chef") == "not an e-mail"


def test_without_answers_the_address_carries_none(owner: Persona) -> None:
    assert back_from(leave(owner, chef=" ", words="")) == PAGE


# --- whose they are


def test_nobody_reads_them_in_the_address(owner: Persona) -> None:
    page = leave(owner)
    assert "olive" not in page
    assert len(page) < 1_000


def test_they_are_of_one_person_one_recipe_and_one_business(
    app: APIFlask, owner: Persona, editor: Persona, stranger: Persona
) -> None:
    back = back_from(leave(owner))
    for persona in (editor, stranger):
        assert filled_in(persona.browser.get(back), "chef") in (None, "")
    other = back.replace("/gallery/allergy", "/gallery/final-count")
    assert filled_in(owner.browser.get(other), "caterer") in (None, "")


@pytest.mark.parametrize("word", ["x", "%00", "AAAA", "é", "A" * 9_000, "=="])
def test_a_word_nobody_made_is_the_page_without_answers(owner: Persona, word: str) -> None:
    shown = owner.browser.get(PAGE, query_string={"kept": word})
    assert shown.status_code == 200
    assert filled_in(shown, "chef") in (None, "")


def test_more_than_an_address_carries_leaves_the_longest_out(app: APIFlask, owner: Persona) -> None:
    recipe = find("allergy")
    with app.test_request_context():
        word = kept_answers.sealed(owner.identity, recipe, {"chef": "c", "words": "w" * 5_000})
        assert kept_answers.opened(owner.identity, recipe, word) == {"chef": "c"}


def test_an_account_it_does_not_need_is_not_connected_from_there(owner: Persona) -> None:
    assert owner.browser.post(f"{PAGE}/connect/stripe", data=ANSWERS).status_code == 404
    assert owner.browser.post("/workflows/gallery/none/connect/smtp").status_code == 404


def test_a_viewer_does_not_go_to_connect(viewer: Persona) -> None:
    assert viewer.browser.post(f"{PAGE}/connect/smtp", data=ANSWERS).status_code == 403
