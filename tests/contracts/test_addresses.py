"""No address that leads inside is kept, whoever types it and wherever, however it is spelt."""

from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from tests.contracts import address_doors
from tests.contracts.address_doors import Door, World
from tests.contracts.hostile_addresses import GOOD, all_hostile, hostile
from tests.contracts.objects import Objects
from tests.contracts.test_openapi import PATH
from tests.personas import Persona
from wedsync.platform import outbound


@pytest.fixture
def closed() -> Iterator[None]:
    """As customers have it: this machine itself is as closed as the rest."""
    before = outbound.loopback_allowed()
    outbound.allow_loopback(False)
    yield
    outbound.allow_loopback(before)


@pytest.fixture
def made(app: APIFlask, built_in_listings: None, owner: Persona) -> World:
    objects = Objects(app, owner)
    assert objects.endpoint
    assert objects.workflow
    return World(owner, objects)


@pytest.fixture
def world(made: World, closed: None) -> World:
    """What there is to be changed was made before."""
    return made


@pytest.mark.parametrize("door", address_doors.doors(), ids=lambda door: door.name)
def test_no_address_that_leads_inside_is_kept(world: World, door: Door) -> None:
    assert door.takes(world, GOOD)
    assert [url for url in hostile() if door.takes(world, url)] == []


def test_every_range_is_refused_in_every_spelling(closed: None) -> None:
    assert [url for url in all_hostile() if _is_kept(url)] == []


def _is_kept(url: str) -> bool:
    try:
        outbound.check_url(url)
    except outbound.UrlRefused:
        return False
    return True


def test_every_field_of_a_form_that_takes_an_address_is_tried() -> None:
    assert address_doors.form_fields() == address_doors.told_forms()


def test_every_property_of_the_api_that_takes_an_address_is_tried(app: APIFlask) -> None:
    document = app.test_client().get(PATH).json
    assert document is not None
    assert address_doors.body_properties(document) == address_doors.told_operations()


def test_what_the_editor_of_a_listing_writes_is_judged_in_the_manifest() -> None:
    written = set(address_doors._MANIFEST_FORMS.values())
    assert written | address_doors.ONLY_IN_FILES == set(address_doors.manifest_fields())
