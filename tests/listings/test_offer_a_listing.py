"""A partner writes a listing, sends it, and an admin decides."""

import threading
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.listings.manifests import seatwell
from tests.listings.ways import (
    REASON,
    a_draft,
    decided,
    listed,
    rewritten,
    sent,
    slug_of,
    version_of,
)
from tests.personas import Persona
from wedsync.audit.models import AuditEntry
from wedsync.errors import Conflict, NotFound, Stale
from wedsync.listings import clients, drafts, manifests, queries, review, shelf
from wedsync.listings.models import Listing, ListingVersion
from wedsync.notices.models import Notice
from wedsync.platform.db import db
from wedsync.platform.runtime import settings, vault
from wedsync.platform.vault import MASK


def version_row(database: Session, version_id: UUID) -> ListingVersion:
    database.expire_all()
    return database.get_one(ListingVersion, version_id)


def open_notices(database: Session, partner: Persona) -> list[str]:
    query = select(Notice.code).where(
        Notice.organization_id == partner.organization_id, Notice.closed_at.is_(None)
    )
    return list(database.scalars(query))


# --- works


def test_a_listing_that_was_sent_and_read_can_be_found(
    app: APIFlask, partner: Persona, admin: Persona, database: Session
) -> None:
    listing_id = a_draft(app, partner)
    slug = slug_of(app, partner, listing_id)
    with app.app_context(), pytest.raises(NotFound):
        queries.published(slug)
    version_id = sent(app, partner, listing_id, "Our first one.")
    decided(app, admin, version_id, "list")
    with app.app_context():
        found = queries.published(slug)
    assert (found.manifest.name, found.maker) == ("Seatwell table plans", "Petal Flowers")
    row = version_row(database, version_id)
    assert (row.state, row.reason, row.reviewer_id) == ("published", REASON, admin.user_id)
    assert row.published_at is not None


def test_changes_are_asked_for_and_it_comes_again(
    app: APIFlask, partner: Persona, admin: Persona, database: Session
) -> None:
    listing_id = a_draft(app, partner)
    version_id = sent(app, partner, listing_id)
    decided(app, admin, version_id, "changes", "Say what it does with tables.")
    assert version_row(database, version_id).state == "changes_asked"
    assert open_notices(database, partner) == ["changes_asked"]
    rewritten(app, partner, listing_id, summary="Tables that follow the answers.")
    assert version_row(database, version_id).state == "draft"
    assert sent(app, partner, listing_id) == version_id
    assert open_notices(database, partner) == []
    decided(app, admin, version_id, "list")
    assert version_row(database, version_id).state == "published"


def test_the_partner_is_written_to_when_it_is_decided(
    app: APIFlask, partner: Persona, admin: Persona, database: Session
) -> None:
    listed(app, partner, admin)
    notice = database.scalars(
        select(Notice).where(Notice.organization_id == partner.organization_id)
    ).one()
    assert notice.title == "Seatwell table plans is in the marketplace"
    assert REASON in notice.words
    assert notice.closed_at is not None


def test_a_new_version_goes_the_same_way_while_the_old_one_serves(
    app: APIFlask, partner: Persona, admin: Persona
) -> None:
    listing_id = listed(app, partner, admin)
    slug = slug_of(app, partner, listing_id)
    with app.app_context():
        old = queries.published(slug).version.id
        drafts.begin_version(partner.identity, listing_id)
        db.session.commit()
    rewritten(app, partner, listing_id, name="Seatwell seats")
    version_id = sent(app, partner, listing_id)
    with app.app_context():
        assert queries.published(slug).version.id == old
    decided(app, admin, version_id, "list")
    with app.app_context():
        assert queries.published(slug).manifest.name == "Seatwell seats"
        assert manifests.of(db.session, old).name == "Seatwell table plans"


def test_what_is_with_the_admins_can_be_taken_back(app: APIFlask, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    sent(app, partner, listing_id)
    with app.app_context():
        assert drafts.take_back(partner.identity, listing_id).state == "draft"
        with pytest.raises(Conflict):
            drafts.take_back(partner.identity, listing_id)


def test_a_withdrawn_listing_is_not_found_and_can_be_put_back(
    app: APIFlask, partner: Persona, admin: Persona
) -> None:
    listing_id = listed(app, partner, admin)
    slug = slug_of(app, partner, listing_id)
    with app.app_context():
        shelf.withdraw(partner.identity, listing_id)
        with pytest.raises(NotFound):
            queries.published(slug)
        shelf.put_back(partner.identity, listing_id)
        assert queries.published(slug).listing.id == listing_id


def test_a_suspended_listing_is_put_back_by_admins_only(
    app: APIFlask, partner: Persona, admin: Persona, database: Session
) -> None:
    listing_id = listed(app, partner, admin)
    slug = slug_of(app, partner, listing_id)
    with app.app_context():
        version_id = queries.published(slug).version.id
        review.suspend(admin.identity, version_id, "Their service is gone.")
        db.session.commit()
        with pytest.raises(NotFound):
            queries.published(slug)
        with pytest.raises(Conflict, match="Only the admins"):
            shelf.put_back(partner.identity, listing_id)
    assert open_notices(database, partner) == ["suspended"]
    with app.app_context():
        review.reinstate(admin.identity, version_id)
        db.session.commit()
        assert queries.published(slug).version.id == version_id
    assert open_notices(database, partner) == []


def test_who_did_what_is_kept(
    app: APIFlask, partner: Persona, admin: Persona, database: Session
) -> None:
    listing_id = listed(app, partner, admin)
    entries = database.scalars(
        select(AuditEntry).where(AuditEntry.object_id == listing_id).order_by(AuditEntry.id)
    ).all()
    assert [entry.action for entry in entries] == [
        "listing.created",
        "listing.submitted",
        "listing.approved",
        "listing.published",
    ]
    assert [entry.actor_id for entry in entries][-1] == admin.user_id
    assert {entry.organization_id for entry in entries} == {partner.organization_id}


# --- the OAuth client of a listing


def test_the_client_s_secret_is_sealed_and_the_mask_keeps_it(
    app: APIFlask, partner: Persona, database: Session
) -> None:
    listing_id = a_draft(app, partner)
    with app.app_context():
        shelf.set_client(partner.identity, listing_id, "wedsync", "canary-of-the-client")
        kept = shelf.set_client(partner.identity, listing_id, "wedsync-2", MASK)
        assert shelf.masked_secret(kept) == MASK
        db.session.commit()
    row = database.get_one(Listing, listing_id)
    assert row.client_secret is not None
    assert b"canary" not in row.client_secret
    with app.app_context():
        listing = queries.get_listing(partner.organization_id, listing_id)
        manifest = manifests.of(db.session, version_of(partner, listing_id).id)
        oauth = {
            "authorize_url": "https://a.example",
            "token_url": "https://t.example",
            "client_from": "listing",
        }
        speaking = type(manifest).model_validate(
            {**seatwell(), "auth": {"kind": "oauth2_code", "oauth": oauth}}
        )
        client = clients.client_of(db.session, vault(), settings(), listing, speaking, {})
    assert (client.id, client.secret) == ("wedsync-2", "canary-of-the-client")
    assert "canary" not in repr(client)


# --- negatives


def test_a_stranger_neither_reads_nor_writes_it(
    app: APIFlask, partner: Persona, stranger: Persona
) -> None:
    listing_id = a_draft(app, partner)
    with app.app_context():
        for act in (drafts.take_back, drafts.begin_version, shelf.withdraw, shelf.put_back):
            with pytest.raises(NotFound):
                act(stranger.identity, listing_id)
        with pytest.raises(NotFound):
            drafts.save(stranger.identity, listing_id, 2, seatwell())
        with pytest.raises(NotFound):
            shelf.set_client(stranger.identity, listing_id, "x", "y")


def test_what_was_sent_does_not_change(app: APIFlask, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    sent(app, partner, listing_id)
    with app.app_context():
        version = version_of(partner, listing_id)
        with pytest.raises(Conflict, match="with the admins"):
            drafts.save(partner.identity, listing_id, version.revision, seatwell())


def test_what_is_published_does_not_change(app: APIFlask, partner: Persona, admin: Persona) -> None:
    listing_id = listed(app, partner, admin)
    with app.app_context():
        version = version_of(partner, listing_id)
        with pytest.raises(Conflict, match="new version"):
            drafts.save(partner.identity, listing_id, version.revision, seatwell())


def test_what_is_published_already_is_not_sent_again(
    app: APIFlask, partner: Persona, admin: Persona
) -> None:
    listing_id = listed(app, partner, admin)
    with app.app_context():
        version = drafts.begin_version(partner.identity, listing_id)
        with pytest.raises(Conflict, match="Change something"):
            drafts.submit(partner.identity, listing_id, version.revision)


def test_a_draft_is_not_shown_to_the_admins(app: APIFlask, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    with app.app_context():
        version_id = version_of(partner, listing_id).id
        with pytest.raises(NotFound):
            queries.submission(version_id)


def test_what_was_taken_back_is_not_shown_to_the_admins_either(
    app: APIFlask, partner: Persona
) -> None:
    listing_id = a_draft(app, partner)
    version_id = sent(app, partner, listing_id)
    with app.app_context():
        drafts.take_back(partner.identity, listing_id)
        db.session.commit()
        with pytest.raises(NotFound):
            queries.submission(version_id)


# --- concurrency


def test_of_two_who_save_the_same_revision_one_is_told(app: APIFlask, partner: Persona) -> None:
    listing_id = a_draft(app, partner)
    with app.app_context():
        revision = version_of(partner, listing_id).revision
    outcomes: list[str] = []

    def save(summary: str) -> None:
        with app.app_context():
            try:
                document = seatwell(summary=summary)
                drafts.save(partner.identity, listing_id, revision, document)
                db.session.commit()
                outcomes.append("kept")
            except Stale:
                outcomes.append("stale")

    run_together(*(lambda words=words: save(words) for words in ("one", "two", "three")))
    assert sorted(outcomes) == ["kept", "stale", "stale"]


def test_of_two_admins_who_decide_one_is_told(
    app: APIFlask, partner: Persona, admin: Persona, database: Session
) -> None:
    version_id = sent(app, partner, a_draft(app, partner))
    outcomes: list[str] = []

    def decide(decision: review.Decision) -> None:
        try:
            decided(app, admin, version_id, decision)
            outcomes.append("decided")
        except Conflict:
            outcomes.append("told")

    run_together(lambda: decide("list"), lambda: decide("decline"))
    assert sorted(outcomes) == ["decided", "told"]
    decisions = select(func.count()).where(
        AuditEntry.organization_id == partner.organization_id,
        AuditEntry.action.in_(["listing.published", "listing.declined"]),
    )
    assert database.scalar(decisions) == 1


def test_a_decision_on_what_was_sent_anew_is_stale(
    app: APIFlask, partner: Persona, admin: Persona
) -> None:
    listing_id = a_draft(app, partner)
    version_id = sent(app, partner, listing_id)
    with app.app_context():
        read = queries.submission(version_id).version.revision
        drafts.take_back(partner.identity, listing_id)
        db.session.commit()
    rewritten(app, partner, listing_id, summary="Something else entirely.")
    sent(app, partner, listing_id)
    with app.app_context(), pytest.raises(Stale):
        review.decide(admin.identity, version_id, "list", REASON, revision=read)


def run_together(*acts: object) -> None:
    threads = [threading.Thread(target=act) for act in acts]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
