"""A partner writes a listing in the browser, an admin reads and decides, a vendor finds it."""

import re
import secrets
from html import unescape
from typing import Any
from uuid import UUID

import orjson
import pytest
from apiflask import APIFlask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from tests.listings.manifests import SEATWELL
from tests.listings.ways import REASON, a_draft, decided, listed, rewritten, sent, slug_of
from tests.page_words import words_of
from tests.personas import Persona, make_persona
from wedsync.listings.models import Listing, ListingVersion
from wedsync.notices.models import Notice
from wedsync.platform.db import db
from wedsync.platform.vault import MASK

BASICS = {
    "name": "Seatwell",
    "summary": "Table plans that follow the answers.",
    "description": "Seats your guests.",
    "goals": ["guests", "build"],
    "permissions": "See guests and their answers\nCannot see money",
    "keywords": "seating, place cards",
    "works_with": "Stripe",
    "tried_against": "our own test account",
    "docs_url": "https://seatwell.example/guide",
    "support_url": "https://seatwell.example/help",
}
CONNECTING = {
    "base_url": "https://api.seatwell.example/v2",
    "kind": "api_key",
    "key_title": "Seatwell key",
    "header_name": "Authorization",
    "header_value": "Bearer {secret.api_key}",
    "client_auth": "basic",
    "account_path": "/me",
    "account_id": "id",
    "account_name": "name",
}
ACTION = {
    "label": "Seat a guest",
    "sentence": "Seat {guest} at {table}",
    "done": "Seated {guest}",
    "key": "seat_guest",
    "group": "Guests",
    "effect": "once",
    "method": "POST",
    "path": "/guests/{input.guest}/seat",
    "way": "json",
    "inputs-0-name": "guest",
    "inputs-0-title": "Guest",
    "inputs-0-type": "string",
    "inputs-0-required": "yes",
    "inputs-1-name": "table",
    "inputs-1-title": "Table",
    "inputs-1-type": "integer",
    "inputs-1-required": "no",
    "inputs-2-name": "",
    "inputs-2-title": "",
    "inputs-2-type": "string",
    "inputs-2-required": "yes",
    "output_sample": '{"seat": 4}',
}
HOOKS = {"scheme": "standard_webhooks", "instructions": "Paste the address.", "sensitive": "diet"}
TRIGGER = {
    "label": "A guest is seated",
    "sentence": "When a guest is seated",
    "key": "seated",
    "event_type": "guest.seated",
    "group": "Guests",
    "sample": '{"guest": "Rosa"}',
}


def version_row(database: Session, listing_id: UUID) -> ListingVersion:
    database.expire_all()
    query = select(ListingVersion).where(ListingVersion.listing_id == listing_id)
    return database.scalars(query.order_by(ListingVersion.number.desc()).limit(1)).one()


def begin(database: Session, persona: Persona, slug: str) -> UUID:
    answer = persona.browser.post("/listings/new", data={"name": "Seatwell", "slug": slug})
    assert answer.status_code == 303, words_of(answer)
    return database.scalars(select(Listing.id).where(Listing.slug == slug)).one()


def keep(database: Session, persona: Persona, listing_id: UUID, part: str, data: Any) -> None:
    revision = version_row(database, listing_id).revision
    path = f"/listings/{listing_id}/{part}"
    answer = persona.browser.post(path, data={**data, "revision": revision})
    assert answer.status_code == 303, words_of(answer)


def said_on(persona: Persona, path: str) -> str:
    answer = persona.browser.get(path)
    assert answer.status_code == 200
    return words_of(answer)


# --- works


def test_a_listing_is_written_by_forms_alone_and_listed(
    database: Session, partner: Persona, admin: Persona, owner: Persona
) -> None:
    slug = f"seatwell-{secrets.token_hex(4)}"
    listing_id = begin(database, partner, slug)
    here = f"/listings/{listing_id}"
    assert "to mend" in said_on(partner, here)
    for part, data in (
        ("basics", BASICS),
        ("connecting", CONNECTING),
        ("actions/new", ACTION),
        ("hooks", HOOKS),
        ("triggers/new", TRIGGER),
    ):
        keep(database, partner, listing_id, part, data)
    assert "Send it to the admins" in said_on(partner, here)
    revision = version_row(database, listing_id).revision
    note = {"note": "Our first one.", "revision": revision}
    answer = partner.browser.post(f"{here}/submit", data=note, follow_redirects=True)
    assert "It is with the admins." in words_of(answer)

    version_id = version_row(database, listing_id).id
    queue = said_on(admin, "/review")
    assert "Seatwell, version 1" in queue
    assert "Our first one." in queue
    read = said_on(admin, f"/review/{version_id}")
    assert "See guests and their answers" in read
    assert "POST /guests/{input.guest}/seat" in read
    choice = {"decision": "list", "reason": REASON, "revision": revision}
    answer = admin.browser.post(f"/review/{version_id}/decide", data=choice, follow_redirects=True)
    assert "It is in the marketplace. They were told." in words_of(answer)

    said = said_on(owner, f"/marketplace/{slug}")
    assert "Seat Guest at Table." in said
    assert "Connect Seatwell" in said
    stored = version_row(database, listing_id).manifest["actions"][0]["request"]
    assert stored == {
        "method": "POST",
        "path": "/guests/{input.guest}/seat",
        "json": {"table": "{input.table}"},
    }


def test_what_the_forms_show_is_what_they_keep(
    app: APIFlask, database: Session, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    before = version_row(database, listing_id).manifest
    for part in ("basics", "connecting", "hooks", "actions/0", "triggers/0", "file"):
        page = partner.browser.get(f"/listings/{listing_id}/{part}").get_data(as_text=True)
        keep(database, partner, listing_id, part, filled_in(page))
    assert version_row(database, listing_id).manifest == before


def filled_in(page: str) -> dict[str, list[str]]:
    """What a browser would post of the page's last form, untouched."""
    form = page[page.index('<form class="ws-form') :]
    form = form[: form.index("</form>")]
    data: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'(\w[\w-]*)="([^"]*)"', tag))
        is_choice = said.get("type") in ("radio", "checkbox")
        if "name" in said and (not is_choice or re.search(r"\schecked\b", tag)):
            data.setdefault(said["name"], []).append(unescape(said.get("value", "")))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.S):
        data[name] = [unescape(text).removeprefix("\r\n").removeprefix("\n")]
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.findall(r'<option selected value="([^"]*)"', options)
        first = re.findall(r'<option value="([^"]*)"', options)[:1]
        data[name] = [unescape(value) for value in chosen or first]
    data.pop("revision")
    return data


def test_the_card_follows_what_is_typed_and_nothing_is_kept(
    app: APIFlask, database: Session, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    typed = {"name": "Herons", "summary": "Fold a bird.", "goals": ["photos"]}
    answer = partner.browser.post(f"/listings/{listing_id}/preview", data=typed, fragment=True)
    assert "Herons" in words_of(answer)
    assert "Deliver photos" in words_of(answer)
    assert version_row(database, listing_id).manifest["name"] == SEATWELL["name"]


def test_changes_are_asked_talked_about_and_sent_again(
    app: APIFlask, database: Session, partner: Persona, admin: Persona
) -> None:
    listing_id = a_draft(app, partner)
    version_id = sent(app, partner, listing_id)
    asked = {"words": "Why tables?"}
    admin.browser.post(f"/review/{version_id}/say", data=asked)
    partner.browser.post(f"/listings/{listing_id}/say", data={"words": "For the seating."})
    decided(app, admin, version_id, "changes", "Say so on the page.")
    said = said_on(partner, f"/listings/{listing_id}")
    for words in ("Why tables?", "For the seating.", "Say so on the page.", "Changes asked"):
        assert words in said
    rewritten(app, partner, listing_id, summary="Tables, for the seating.")
    sent(app, partner, listing_id)
    assert "For the seating." in said_on(admin, f"/review/{version_id}")


def test_a_new_permission_stands_out_and_the_old_version_serves(
    app: APIFlask, database: Session, partner: Persona, admin: Persona, owner: Persona
) -> None:
    listing_id = listed(app, partner, admin)
    slug = slug_of(app, partner, listing_id)
    partner.browser.post(f"/listings/{listing_id}/version")
    shelf = SEATWELL["shelf"]
    more = {**shelf, "permissions": [*shelf["permissions"], "See allergies"]}
    rewritten(app, partner, listing_id, shelf=more)
    version_id = sent(app, partner, listing_id, "for place cards")
    read = said_on(admin, f"/review/{version_id}")
    assert "It asks for 1 thing more" in read
    assert "New See allergies The reason they give: “for place cards”" in read
    assert "See allergies" not in said_on(owner, f"/marketplace/{slug}")


def test_taking_it_off_the_shelf_and_putting_it_back(
    app: APIFlask, database: Session, partner: Persona, admin: Persona, owner: Persona
) -> None:
    listing_id = listed(app, partner, admin)
    slug = slug_of(app, partner, listing_id)
    version_id = version_row(database, listing_id).id
    admin.browser.post(f"/review/{version_id}/suspend", data={"reason": "Their service is gone."})
    assert owner.browser.get(f"/marketplace/{slug}").status_code == 404
    assert "Taken out by an admin" in said_on(partner, f"/listings/{listing_id}")
    told = database.scalars(
        select(Notice.title).where(
            Notice.organization_id == partner.organization_id, Notice.closed_at.is_(None)
        )
    ).all()
    assert told == ["Seatwell table plans was taken out of the marketplace"]
    admin.browser.post(f"/review/{version_id}/reinstate")
    assert owner.browser.get(f"/marketplace/{slug}").status_code == 200
    partner.browser.post(f"/listings/{listing_id}/withdraw")
    assert owner.browser.get(f"/marketplace/{slug}").status_code == 404
    assert "Withdrawn by you" in said_on(partner, f"/listings/{listing_id}")


def test_the_client_s_secret_is_never_shown_again(
    app: APIFlask, database: Session, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    oauth = {
        **CONNECTING,
        "kind": "oauth2_code",
        "authorize_url": "https://seatwell.example/oauth/authorize",
        "token_url": "https://seatwell.example/oauth/token",
        "scopes": "guests.read: See guests and their answers",
        "client_id": "wedsync",
        "client_secret": "canary-of-the-page",
    }
    keep(database, partner, listing_id, "connecting", oauth)
    page = partner.browser.get(f"/listings/{listing_id}/connecting").get_data(as_text=True)
    assert MASK in page
    assert "canary" not in page
    sealed = database.get_one(Listing, listing_id).client_secret
    keep(database, partner, listing_id, "connecting", {**oauth, "client_secret": MASK})
    database.expire_all()
    assert database.get_one(Listing, listing_id).client_secret == sealed
    assert "canary" not in orjson.dumps(version_row(database, listing_id).manifest).decode()


def test_an_action_is_taken_out(app: APIFlask, database: Session, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    revision = version_row(database, listing_id).revision
    path = f"/listings/{listing_id}/actions/0/remove"
    partner.browser.post(path, data={"revision": revision})
    assert version_row(database, listing_id).manifest["actions"] == []


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


# --- cost


def test_a_longer_queue_asks_the_database_no_more_often(
    app: APIFlask, partner: Persona, admin: Persona
) -> None:
    sent(app, partner, a_draft(app, partner))
    said_on(admin, "/review")
    before = statements_of(app, admin, "/review")
    for _ in range(4):
        sent(app, partner, a_draft(app, partner))
    assert statements_of(app, admin, "/review") == before
    assert statements_of(app, partner, "/listings") <= before


def statements_of(app: APIFlask, persona: Persona, path: str) -> int:
    """How many statements a page asks."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        said_on(persona, path)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(asked)
