"""A partner writes a listing in the browser, an admin reads and decides, a vendor finds it."""

import secrets

import orjson
from apiflask import APIFlask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.catalog.pages import (
    ACTION,
    BASICS,
    CONNECTING,
    HOOKS,
    TRIGGER,
    begin,
    filled_in,
    keep,
    said_on,
    statements_of,
    version_row,
)
from tests.listings.manifests import SEATWELL
from tests.listings.ways import REASON, a_draft, decided, listed, rewritten, sent, slug_of
from tests.page_words import words_of
from tests.personas import Browser, Persona
from wedsync.listings.models import Listing
from wedsync.notices.models import Notice
from wedsync.platform.vault import MASK

NOTHING_IN_IT = {"actions": [], "triggers": [], "hooks": None, "account": None, "base_url": ""}

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


def test_who_builds_integrations_signs_up_as_a_partner(client: Browser) -> None:
    form = {
        "name": "Nuria",
        "business": "Seatwell",
        "kind": "partner",
        "email": f"nuria-{secrets.token_hex(4)}@example.com",
        "password": "three quiet olive trees",
    }
    refused = client.post("/sign-up", data={**form, "kind": "admin"})
    assert refused.status_code == 422
    assert client.post("/sign-up", data=form).status_code == 303
    said = words_of(client.get("/listings"))
    assert "Offer your service to wedding businesses" in said
    assert "Your listings" in said
    assert "Weddings" not in said


def test_what_the_forms_show_is_what_they_keep(
    app: APIFlask, database: Session, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    before = version_row(database, listing_id).manifest
    for part in ("basics", "connecting", "hooks", "actions/0", "triggers/0", "file"):
        page = partner.browser.get(f"/listings/{listing_id}/{part}").get_data(as_text=True)
        keep(database, partner, listing_id, part, filled_in(page))
    assert version_row(database, listing_id).manifest == before


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
    again = said_on(admin, f"/review/{version_id}")
    assert "For the seating." in again
    assert "Changes asked: Say so on the page." in again


def test_what_holds_nothing_to_use_says_where_to_begin(app: APIFlask, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    rewritten(app, partner, listing_id, **NOTHING_IN_IT)
    page = partner.browser.get(f"/listings/{listing_id}").get_data(as_text=True)
    assert f'href="/listings/{listing_id}/actions/new"' in page
    assert "Add at least one action or trigger" in page
    assert f"/listings/{listing_id}/submit" not in page


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
    queue = admin.browser.get("/review").get_data(as_text=True)
    assert f"/review/{version_id}" in queue
    assert "Taken off the shelf" in queue
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


# --- what the form does not know


def test_what_the_file_says_of_a_provider_s_own_ways_stays_when_the_form_is_kept(
    app: APIFlask, database: Session, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    oauth = {
        **CONNECTING,
        "kind": "oauth2_code",
        "authorize_url": "https://seatwell.example/oauth/authorize",
        "token_url": "https://seatwell.example/oauth/token",
        "scopes": "guests.read: See guests",
    }
    keep(database, partner, listing_id, "connecting", oauth)
    document = version_row(database, listing_id).manifest
    scope = {"name": "guests.read", "words": "See guests", "required": False, "silent": True}
    ways = {"token_body": "json", "from_answer": {"host": "api_url"}, "scopes": [scope]}
    said = {**document, "auth": {**document["auth"]}}
    said["auth"]["oauth"] = {**document["auth"]["oauth"], **ways}
    keep(database, partner, listing_id, "file", {"document": orjson.dumps(said).decode()})
    page = partner.browser.get(f"/listings/{listing_id}/connecting").get_data(as_text=True)
    keep(database, partner, listing_id, "connecting", filled_in(page))
    assert version_row(database, listing_id).manifest["auth"]["oauth"] == said["auth"]["oauth"]


def test_a_key_in_the_address_is_left_to_the_file(
    app: APIFlask, database: Session, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    keep(database, partner, listing_id, "connecting", CONNECTING)
    document = version_row(database, listing_id).manifest
    auth = {**document["auth"], "query": {"key": "{secret.api_key}"}}
    auth.pop("headers")
    written = orjson.dumps({**document, "auth": auth}).decode()
    keep(database, partner, listing_id, "file", {"document": written})
    page = partner.browser.get(f"/listings/{listing_id}/connecting").get_data(as_text=True)
    keep(database, partner, listing_id, "connecting", filled_in(page))
    assert version_row(database, listing_id).manifest["auth"] == auth
