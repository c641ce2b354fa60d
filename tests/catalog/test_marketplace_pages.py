"""Vendors look for an integration and read what it does before they connect it."""

import pytest
from apiflask import APIFlask
from sqlalchemy.orm import Session

from tests.catalog.pages import statements_of
from tests.listings.manifests import SEATWELL
from tests.listings.ways import a_draft, listed, slug_of
from tests.page_words import words_of
from tests.personas import Persona
from wedsync import connectors
from wedsync.catalog import search
from wedsync.connections.models import Connection
from wedsync.connectors.manifest import Manifest
from wedsync.listings import queries
from wedsync.platform.db import db

pytestmark = pytest.mark.usefixtures("built_in_listings")


def marketplace(persona: Persona, **query: str) -> str:
    answer = persona.browser.get("/marketplace", query_string=query)
    assert answer.status_code == 200
    return words_of(answer)


def connect(app: APIFlask, persona: Persona, slug: str, state: str = "active") -> None:
    with app.app_context():
        found = queries.published(slug)
        db.session.add(
            Connection(
                organization_id=persona.organization_id,
                listing_id=found.listing.id,
                listing_version_id=found.version.id,
                slug=slug,
                name="Our books",
                state=state,
            )
        )
        db.session.commit()


# --- works


def test_everything_on_the_shelf_is_there_with_who_made_it(viewer: Persona) -> None:
    said = marketplace(viewer)
    for manifest in connectors.manifests().values():
        if manifest.shelf is not None:
            assert f"{manifest.name} {manifest.summary}" in said
    assert "by WedSync" in said


def test_a_partner_s_listing_appears_and_can_be_searched_for(
    app: APIFlask, partner: Persona, admin: Persona, viewer: Persona
) -> None:
    name = "Seatwell tables of Petal"
    slug = slug_of(app, partner, listed(app, partner, admin, name=name))
    assert name in marketplace(viewer, q="place cards")
    assert name in marketplace(viewer, q="seatwel tabels")
    answer = viewer.browser.get(f"/marketplace/{slug}")
    said = words_of(answer)
    assert "Seat Guest at Table." in said
    assert "See guests and their answers" in said
    assert "our own test account" in said
    assert "by Petal Flowers" in said or "Made by Petal Flowers" in said


def test_a_slip_still_finds_what_was_meant(viewer: Persona) -> None:
    assert "Stripe" in marketplace(viewer, q="stirpe")
    assert "Stripe" in marketplace(viewer, q="Strípe payments")


def test_the_goals_narrow_what_is_shown(viewer: Persona) -> None:
    said = marketplace(viewer, **{"for": "paid"})
    assert "Stripe" in said.partition("Integrations")[2]
    nothing = marketplace(viewer, **{"for": "paid", "q": "stripe"}).partition("Integrations")[2]
    assert "Stripe" in nothing


def test_what_is_connected_is_marked_and_can_be_shown_alone(app: APIFlask, owner: Persona) -> None:
    connect(app, owner, "stripe")
    assert "Connected Stripe" in marketplace(owner)
    said = marketplace(owner, **{"for": "connected"})
    assert "1, by name" in said
    page = words_of(owner.browser.get("/marketplace/stripe"))
    assert "Our books" in page
    assert "Connect another account" in page


def test_a_connection_that_needs_its_owner_says_so(app: APIFlask, owner: Persona) -> None:
    connect(app, owner, "stripe", "needs_reauth")
    assert "Sign in again Stripe" in marketplace(owner)


def test_typing_answers_the_results_alone(viewer: Persona) -> None:
    answer = viewer.browser.get("/marketplace?q=stripe", fragment=True)
    html = answer.get_data(as_text=True)
    assert html.strip().startswith('<div id="found">')
    assert "Stripe" in html


def test_nothing_found_says_what_else_helps(viewer: Persona) -> None:
    said = marketplace(viewer, q="zeppelin")
    assert "Nothing is listed for that yet." in said
    assert "Make a hook" in said


def test_a_viewer_reads_and_does_not_connect(viewer: Persona, editor: Persona) -> None:
    assert "Connect Stripe" not in words_of(viewer.browser.get("/marketplace/stripe"))
    assert "Connect Stripe" in words_of(editor.browser.get("/marketplace/stripe"))


def test_a_drawing_can_load_and_run_nothing(app: APIFlask, viewer: Persona) -> None:
    drawn = [
        slug for slug in connectors.manifests() if (connectors.folder(slug) / "logo.svg").is_file()
    ]
    for slug in drawn:
        answer = viewer.browser.get(f"/marketplace/{slug}/logo.svg")
        assert answer.mimetype == "image/svg+xml"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


# --- negatives


@pytest.mark.parametrize(
    "query", ["'; DROP TABLE listings; --", "\x01", "a" * 5_000, "%", "  ", "🦆 🦆", "the and of"]
)
def test_whatever_is_typed_answers_a_page(viewer: Persona, query: str) -> None:
    assert viewer.browser.get("/marketplace", query_string={"q": query}).status_code == 200


def test_what_is_typed_is_shown_as_it_was(viewer: Persona) -> None:
    html = viewer.browser.get('/marketplace?q=<b>"x"').get_data(as_text=True)
    assert "<b>&#34;x" not in html
    assert "&lt;b&gt;" in html


def test_a_draft_is_nowhere_to_be_found(app: APIFlask, partner: Persona, viewer: Persona) -> None:
    slug = slug_of(app, partner, a_draft(app, partner, name="Hidden Herons"))
    assert viewer.browser.get(f"/marketplace/{slug}").status_code == 404
    assert viewer.browser.get(f"/marketplace/{slug}/logo.svg").status_code == 404
    assert "Herons" not in marketplace(viewer)


def test_somebody_else_s_connection_marks_nothing(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    connect(app, owner, "stripe")
    assert "Connected Stripe" not in marketplace(stranger)
    assert "Our books" not in words_of(stranger.browser.get("/marketplace/stripe"))


# --- cost


def test_a_shelf_twice_as_full_asks_the_database_no_more_often(
    app: APIFlask, partner: Persona, admin: Persona, viewer: Persona
) -> None:
    marketplace(viewer)
    before = statements_of(app, viewer, "/marketplace")
    for number in range(6):
        listed(app, partner, admin, name=f"Seatwell {number}")
    marketplace(viewer)
    assert statements_of(app, viewer, "/marketplace") == before


# --- search by itself


@pytest.mark.parametrize(
    ("typed", "finds"),
    [
        ("table plan", True),
        ("seating", True),
        ("Tischplan", False),
        ("who comes", True),
        ("get paid", False),
        ("plcae cards", True),
        ("tab", True),
        ("seat a guest at a table", True),
        ("guest zebra", False),
    ],
)
def test_every_word_has_to_be_found(
    app: APIFlask, partner: Persona, admin: Persona, typed: str, finds: bool
) -> None:
    slug = slug_of(app, partner, listed(app, partner, admin))
    with app.app_context():
        found = search.matching([queries.published(slug)], typed)
    assert bool(found) is finds


def test_the_name_counts_more_than_the_description(
    app: APIFlask, partner: Persona, admin: Persona
) -> None:
    shelf = {**SEATWELL["shelf"], "description": "Like Lantern, for tables.", "keywords": []}
    by_description = slug_of(app, partner, listed(app, partner, admin, shelf=shelf))
    by_name = slug_of(app, partner, listed(app, partner, admin, name="Lantern"))
    with app.app_context():
        both = [queries.published(by_description), queries.published(by_name)]
        best = search.matching(both, "lantern")
    assert [each.listing.slug for each in best] == [by_name, by_description]


def test_a_manifest_that_is_kept_reads_as_it_was_written(
    app: APIFlask, partner: Persona, admin: Persona, database: Session
) -> None:
    slug = slug_of(app, partner, listed(app, partner, admin))
    with app.app_context():
        assert queries.published(slug).manifest == Manifest.model_validate(
            SEATWELL | {"slug": slug}
        )
