"""What is granted: codes, token families and who may use them. Secrets are kept as hashes."""

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin

from wedsync.sandbox.settings import Client
from wedsync.sandbox.store import Store

SCOPES = {
    "guests:read": "See your guest lists and answers",
    "guests:write": "Change answers, seats, meal counts and tasks",
    "dates:write": "See your diary and hold dates",
    "webhooks": "Be told when something happens",
}
_USUAL_SCOPE = "guests:read"
_CODE_LIFE_S = 60.0


class KnownClient(ClientMixin):
    """A client as Authlib asks about it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        """Saying where to go back to is not optional here."""

    def get_allowed_scope(self, scope: str | None) -> str:
        return scope or _USUAL_SCOPE

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.client.secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}


class Clients:
    """Those the environment named, and those added since."""

    def __init__(self, named: Iterable[Client]) -> None:
        self._lock = threading.Lock()
        self._known = {client.id: client for client in named}

    def put(self, client: Client) -> None:
        with self._lock:
            self._known[client.id] = client

    def find(self, client_id: str | None) -> KnownClient | None:
        client = self._known.get(client_id or "")
        return KnownClient(client) if client else None


@dataclass(frozen=True, slots=True)
class Account:
    """Who allows: Authlib's user."""

    id: str


@dataclass(frozen=True, slots=True)
class Code(AuthorizationCodeMixin):
    hash: str
    account_id: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope


@dataclass(frozen=True, slots=True)
class Token(TokenMixin):
    """An access or refresh token, with what its family says of it."""

    hash: str
    family_id: str
    kind: str
    scope: str
    expires_at: float | None
    spent: int
    client_id: str
    account_id: str
    revoked: str | None

    def check_client(self, client: KnownClient) -> bool:
        return client.get_client_id() == self.client_id

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= time.time()

    def is_revoked(self) -> bool:
        return self.revoked is not None or bool(self.spent)


class Grants:
    """Codes and tokens in the store. Callers hold a transaction where they read and then write."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- codes

    def keep_code(
        self, code: str, client_id: str, account_id: str, *, redirect_uri: str, scope: str,
        challenge: str,
    ) -> None:  # fmt: skip
        self._store.add(
            "codes",
            hash=digest(code),
            client_id=client_id,
            account_id=account_id,
            redirect_uri=redirect_uri,
            scope=scope,
            challenge=challenge,
            expires_at=time.time() + _CODE_LIFE_S,
        )

    def code(self, code: str, client_id: str) -> Code | None:
        """A code that can still be redeemed. A second try revokes what the first one gave."""
        row = self._store.row("SELECT * FROM codes WHERE hash = ?", digest(code))
        if row is None or row["client_id"] != client_id or row["expires_at"] <= time.time():
            return None
        if row["family_id"] is not None:
            self.revoke(row["family_id"], "code_reused")
            return None
        return Code(
            row["hash"], row["account_id"], row["redirect_uri"], row["scope"], row["challenge"]
        )

    def redeem(self, code: Code, family_id: str) -> None:
        self._store.write("UPDATE codes SET family_id = ? WHERE hash = ?", family_id, code.hash)

    # --- families and tokens

    def begin_family(self, client_id: str, account_id: str, scope: str) -> str:
        family_id = f"fam_{secrets.token_hex(8)}"
        self._store.add(
            "families", id=family_id, client_id=client_id, account_id=account_id, scope=scope
        )
        return family_id

    def keep_tokens(self, family_id: str, issued: dict[str, Any], life_s: float) -> None:
        scope = issued["scope"]
        self._keep(family_id, "access", issued["access_token"], scope, time.time() + life_s)
        if "refresh_token" in issued:
            self._keep(family_id, "refresh", issued["refresh_token"], scope, None)

    def token(self, text: str, kind: str | None = None) -> Token | None:
        row = self._store.row(
            "SELECT tokens.*, client_id, account_id, revoked FROM tokens "
            "JOIN families ON families.id = family_id WHERE hash = ?",
            digest(text),
        )
        if row is None or kind not in (None, row["kind"]):
            return None
        return Token(**row)

    def note_refresh(self, token: Token, *, spend: bool) -> None:
        self._store.write(
            "UPDATE families SET refreshes = refreshes + 1 WHERE id = ?", token.family_id
        )
        if spend:
            self._store.write("UPDATE tokens SET spent = 1 WHERE hash = ?", token.hash)

    def note_reuse(self, token: Token) -> None:
        """A spent refresh token came again: somebody else may have it (RFC 9700, 4.14.2)."""
        self._store.write("UPDATE families SET reused = reused + 1 WHERE id = ?", token.family_id)
        self.revoke(token.family_id, "reused")

    def revoke(self, family_id: str, reason: str) -> None:
        self._store.write(
            "UPDATE families SET revoked = ? WHERE id = ? AND revoked IS NULL", reason, family_id
        )

    def revoke_access(self, token: Token) -> None:
        self._store.write("UPDATE tokens SET spent = 1 WHERE hash = ?", token.hash)

    # --- the switches

    def expire_all(self) -> None:
        self._store.write("UPDATE tokens SET expires_at = 0 WHERE kind = 'access'")

    def withdraw_all(self) -> None:
        self._store.write("UPDATE families SET revoked = 'withdrawn' WHERE revoked IS NULL")

    def families(self) -> list[dict[str, Any]]:
        return self._store.rows(
            "SELECT id, client_id AS client, account_id AS account, scope, refreshes, reused, "
            "revoked FROM families ORDER BY rowid"
        )

    def zero_counters(self) -> None:
        self._store.write("UPDATE families SET refreshes = 0, reused = 0")

    def _keep(
        self, family_id: str, kind: str, text: str, scope: str, expires_at: float | None
    ) -> None:
        self._store.add(
            "tokens",
            hash=digest(text),
            family_id=family_id,
            kind=kind,
            scope=scope,
            expires_at=expires_at,
        )


def digest(text: str) -> str:
    """Tokens hold 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(text.encode()).hexdigest()
