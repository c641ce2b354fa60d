"""Answers on their way: somebody goes to connect an account, and finds them again coming back.

They travel in the address one comes back to, sealed for the person and the recipe, since they may
name people. Nothing is stored.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from wedsync.platform import crypto, documents
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import vault
from wedsync.workflows.ready_made.recipe import Recipe

MOST_BYTES = 4_000
"""What an address carries; of longer answers those come along that fit, the shortest first."""

_LONGEST_WORD = 8_000


def sealed(by: Identity, recipe: Recipe, given: Mapping[str, str]) -> str:
    """The answers as a word of an address; empty where there are none."""
    said = _fitting({name: value for name, value in given.items() if value.strip()})
    if not said:
        return ""
    written = documents.write(said)
    sealed = vault().seal(db.session, by.organization_id, _place(by, recipe), written)
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def opened(by: Identity, recipe: Recipe, word: str) -> Mapping[str, str]:
    """The answers in a word of an address; none where that was not made for this person and
    recipe."""
    if not word or len(word) > _LONGEST_WORD:
        return {}
    try:
        sealed = urlsafe_b64decode(word + "=" * (-len(word) % 4))
        written = vault().open(db.session, by.organization_id, _place(by, recipe), sealed)
    except (ValueError, crypto.Unsealable):
        return {}
    said: dict[str, Any] = documents.read(written)
    asked = {question.key for question in recipe.questions}
    return {name: value for name, value in said.items() if name in asked}


def _fitting(given: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name in sorted(given, key=lambda each: len(given[each])):
        if len(documents.write({**kept, name: given[name]})) <= MOST_BYTES:
            kept[name] = given[name]
    return kept


def _place(by: Identity, recipe: Recipe) -> str:
    return f"ready-made:{by.user_id}:{recipe.key}"
