"""API keys: for people's own scripts. Shown once, kept hashed, scoped, expiring, revocable."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from wedsync.accounts import tokens
from wedsync.accounts.models import ApiKey
from wedsync.audit import service as audit
from wedsync.errors import FieldError, Invalid, NotFound, NotSignedIn
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity

PREFIX = "wsk_"
EVERYTHING = "*"
# What a key can be let into, in the words of the page where it is made.
RESOURCES = {
    "workflows": "workflows",
    "runs": "what happened",
    "run-batches": "many runs run again",
    "books": "the books",
    "health": "how everything does",
    "analytics": "figures",
    "approvals": "questions and their answers",
    "connections": "connections",
    "events": "events",
    "hooks": "incoming webhooks",
    "endpoints": "outgoing webhooks",
    "deliveries": "deliveries",
    "replays": "what is sent again",
    "messages": "messages to fetch",
    "weddings": "weddings",
    "message-rules": "rules for messages to couples",
}
BY_NAME_ONLY = frozenset({"message-rules:write"})
"""What on the pages only owners change: a key does it when an owner gave it this by name."""

_RIGHTS = ("read", "write")
_HINT = len(PREFIX) + 6
_USED_EVERY = timedelta(minutes=1)


def create(
    organization_id: UUID,
    name: str,
    scopes: Iterable[str],
    *,
    by: Identity | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the string is the key itself, which nobody can be shown again.

    `by` is None at the command line. Raises Invalid for unknown scopes or a moment in the past.
    """
    granted = checked_scopes(scopes)
    if expires_at is not None and expires_at <= clock.now():
        raise Invalid("The key would have expired already.")
    raw = tokens.new(PREFIX)
    key = ApiKey(
        organization_id=organization_id,
        name=name.strip() or "API key",
        hint=raw[:_HINT],
        key_hash=tokens.hashed(raw),
        scopes=granted,
        created_by=by.user_id if by else None,
        expires_at=expires_at,
    )
    db.session.add(key)
    db.session.flush()
    _record("api_key.created", key, by)
    return key, raw


def find(raw: str) -> ApiKey:
    """The live key behind what was sent. Raises NotSignedIn."""
    if not tokens.is_well_formed(raw, PREFIX):
        raise NotSignedIn("This is not an API key of ours.", code="api_key_unknown")
    key = db.session.scalar(select(ApiKey).where(ApiKey.key_hash == tokens.hashed(raw)))
    if key is None:
        raise NotSignedIn("This API key is not known.", code="api_key_unknown")
    if key.revoked_at is not None:
        raise NotSignedIn("This API key was revoked.", code="api_key_revoked")
    if key.expires_at is not None and key.expires_at <= clock.now():
        raise NotSignedIn("This API key has expired.", code="api_key_expired")
    return key


def identity_of(key: ApiKey) -> Identity:
    """A key acts as an editor: it never manages people or keys, whatever its scopes, and does
    what is an owner's only where that was given by name."""
    return Identity(
        organization_id=key.organization_id,
        user_id=None,
        role="editor",
        kind="api_key",
        credential_id=key.id,
        scopes=frozenset(_opened(key.scopes)),
    )


def touch(key: ApiKey) -> bool:
    """Note that the key was used; True when that changed the row (once a minute at most)."""
    now = clock.now()
    if key.last_used_at is not None and now - key.last_used_at < _USED_EVERY:
        return False
    key.last_used_at = now
    return True


def live(organization_id: UUID) -> list[ApiKey]:
    """The organization's keys that still open something, the newest first."""
    return list(
        db.session.scalars(
            select(ApiKey)
            .where(
                ApiKey.organization_id == organization_id,
                ApiKey.revoked_at.is_(None),
                or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > clock.now()),
            )
            .order_by(ApiKey.id.desc())
        )
    )


def revoke(by: Identity, key_id: UUID) -> ApiKey:
    """End a key at once. Raises NotFound for somebody else's, or one that was revoked."""
    key: ApiKey | None = db.session.scalar(
        update(ApiKey)
        .where(
            ApiKey.organization_id == by.organization_id,
            ApiKey.id == key_id,
            ApiKey.revoked_at.is_(None),
        )
        .values(revoked_at=clock.now())
        .returning(ApiKey)
    )
    if key is None:
        raise NotFound("There is no such key any more.")
    _record("api_key.revoked", key, by)
    return key


def all_scopes() -> list[str]:
    """Every scope a key can be given, `*` apart."""
    return [f"{resource}:{right}" for resource in RESOURCES for right in _RIGHTS]


def checked_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes in order, each once and none that another includes. Raises Invalid for none, or
    for one that does not exist."""
    wanted = sorted({scope.strip() for scope in scopes if scope.strip()})
    unknown = sorted(set(wanted).difference(all_scopes(), [EVERYTHING]))
    if unknown or not wanted:
        message = f"There is no scope {unknown[0]}." if unknown else "Choose what the key may do."
        raise Invalid(message, errors=[FieldError("/scopes", "unknown_scope", message)])
    if EVERYTHING in wanted:
        return [EVERYTHING, *sorted(BY_NAME_ONLY.intersection(wanted))]
    return wanted


def in_words(scopes: Iterable[str]) -> str:
    """`"May see workflows and deliveries; may change events."`, for a page."""
    granted = set(scopes)
    if EVERYTHING in granted and granted >= BY_NAME_ONLY:
        return "May see and change everything."
    if EVERYTHING in granted:
        apart = [RESOURCES[scope.partition(":")[0]] for scope in BY_NAME_ONLY - granted]
        return f"May see everything and change everything but {_listed(sorted(apart))}."
    writes = [words for name, words in RESOURCES.items() if f"{name}:write" in granted]
    reads = [words for name, words in RESOURCES.items() if f"{name}:read" in granted]
    parts = [
        f"may {verb} {_listed(words)}"
        for verb, words in (("see", reads), ("change", writes))
        if words
    ]
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def _opened(scopes: Iterable[str]) -> set[str]:
    """Every scope that these open."""
    granted = set(scopes)
    if EVERYTHING not in granted:
        return granted
    return granted.union(all_scopes()) - (BY_NAME_ONLY - granted) - {EVERYTHING}


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _record(action: str, key: ApiKey, by: Identity | None) -> None:
    audit.record(action, "api_key", key.id, organization_id=key.organization_id, by=by)
