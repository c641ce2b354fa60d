"""The secrets of hooks and endpoints: sealed, shown once, two live while one replaces the other."""

from datetime import datetime, timedelta
from typing import TypeAlias

from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.runtime import vault
from wedsync.platform.vault import MASK, place
from wedsync.webhooks.models import Endpoint, Hook

OVERLAP = timedelta(hours=24)
"""How long the secret before still counts."""

Keeper: TypeAlias = Hook | Endpoint


def set_first(keeper: Keeper, secret: str) -> None:
    """Give a secret to a hook or an endpoint that has none."""
    keeper.secret = _sealed(keeper, "secret", secret)


def replace(keeper: Keeper, secret: str) -> None:
    """Put a new secret beside the present one, which counts for a day more.

    A third one, still in its own day, ends at once.
    """
    if keeper.secret is not None:
        keeper.previous_secret = _sealed(keeper, "previous_secret", opened(keeper, keeper.secret))
        keeper.previous_secret_until = clock.now() + OVERLAP
    set_first(keeper, secret)


def opened(keeper: Keeper, sealed: bytes) -> str:
    """The present secret in the clear."""
    where = place(keeper.__tablename__, keeper.id, "secret")
    return vault().open(db.session, keeper.organization_id, where, sealed).decode()


def masked(keeper: Keeper) -> str | None:
    """What is shown of a secret after its first showing; None when there is none."""
    return MASK if keeper.secret is not None else None


def overlap_until(keeper: Keeper) -> datetime | None:
    """Until when the secret before counts; None when only one does."""
    until = keeper.previous_secret_until
    return until if until is not None and until > clock.now() else None


def _sealed(keeper: Keeper, field: str, secret: str) -> bytes:
    where = place(keeper.__tablename__, keeper.id, field)
    return vault().seal(db.session, keeper.organization_id, where, secret.encode())
