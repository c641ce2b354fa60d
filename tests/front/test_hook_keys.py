"""The keys that hooks are opened with: those found in the same look, however many it needs."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import pytest

from wedsync.errors import Unavailable
from wedsync.front.hook_cache import HookCache, KnownHook
from wedsync.front.link import Link
from wedsync.platform import crypto, ids
from wedsync.platform.vault import (
    Keyring,
    KeyRow,
    OpenKey,
    Vault,
    known_keys,
    place,
    seal_with,
    wrapping,
)

Row = tuple[Any, ...]


class Away:
    """A database that holds some hooks, and their keys; `forgets` is whose memory of keys passes
    its minute while these are read."""

    def __init__(self, ring: Keyring, forgets: Vault | None = None) -> None:
        self._ring, self._forgets = ring, forgets
        self.hooks: dict[str, Row] = {}
        self.keys: dict[UUID, Row] = {}

    def add(self, token: str, *, is_destroyed: bool = False) -> None:
        """A hook of an organization of its own."""
        whose, hook_id = ids.new_id(), ids.new_id()
        key = OpenKey(ids.new_id(), crypto.new_key(), 0.0)
        secret = seal_with(key, whose, place("hooks", hook_id, "secret"), token.encode())
        wrapped = b"" if is_destroyed else wrapping.wrap(self._ring.current, whose, key.key)
        self.keys[whose] = (whose, key.id, None, wrapped, None, None, False, is_destroyed, True)
        self.hooks[token] = (
            token, hook_id, whose, None, "standard_webhooks", {}, None, 0, None, secret, None,
        )  # fmt: skip

    async def run(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        if "FROM hooks" in statement:
            return [self.hooks[token] for token in parameters[0] if token in self.hooks]
        if self._forgets is not None:
            self._forgets._known = known_keys.KnownKeys(self._ring)
        return [self.keys[whose] for whose in parameters[0]]


def found(cache: HookCache, *tokens: str) -> list[KnownHook | BaseException | None]:
    async def ask() -> list[KnownHook | BaseException | None]:
        return await asyncio.gather(*map(cache.find, tokens), return_exceptions=True)

    return asyncio.run(ask())


def test_a_key_that_passes_its_minute_in_between_is_no_loss() -> None:
    ring = Keyring([crypto.new_key()])
    vault, one, other = Vault(ring), "o" * 20, "t" * 20
    database = Away(ring, forgets=vault)
    for token in (one, other):
        database.add(token)
    vault.learn([KeyRow(*database.keys[database.hooks[one][2]])])
    hooks = found(HookCache(cast(Link, database), vault), one, other)
    assert [hook.secrets for hook in hooks if isinstance(hook, KnownHook)] == [(one,), (other,)]


def test_what_does_not_open_now_is_asked_for_again_and_what_was_destroyed_is_no_hook(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mine, lost = Keyring([crypto.new_key()]), Keyring([crypto.new_key()])
    database, elsewhere = Away(mine), Away(lost)
    for token in ("g" * 20, "d" * 20):
        database.add(token, is_destroyed=token[0] == "d")
    elsewhere.add("l" * 20)
    database.hooks |= elsewhere.hooks
    database.keys |= elsewhere.keys
    cache = HookCache(cast(Link, database), Vault(mine))
    good, destroyed, locked = found(cache, "g" * 20, "d" * 20, "l" * 20)
    assert isinstance(good, KnownHook)
    assert destroyed is None
    assert isinstance(locked, Unavailable)
    database.keys |= {whose: (*row[:3], wrapping.wrap(mine.current, whose, wrapping.unwrap(
        lost, whose, row[3])), *row[4:]) for whose, row in elsewhere.keys.items()}  # fmt: skip
    assert isinstance(found(cache, "l" * 20)[0], KnownHook), "at once, not a second later"
