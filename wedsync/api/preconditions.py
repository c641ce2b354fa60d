"""`ETag` and `If-Match` (RFC 9110, sections 8.8.3 and 13.1.1): nobody overwrites unseen changes."""

import hashlib

from flask import request
from pydantic import BaseModel
from werkzeug.http import parse_etags

from wedsync.errors import Stale

_NEVER = 0
_NOT_EDITED = {
    "created_at", "last_seen_at", "secret",
    # What we find out and do by ourselves with a connection.
    "attempt", "authorize_url", "state_since", "connected_at", "access_expires_at",
    "next_refresh_at", "last_check", "next_check_at",
}  # fmt: skip


def revision_tag(revision: int) -> dict[str, str]:
    """The header that names a revision."""
    return {"ETag": f'"{revision}"'}


def content_tag(answer: BaseModel) -> dict[str, str]:
    """The header that names what a resource looks like, for those without a revision."""
    return {"ETag": f'"{_digest(answer)}"'}


def expected_revision(current: int) -> int | None:
    """The revision `If-Match` asks for: None without the header, one that never was for others.

    The service compares it again under the row's lock.
    """
    header = request.headers.get("If-Match")
    if header is None:
        return None
    return current if parse_etags(header).contains_weak(str(current)) else _NEVER


def check_content(answer: BaseModel) -> None:
    """Refuse when `If-Match` is there and names another content. Raises Stale with the current."""
    header = request.headers.get("If-Match")
    if header is None or parse_etags(header).contains_weak(_digest(answer)):
        return
    raise Stale(
        "Somebody changed this since you read it. Look at it again, then decide.",
        extra={"current": answer.model_dump(mode="json")},
    )


def _digest(answer: BaseModel) -> str:
    seen = answer.model_dump_json(exclude=_NOT_EDITED)
    return hashlib.sha256(seen.encode()).hexdigest()[:32]
