"""The secrets of hooks and endpoints: sealed, shown once, two live while one replaces the other.

An endpoint may have a signing key beside its secret (`signing.py`); both are replaced at once, and
share the moment at which those before end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.runtime import vault
from wedsync.platform.vault import MASK, place
from wedsync.webhooks import signing
from wedsync.webhooks.models import Endpoint, Hook

OVERLAP = timedelta(hours=24)
"""How long the secret before still counts, where nobody says otherwise."""

Keeper: TypeAlias = Hook | Endpoint


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What checks an endpoint's `v1a`; each None where there is none."""

    present: str | None = None
    previous: str | None = None


def set_first(keeper: Keeper, secret: str) -> None:
    """Give a secret to a hook or an endpoint that has none."""
    keeper.secret = _sealed(keeper, "secret", secret)


def replace(keeper: Keeper, secret: str, overlap: timedelta = OVERLAP) -> None:
    """Put a new secret beside the present one, which counts for `overlap` more, or no more.

    A third one, still in its own overlap, ends at once. A signing key is replaced with it.
    """
    if keeper.secret is not None and overlap:
        keeper.previous_secret = _sealed(keeper, "previous_secret", opened(keeper, keeper.secret))
        keeper.previous_secret_until = clock.now() + overlap
    else:
        end_overlap(keeper)
    if isinstance(keeper, Endpoint) and keeper.signing_key is not None:
        _replace_signing_key(keeper, keeps=bool(overlap))
    set_first(keeper, secret)


def end_overlap(keeper: Keeper) -> None:
    """From now on only the present secret, and signing key, counts."""
    keeper.previous_secret = keeper.previous_secret_until = None
    if isinstance(keeper, Endpoint):
        keeper.previous_signing_key = None


def forget(endpoint: Endpoint) -> None:
    """Nothing is signed for it any more, and nothing left that could."""
    endpoint.secret = b""
    end_overlap(endpoint)
    set_signing_key(endpoint, wanted=False)


def opened(keeper: Keeper, sealed: bytes) -> str:
    """The present secret in the clear."""
    return _open(keeper, "secret", sealed)


def masked(keeper: Keeper) -> str | None:
    """What is shown of a secret after its first showing; None when there is none."""
    return MASK if keeper.secret is not None else None


def overlap_until(keeper: Keeper) -> datetime | None:
    """Until when the secret before counts; None when only one does."""
    until = keeper.previous_secret_until
    return until if until is not None and until > clock.now() else None


def set_signing_key(endpoint: Endpoint, *, wanted: bool) -> None:
    """Let an endpoint be signed for with a key pair too, or no more; one that it has stays."""
    if wanted and endpoint.signing_key is None:
        endpoint.signing_key = _sealed(endpoint, "signing_key", signing.new_signing_key())
    elif not wanted:
        endpoint.signing_key = endpoint.previous_signing_key = None


def public_keys(endpoint: Endpoint) -> PublicKeys:
    """The public keys that check what is sent now."""
    if endpoint.signing_key is None:
        return PublicKeys()
    before = endpoint.previous_signing_key if overlap_until(endpoint) else None
    return PublicKeys(
        signing.public_key(_open(endpoint, "signing_key", endpoint.signing_key)),
        signing.public_key(_open(endpoint, "previous_signing_key", before)) if before else None,
    )


def _replace_signing_key(endpoint: Endpoint, *, keeps: bool) -> None:
    if keeps and endpoint.signing_key is not None:
        before = _open(endpoint, "signing_key", endpoint.signing_key)
        endpoint.previous_signing_key = _sealed(endpoint, "previous_signing_key", before)
    endpoint.signing_key = _sealed(endpoint, "signing_key", signing.new_signing_key())


def _open(keeper: Keeper, field: str, sealed: bytes) -> str:
    where = place(keeper.__tablename__, keeper.id, field)
    return vault().open(db.session, keeper.organization_id, where, sealed).decode()


def _sealed(keeper: Keeper, field: str, secret: str) -> bytes:
    where = place(keeper.__tablename__, keeper.id, field)
    return vault().seal(db.session, keeper.organization_id, where, secret.encode())
