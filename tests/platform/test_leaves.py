"""Sensitive values are sealed where they stand, opened only on purpose, masked otherwise."""

import time

from wedsync.platform import crypto, ids, leaves
from wedsync.platform.vault import OpenKey

ORGANIZATION = ids.new_id()
KEY = OpenKey(ids.new_id(), crypto.new_key(), time.monotonic())
DOCUMENT = {"guest": {"name": "Rosa", "allergy": "nuts"}, "people": [{"note": "a"}, {"note": "b"}]}


def sealed():
    return leaves.seal_at(DOCUMENT, ["guest.allergy", "people.note"], ORGANIZATION, KEY)


def test_named_values_are_sealed_and_the_rest_stays_readable():
    document = sealed()
    assert document["guest"]["name"] == "Rosa"
    assert leaves.is_sealed(document["guest"]["allergy"])
    assert all(leaves.is_sealed(person["note"]) for person in document["people"])
    assert b"nuts" not in repr(document).encode()


def test_opening_gives_the_document_back():
    assert leaves.open_all(sealed(), ORGANIZATION, lambda _ids: {KEY.id: KEY}) == DOCUMENT


def test_masking_says_only_that_something_is_there():
    assert leaves.mask_all(sealed())["guest"]["allergy"] == {"$sealed": "hidden"}


def test_masking_at_paths_is_as_if_they_had_been_sealed():
    paths = ["guest.allergy", "people.note", "guest.age"]
    assert leaves.mask_at(DOCUMENT, paths) == leaves.mask_all(sealed())
    assert leaves.mask_at({"guest": {"allergy": None}}, paths) == {"guest": {"allergy": None}}


def test_a_path_that_leads_nowhere_changes_nothing():
    assert leaves.seal_at(DOCUMENT, ["guest.age", "x.y", ""], ORGANIZATION, KEY) == DOCUMENT


def test_a_document_without_sealed_leaves_is_not_copied_and_asks_for_no_key():
    def no_key(_ids):
        raise AssertionError("no key is needed")

    assert leaves.open_all(DOCUMENT, ORGANIZATION, no_key) is DOCUMENT


def test_what_a_stranger_made_look_sealed_stays_as_it_is():
    for fake in ("hidden", "%%%", "AAAA", "", "Zoë"):
        document = {"x": {"$sealed": fake}}
        assert leaves.open_all(document, ORGANIZATION, lambda _ids: {KEY.id: KEY}) == document


def test_a_leaf_does_not_open_for_another_organization():
    other = leaves.open_all(sealed(), ids.new_id(), lambda _ids: {KEY.id: KEY})
    assert leaves.is_sealed(other["guest"]["allergy"])
