"""Who listens at a token: read from the database at most once a second, many tokens at once."""

import asyncio
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from wedsync.front.answers import busy, database_away
from wedsync.front.link import DatabaseAway, Link
from wedsync.platform import crypto
from wedsync.platform.crypto import Unsealable
from wedsync.platform.vault import Destroyed, Found, KeyRow, OpenKey, Vault, open_with, place
from wedsync.platform.vault.known_keys import OF_ORGANIZATIONS_FOR_PSYCOPG
from wedsync.webhooks import schemes
from wedsync.webhooks.hooks.service import MOST_PER_MINUTE

FRESH_S = 1.0
_MOST_KNOWN = 10_000
_MOST_LOOKED_UP = 2_000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")

_FIND = (
    "SELECT h.token, h.id, h.organization_id, h.connection_id, h.scheme, h.options, h.event_type,"
    " h.quota_per_minute,"
    " CASE WHEN h.handshake_until > clock_timestamp() THEN h.handshake_until"
    # Some partners try the address while they are being told of it.
    "  WHEN h.subscription = 'wanted' THEN clock_timestamp() + interval '1 minute' END,"
    " h.secret, CASE WHEN h.previous_secret_until > clock_timestamp() THEN h.previous_secret END"
    " FROM hooks h"
    " WHERE h.token = ANY(%b::text[]) AND h.state <> 'off'"
)

_Keys: TypeAlias = Mapping[tuple[UUID, UUID | None], Found]
"""Keys by organization and id, None standing for the one that seals."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownHook:
    """A hook that is not off, with its secrets open and the key its bodies are sealed under.

    `source` is whom its events come from: the hook, or the connection whose hook it is. It takes
    at most `quota` requests in a minute, and echoes until `handshake_until`.
    """

    id: UUID
    organization_id: UUID
    source: str
    scheme_name: str
    scheme: schemes.Scheme
    options: Mapping[str, Any]
    event_type: str | None
    secrets: tuple[str, ...]
    masked: frozenset[str]
    quota: int
    handshake_until: datetime | None
    key: OpenKey

    def __repr__(self) -> str:
        return f"KnownHook({self.id})"


class _Remembered(OrderedDict[str, tuple[float, KnownHook | None]]):
    """The latest answers; the longest unused one leaves first."""

    def keep(self, token: str, hook: KnownHook | None) -> None:
        self[token] = (time.monotonic() + FRESH_S, hook)
        self.move_to_end(token)
        if len(self) > _MOST_KNOWN:
            self.popitem(last=False)


class HookCache:
    """Finds hooks by token. Tokens nobody has are remembered too, apart from the others, so that
    guessing cannot push real hooks out."""

    def __init__(self, link: Link, vault: Vault) -> None:
        self._link = link
        self._vault = vault
        self._known = _Remembered()
        self._unknown = _Remembered()
        self._wanted: dict[str, asyncio.Future[KnownHook | None]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def find(self, token: str) -> KnownHook | None:
        """The hook at this token; None when there is none or it is off.

        Raises Unavailable when the database is away or too many strangers are being looked up.
        """
        found = self._known.get(token) or self._unknown.get(token)
        if found is not None and time.monotonic() < found[0]:
            return found[1]
        if not _TOKEN.fullmatch(token):
            return None
        return await asyncio.shield(self._look_up(token))

    def _look_up(self, token: str) -> "asyncio.Future[KnownHook | None]":
        """One look for everybody who waits for this token."""
        waiting = self._wanted.get(token)
        if waiting is None:
            if len(self._wanted) >= _MOST_LOOKED_UP:
                raise busy()
            waiting = self._wanted[token] = asyncio.get_running_loop().create_future()
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
        return waiting

    async def _look(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            try:
                rows = await self._link.run(_FIND, [list(wanted)])
                keys = await self._keys_for(rows)
                hooks = {row[0]: self._open(row, keys) for row in rows}
            except (DatabaseAway, psycopg.Error, LookupError, ValueError):
                # Whatever the reason, nobody is left waiting: they are told to come again.
                log.warning("hooks could not be looked up", exc_info=True)
                for waiting in wanted.values():
                    waiting.set_exception(database_away())
                    waiting.exception()  # nobody may be waiting any more
                continue
            for token, waiting in wanted.items():
                self._answer(token, waiting, hooks.get(token))

    async def _keys_for(self, rows: Sequence[TupleRow]) -> _Keys:
        """The keys that these hooks need; read where they were not within the minute."""
        wanted = {(row[2], each) for row in rows for each in (None, *crypto.key_ids_of(row[-2:]))}
        keys = {each: key for each in wanted if (key := self._known_key(*each)) is not None}
        unknown = {organization_id for organization_id, _ in wanted - keys.keys()}
        if unknown:
            found = await self._link.run(OF_ORGANIZATIONS_FOR_PSYCOPG, [list(unknown)])
            for row, key in self._vault.learn(KeyRow(*row) for row in found):
                keys[row.organization_id, row.id] = key
                if not row.is_retired:
                    keys[row.organization_id, None] = key
        return keys

    def _known_key(self, organization_id: UUID, key_id: UUID | None) -> Found | None:
        try:
            return self._vault.known(organization_id, key_id)
        except Destroyed as error:
            return error

    def _answer(
        self,
        token: str,
        waiting: "asyncio.Future[KnownHook | None]",
        found: KnownHook | Unsealable | None,
    ) -> None:
        """Tell who waits; what does not open at this moment is asked for again the next time."""
        if isinstance(found, Unsealable):
            waiting.set_exception(database_away())
            waiting.exception()
        else:
            self._remember(token, found)
            waiting.set_result(found)

    def _remember(self, token: str, hook: KnownHook | None) -> None:
        chosen, other = (
            (self._unknown, self._known) if hook is None else (self._known, self._unknown)
        )
        chosen.keep(token, hook)
        other.pop(token, None)

    def _open(self, row: TupleRow, keys: _Keys) -> KnownHook | Unsealable | None:
        """Open a row's secrets. A hook whose organization's key was destroyed is no hook any more;
        where the key is not to be had now, or does not open them, it may be had yet."""
        _, hook_id, organization_id, connection_id, scheme_name, options, event_type, *more = row
        quota, handshake_until, *sealed = more
        source = f"connection:{connection_id}" if connection_id else f"hook:{hook_id}"
        try:
            key = _key(keys, organization_id)
            secrets = _secrets(keys, organization_id, hook_id, *sealed)
        except Unsealable as error:
            log.warning("the secrets of hook %s do not open: %s", hook_id, error)
            return None if isinstance(error, Destroyed) else error
        scheme = schemes.named(scheme_name)
        masked = scheme.SIGNED_HEADERS | {str(options.get("header", "")).lower()}
        return KnownHook(
            hook_id,
            organization_id,
            source,
            scheme_name,
            scheme,
            options,
            event_type,
            secrets,
            masked,
            quota or MOST_PER_MINUTE,
            handshake_until,
            key,
        )


def _key(keys: _Keys, organization_id: UUID, key_id: UUID | None = None) -> OpenKey:
    found = keys.get((organization_id, key_id))
    if found is None:
        raise Unsealable("The key to this is not there.")
    if isinstance(found, Unsealable):
        raise type(found)(str(found))
    return found


def _secrets(
    keys: _Keys,
    organization_id: UUID,
    hook_id: UUID,
    secret: bytes | None,
    previous: bytes | None,
) -> tuple[str, ...]:
    return tuple(
        open_with(
            _key(keys, organization_id, crypto.key_id_of(sealed)),
            organization_id,
            place("hooks", hook_id, field),
            sealed,
        ).decode()
        for field, sealed in (("secret", secret), ("previous_secret", previous))
        if sealed is not None
    )
