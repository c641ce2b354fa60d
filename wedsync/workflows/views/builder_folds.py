"""Which branches of a draft somebody keeps folded on this device: in a cookie of its own
address, written by the builder's script and read here, so that a page is drawn as it was left."""

import hashlib
import re
from dataclasses import dataclass

from flask import request

from wedsync.platform.identity import Identity

MOST = 60

_ELEMENT = re.compile(r"step-[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True, slots=True)
class Folds:
    """`cookie` is this person's own, since several may share a device; `folded` are elements."""

    cookie: str
    folded: frozenset[str]


def folds_of(person: Identity) -> Folds:
    """What this person folded here; what a cookie says beside elements is left out."""
    told = hashlib.blake2b(str(person.user_id).encode(), digest_size=6).hexdigest()
    cookie = f"ws-folded-{told}"
    named = request.cookies.get(cookie, "").split(".")[:MOST]
    return Folds(cookie, frozenset(each for each in named if _ELEMENT.fullmatch(each)))
