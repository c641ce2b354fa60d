"""When a token is renewed and how long it may be used. Pure; every instant is aware."""

from datetime import datetime, timedelta

from wedsync.connections.token_answers import SHORTEST_LIFE_S

KEEP_ALIVE = timedelta(days=7)
"""A grant nobody uses is renewed this often: providers forget those that sleep for weeks."""

CHECK_EVERY = timedelta(minutes=30)
CHECK_AGAIN = timedelta(minutes=5)
"""How often an account is looked at, and how soon again after it did not answer."""

_SHORTEST_LIFE = timedelta(seconds=SHORTEST_LIFE_S)
_MARGIN = timedelta(seconds=10)
_LEAST_MARGIN = timedelta(seconds=1)  # providers count whole seconds, and round
_JITTER = 0.1
_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 900.0


def refresh_due_at(
    issued: datetime, expires: datetime | None, *, renewable: bool, random: float
) -> datetime | None:
    """When to renew: at half the token's life, a tenth of that earlier by `random` (0 to 1), and
    at least once a week. What cannot be renewed is due when it ends."""
    if not renewable:
        return expires
    soon = 1 - _JITTER * random
    kept_alive = issued + KEEP_ALIVE * soon
    if expires is None:
        return kept_alive
    return min(issued + (expires - issued) / 2 * soon, kept_alive)


def is_dying(issued: datetime | None, expires: datetime | None, now: datetime) -> bool:
    """Whether a token has too little life left for a call to begin with it."""
    if expires is None:
        return False
    margin = _MARGIN if issued is None else min(_MARGIN, max(_LEAST_MARGIN, (expires - issued) / 4))
    return now >= expires - margin


def may_have_ended(issued: datetime | None, expires: datetime | None, now: datetime) -> bool:
    """Whether a token that was refused may just have run out, somewhat early, or at an end that
    nobody told us: it had half of its life behind it, or half of the shortest there is."""
    if issued is None:
        return False
    life = expires - issued if expires is not None else _SHORTEST_LIFE
    return now >= issued + life / 2


def next_try_at(
    failures: int, now: datetime, *, random: float, retry_after_s: float | None = None
) -> datetime:
    """When to ask again after `failures` tries in a row: 2 s, doubling to a quarter of an hour,
    and never before the provider's Retry-After."""
    wait = min(_FIRST_WAIT_S * 2 ** min(failures - 1, 12), _LONGEST_WAIT_S)
    return now + timedelta(seconds=max(wait * (1 + _JITTER * random), retry_after_s or 0.0))


def next_check_at(now: datetime, *, well: bool, random: float) -> datetime:
    """When to look at the account again; spread by a fifth, so that not all are looked at once."""
    return now + (CHECK_EVERY if well else CHECK_AGAIN) * (0.9 + 0.2 * random)
