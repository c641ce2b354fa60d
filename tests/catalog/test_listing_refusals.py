"""What the pages of listings and their review refuse, and in which words."""

from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy.orm import Session

from tests.catalog.pages import ACTION, BASICS, CONNECTING, TRIGGER, said_on, version_row
from tests.listings.ways import a_draft, rewritten, sent
from tests.page_words import words_of
from tests.personas import Persona, make_persona

# --- validation


@pytest.mark.parametrize(
    "written",
    [
        "",
        "{",
        "[1, 2]",
        '"manifest"',
        "null",
        "[" * 5_000,
        '{"a":' * 900 + "1" + "}" * 900,
        '{"a": 1e999}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        "{" + ",".join(f'"k{number}": 1' for number in range(15_000)) + "}",
        "😀" * 1_000,
    ],
)
def test_a_hostile_file_is_refused_in_a_sentence(
    app: APIFlask, database: Session, partner: Persona, written: str
) -> None:
    listing_id = a_draft(app, partner)
    before = version_row(database, listing_id)
    data = {"document": written, "revision": before.revision}
    answer = partner.browser.post(f"/listings/{listing_id}/file", data=data)
    assert answer.status_code == 422
    assert "mend before we can keep it" in words_of(answer)
    assert version_row(database, listing_id).revision == before.revision


def test_a_file_too_large_to_post_is_refused(app: APIFlask, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    answer = partner.browser.post(
        f"/listings/{listing_id}/file", data={"document": "x" * 1_200_000, "revision": 2}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "document",
    [
        {"shelf": [], "auth": 4, "actions": {"a": 1}, "triggers": "x", "hooks": [], "name": {}},
        {"actions": [1, {"input": [], "request": "x"}], "triggers": [None], "auth": {"oauth": 1}},
        {"auth": {"fields": {"a": 1}, "headers": [1]}, "account": {"request": []}},
        {"shelf": {"categories": {"a": 1}, "permissions": [1, None]}, "icon": 7},
    ],
)
def test_pages_stand_whatever_a_draft_holds(
    app: APIFlask, partner: Persona, document: dict[str, Any]
) -> None:
    listing_id = a_draft(app, partner)
    rewritten(app, partner, listing_id, **document)
    for part in ("", "/basics", "/connecting", "/hooks", "/actions/new", "/triggers/new", "/file"):
        assert partner.browser.get(f"/listings/{listing_id}{part}").status_code == 200
    assert partner.browser.get("/listings").status_code == 200


@pytest.mark.parametrize(
    ("part", "changed", "said"),
    [
        ("actions/0", {"output_sample": "{"}, "This is not JSON"),
        ("triggers/0", {"label": ""}, "What is it called?"),
        ("basics", {"name": "x" * 400}, "at most 300 characters"),
        ("connecting", {"kind": "oauth2_code", "scopes": "guests.read"}, "in plain words"),
        ("actions/0", {"effect": "never"}, "Not a valid choice"),
    ],
)
def test_a_form_that_cannot_be_kept_says_why_beside_the_field(
    app: APIFlask,
    database: Session,
    partner: Persona,
    part: str,
    changed: dict[str, str],
    said: str,
) -> None:
    listing_id = a_draft(app, partner)
    forms = {"basics": BASICS, "connecting": CONNECTING, "actions": ACTION, "triggers": TRIGGER}
    data = {**forms[part.partition("/")[0]], **changed, "revision": 2}
    answer = partner.browser.post(f"/listings/{listing_id}/{part}", data=data)
    assert answer.status_code == 422
    assert said in words_of(answer)
    assert version_row(database, listing_id).revision == 2


def test_a_decision_without_a_reason_or_a_choice_is_not_one(
    app: APIFlask, database: Session, partner: Persona, admin: Persona
) -> None:
    version_id = sent(app, partner, a_draft(app, partner))
    path = f"/review/{version_id}/decide"
    answer = admin.browser.post(path, data={"decision": "list", "reason": "", "revision": 2})
    assert answer.status_code == 422
    assert "Give a reason" in words_of(answer)
    answer = admin.browser.post(path, data={"decision": "burn it", "reason": "x", "revision": 2})
    assert answer.status_code == 422
    assert "Choose one of the three first." in words_of(answer)
    assert 'aria-invalid="true"' not in answer.get_data(as_text=True)
    answer = admin.browser.post(path, data={"reason": " ", "revision": 2})
    assert "Choose one of the three first, and give a reason." in words_of(answer)
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)


# --- negatives


def test_a_save_on_top_of_somebody_else_s_is_refused_and_kept_on_the_page(
    app: APIFlask, database: Session, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    rewritten(app, partner, listing_id, summary="From the other tab.")
    data = {**BASICS, "summary": "From this tab.", "revision": 2}
    answer = partner.browser.post(f"/listings/{listing_id}/basics", data=data)
    assert answer.status_code == 412
    assert "Somebody changed this listing" in words_of(answer)
    assert "From this tab." in answer.get_data(as_text=True)
    assert version_row(database, listing_id).manifest["summary"] == "From the other tab."


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 400, "²"])
def test_a_revision_that_is_none_changes_nothing(
    app: APIFlask, database: Session, partner: Persona, revision: str
) -> None:
    listing_id = a_draft(app, partner)
    for path in ("basics", "actions/0/remove", "submit"):
        data = {**BASICS, "revision": revision}
        answer = partner.browser.post(f"/listings/{listing_id}/{path}", data=data)
        assert answer.status_code in (303, 412, 422)
    row = version_row(database, listing_id)
    assert (row.revision, row.state) == (2, "draft")


def test_to_others_it_is_not_there(
    app: APIFlask, partner: Persona, admin: Persona, stranger: Persona
) -> None:
    listing_id = a_draft(app, partner)
    for who in (stranger, admin):
        assert who.browser.get(f"/listings/{listing_id}").status_code == 404
        assert who.browser.get(f"/listings/{listing_id}/basics").status_code == 404
        assert who.browser.post(f"/listings/{listing_id}/submit").status_code == 404
        assert "Seatwell" not in said_on(who, "/listings")


def test_the_admins_pages_are_there_for_admins_alone(
    app: APIFlask, partner: Persona, owner: Persona
) -> None:
    version_id = sent(app, partner, a_draft(app, partner))
    for who in (partner, owner):
        assert who.browser.get("/review").status_code == 404
        assert who.browser.get(f"/review/{version_id}").status_code == 404
        for gesture in ("take", "decide", "say", "check", "suspend", "reinstate"):
            data = {"decision": "list", "reason": "Mine.", "revision": 2}
            answer = who.browser.post(f"/review/{version_id}/{gesture}", data=data)
            assert answer.status_code == 404
        assert "Review queue" not in said_on(who, "/listings")


def test_a_draft_that_was_never_sent_is_not_the_admins_business(
    app: APIFlask, database: Session, partner: Persona, admin: Persona
) -> None:
    version_id = version_row(database, a_draft(app, partner)).id
    assert admin.browser.get(f"/review/{version_id}").status_code == 404


def test_a_viewer_of_the_partner_reads_and_changes_nothing(app: APIFlask, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    viewer = make_persona(app, partner.organization_id, "viewer", name="Pau")
    said = said_on(viewer, f"/listings/{listing_id}")
    for words in ("Take out", "A word to the admin", "Add an action"):
        assert words not in said
    assert viewer.browser.get(f"/listings/{listing_id}/basics").status_code == 403
    assert viewer.browser.post(f"/listings/{listing_id}/submit").status_code == 403


def test_what_is_with_the_admins_is_not_edited(app: APIFlask, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    sent(app, partner, listing_id)
    answer = partner.browser.get(f"/listings/{listing_id}/basics", follow_redirects=True)
    assert "This cannot be changed now." in words_of(answer)


def test_markup_in_a_manifest_is_shown_as_text(
    app: APIFlask, partner: Persona, admin: Persona
) -> None:
    name = '<img src=x onerror="alert(1)">'
    listing_id = a_draft(app, partner, name=name, summary="{{ 7 * 7 }}")
    version_id = sent(app, partner, listing_id)
    for who, path in ((partner, f"/listings/{listing_id}"), (admin, f"/review/{version_id}")):
        html = who.browser.get(path).get_data(as_text=True)
        assert "<img src=x" not in html
        assert "{{ 7 * 7 }}" in html
