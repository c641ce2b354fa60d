"""What a partner may send, what may be kept half finished, and which addresses can be had."""

import pytest
from apiflask import APIFlask

from tests.listings.ways import a_draft, decided, rewritten, sent, slug_of, version_of
from tests.personas import Persona
from wedsync.errors import Invalid
from wedsync.listings import drafts


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base_url": "http://169.254.169.254/x"}, "base_url"),
        ({"base_url": "https://api.seatwell.example:99999"}, "base_url"),
        ({"summary": ""}, "summary"),
        ({"actions": "all of them"}, "actions"),
        ({"icon": "sk_live_4eC39HqLyjWDarjtT1zdp7dc"}, "icon"),
        ({"summary": "Use sk_live_4eC39HqLyjWDarjtT1zdp7dc"}, "summary"),
    ],
)
def test_what_cannot_be_listed_is_not_sent_and_says_where(
    app: APIFlask, partner: Persona, changes: dict[str, object], said: str
) -> None:
    listing_id = a_draft(app, partner, **changes)
    with app.app_context():
        version = version_of(partner, listing_id)
        with pytest.raises(Invalid) as refusal:
            drafts.submit(partner.identity, listing_id, version.revision)
    assert any(said in error.pointer for error in refusal.value.errors)


@pytest.mark.parametrize(
    "document",
    [
        {"a": "x" * 300_000},
        {"a": {"b": [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]}},
        {"a": "NUL \x00"},
        {"a": 2**70},
    ],
)
def test_a_document_no_manifest_could_be_is_not_kept(
    app: APIFlask, partner: Persona, document: dict[str, object]
) -> None:
    listing_id = a_draft(app, partner)
    with app.app_context():
        version = version_of(partner, listing_id)
        with pytest.raises(Invalid):
            drafts.save(partner.identity, listing_id, version.revision, document)


def test_a_draft_may_be_half_finished_and_keeps_its_address(
    app: APIFlask, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    slug = slug_of(app, partner, listing_id)
    rewritten(app, partner, listing_id, slug="stripe", actions=7)
    with app.app_context():
        assert version_of(partner, listing_id).manifest["slug"] == slug


@pytest.mark.parametrize("slug", ["Seat Well", "s", "http", "-x", "a" * 41, "rest_api", ""])
def test_an_address_that_cannot_be_had(app: APIFlask, partner: Persona, slug: str) -> None:
    with app.app_context(), pytest.raises(Invalid):
        drafts.create(partner.identity, "Seatwell", slug)


def test_an_address_that_somebody_has_is_taken(
    app: APIFlask, partner: Persona, stranger: Persona
) -> None:
    slug = slug_of(app, partner, a_draft(app, partner))
    with app.app_context(), pytest.raises(Invalid, match="taken"):
        drafts.create(stranger.identity, "Seatwell", slug)


def test_a_decision_needs_a_reason(app: APIFlask, partner: Persona, admin: Persona) -> None:
    version_id = sent(app, partner, a_draft(app, partner))
    with pytest.raises(Invalid, match="reason"):
        decided(app, admin, version_id, "decline", "  ")
