"""The marketplace holds what this version of WedSync has built in."""

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from wedsync import connectors
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Conflict, NotFound
from wedsync.listings import manifests, queries
from wedsync.listings.built_in import publish_built_in
from wedsync.listings.models import Listing, ListingVersion
from wedsync.platform.db import db

PAPER = Manifest.model_validate(
    {
        "slug": "paper-birds",
        "name": "Paper Birds",
        "summary": "Folds a bird for every guest.",
        "icon": "feather",
        "shelf": {
            "categories": ["guests"],
            "description": "Birds.",
            "tried_against": "a test",
        },
    }
)
RENAMED = PAPER.model_copy(update={"name": "Paper Birds and Boats"})


@pytest.fixture
def shipped(empty_database: None) -> dict[str, Manifest]:
    """What is built in, as the test says."""
    return {PAPER.slug: PAPER}


def publish(app: APIFlask, shipped: dict[str, Manifest]) -> list[str]:
    with app.app_context():
        published = publish_built_in(shipped)
        db.session.commit()
        return published


def test_every_folder_is_published(
    app: APIFlask, empty_database: None, built_in_listings: None
) -> None:
    with app.app_context():
        listed = {each.listing.slug: each.manifest for each in queries.all_published()}
    assert listed == dict(connectors.manifests())


def test_ours_are_found_by_their_address(app: APIFlask, shipped: dict[str, Manifest]) -> None:
    assert publish(app, shipped) == ["paper-birds"]
    with app.app_context():
        found = queries.published("paper-birds")
        assert (found.manifest, found.maker, found.version.number) == (PAPER, "WedSync", 1)
        with pytest.raises(NotFound):
            queries.published("paper-boats")


def test_publishing_again_changes_nothing(app: APIFlask, shipped: dict[str, Manifest]) -> None:
    publish(app, shipped)
    assert publish(app, shipped) == []


def test_a_changed_manifest_is_a_new_version_and_the_one_before_stays(
    app: APIFlask, shipped: dict[str, Manifest], database: Session
) -> None:
    publish(app, shipped)
    shipped["paper-birds"] = RENAMED
    assert publish(app, shipped) == ["paper-birds"]
    before, now = database.scalars(select(ListingVersion).order_by(ListingVersion.number)).all()
    assert (before.state, now.state) == ("superseded", "published")
    assert manifests.of(database, before.id) == PAPER
    assert manifests.of(database, now.id) == RENAMED
    with app.app_context():
        assert queries.published("paper-birds").manifest == RENAMED


def test_what_has_no_folder_any_more_takes_no_new_connections(
    app: APIFlask, shipped: dict[str, Manifest], database: Session
) -> None:
    publish(app, shipped)
    shipped.clear()
    publish(app, shipped)
    with app.app_context(), pytest.raises(NotFound):
        queries.published("paper-birds")
    shipped["paper-birds"] = PAPER
    assert publish(app, shipped) == []
    with app.app_context():
        assert queries.published("paper-birds").manifest == PAPER


def test_a_slug_that_a_partner_has_is_not_taken_over(
    app: APIFlask, shipped: dict[str, Manifest], database: Session
) -> None:
    publish(app, shipped)
    with app.app_context():
        listing = db.session.scalars(select(Listing)).one()
        listing.built_in = False
        db.session.commit()
        with pytest.raises(Conflict, match="partner's listing"):
            publish_built_in(shipped)


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert manifests.content_hash({"a": 1, "b": 2}) == manifests.content_hash({"b": 2, "a": 1})
    assert manifests.content_hash({"a": 1}) != manifests.content_hash({"a": 2})


def test_a_manifest_of_another_time_keeps_nobody_from_the_others(
    app: APIFlask, shipped: dict[str, Manifest], database: Session
) -> None:
    shipped["paper-boats"] = RENAMED.model_copy(update={"slug": "paper-boats"})
    publish(app, shipped)
    old = database.scalars(select(Listing).where(Listing.slug == "paper-birds")).one()
    database.execute(
        update(ListingVersion)
        .where(ListingVersion.id == old.published_version_id)
        .values(manifest={"slug": "paper-birds", "wings": 2})
    )
    with app.app_context():
        assert [each.listing.slug for each in queries.all_published()] == ["paper-boats"]
        with pytest.raises(NotFound):
            queries.published("paper-birds")
