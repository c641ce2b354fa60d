"""OAuth2 as a client speaks it (RFC 6749, 7636, 7009): Authlib's protocol over the outbound door.

Every call ends with a value: a `Grant`, or a `NoGrant` that says what it means for the caller.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client

from wedsync.connections import reasons
from wedsync.connections.reasons import Reason
from wedsync.connectors import filling
from wedsync.connectors.manifest import Manifest, OAuth
from wedsync.platform import documents, outbound
from wedsync.platform.outbound import Answer, Outcome, Request
from wedsync.platform.retry_after import retry_after_s

_CLIENT_AUTH = {
    "basic": "client_secret_basic",
    "post": "client_secret_post",
    "none": "none",
}
_UNREAD = object()
_TOO_MANY = 429
_SHORTEST_LIFE_S = 2.0


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gave. `scopes` is None where its answer did not say: then it is what was
    asked (RFC 6749, 5.1); the same holds for `lives_s` and the manifest's word."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    lives_s: float | None = None
    scopes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class NoGrant:
    """`spent`: the code or refresh token is not good any more · `refused`: a full refusal for
    another cause · `later`: not processed, asking again is safe · `maybe`: it may have been
    processed, and its answer is lost."""

    kind: Literal["spent", "refused", "later", "maybe"]
    reason: Reason
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """One connector's authorization server, and who we are there."""

    name: str
    oauth: OAuth
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    roots: Mapping[str, Any] = field(repr=False)
    """What fills the manifest's addresses: `settings` and `sandbox`."""

    def authorize_url(self, state: str, verifier: str) -> str:
        """Where the person is sent (RFC 6749, 4.1.1) with an S256 challenge (RFC 7636, 4.3).

        Raises NotFilled, UrlRefused.
        """
        oauth = self.oauth
        url, _state = self._client(5.0).create_authorization_url(
            outbound.check_url(filling.url(oauth.authorize_url, self.roots)),
            state=state,
            code_verifier=verifier,
            **{"scope": self._asked_scopes() or None, **self._filled(oauth.authorize_parameters)},
        )
        return str(url)

    def exchange(self, code: str, verifier: str, timeout_s: float) -> Grant | NoGrant:
        """Redeem a code (RFC 6749, 4.1.3)."""
        return self._ask(
            timeout_s,
            lambda client, url: client.fetch_token(
                url,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                **self._filled(self.oauth.token_parameters),
            ),
        )

    def refresh(self, refresh_token: str, timeout_s: float) -> Grant | NoGrant:
        """Renew (RFC 6749, 6)."""
        return self._ask(
            timeout_s,
            lambda client, url: client.refresh_token(
                url, refresh_token=refresh_token, **self._filled(self.oauth.token_parameters)
            ),
        )

    def by_credentials(self, timeout_s: float) -> Grant | NoGrant:
        """A token for the client itself (RFC 6749, 4.4)."""
        scope = self._asked_scopes()
        asked = {"scope": scope} if scope else {}
        asked |= self._filled(self.oauth.token_parameters)
        return self._ask(
            timeout_s,
            lambda client, url: client.fetch_token(url, grant_type="client_credentials", **asked),
        )

    def revoke(self, token: str, hint: str, timeout_s: float) -> bool:
        """Tell the provider that a token is not needed any more (RFC 7009); False: not heard."""
        door = _Door(timeout_s)
        client = self._client_over(door)
        try:
            url = filling.url(self.oauth.revoke_url, self.roots)
            client.revoke_token(url, token=token, token_type_hint=hint)
        except (filling.NotFilled, UnicodeEncodeError):  # as in `_ask`
            return False
        outcome = door.outcome
        return isinstance(outcome, Answer) and outcome.status < 500

    def _asked_scopes(self) -> str:
        return self.oauth.scope_separator.join(scope.name for scope in self.oauth.scopes)

    def _filled(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The manifest's parameters with what the vendor typed; without those left empty."""
        filled = {name: filling.text(line, self.roots) for name, line in parameters.items()}
        return {name: line for name, line in filled.items() if line}

    def _ask(self, timeout_s: float, ask: Callable[[OAuth2Client, str], object]) -> Grant | NoGrant:
        door = _Door(timeout_s)
        try:
            ask(self._client_over(door), filling.url(self.oauth.token_url, self.roots))
        except (filling.NotFilled, UnicodeEncodeError):  # a client id no header can carry
            return NoGrant("refused", reasons.client_refused(self.name))
        return _read(self, door.outcome)

    def _client(self, timeout_s: float) -> OAuth2Client:
        return self._client_over(_Door(timeout_s))

    def _client_over(self, door: "_Door") -> OAuth2Client:
        return _Client(
            door,
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_endpoint_auth_method=_CLIENT_AUTH[self.oauth.client_auth],
            revocation_endpoint_auth_method=_CLIENT_AUTH[self.oauth.client_auth],
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )


def provider_of(
    manifest: Manifest,
    oauth: OAuth,
    client: tuple[str, str],
    settings: Mapping[str, Any],
    *,
    public_url: str,
    sandbox_url: str,
) -> Provider:
    """The provider of a connection; `client` is our id and secret there."""
    return Provider(
        name=manifest.name,
        oauth=oauth,
        client_id=client[0],
        client_secret=client[1],
        redirect_uri=f"{public_url}/oauth/callback/{manifest.slug}",
        roots={"settings": settings, "sandbox": sandbox_url},
    )


class _Door:
    """What Authlib takes for an HTTP session: one POST through the outbound door."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.outcome: Outcome

    def post(
        self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: ClientAuth
    ) -> "_Door":
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        self.outcome = outbound.request(
            Request("POST", url, headers=sent, body=body.encode(), timeout_s=self._timeout_s)
        )
        return self


class _Client(OAuth2Client):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's client; answers are read by us, for it raises on what providers really send."""

    def parse_response_token(self, resp: _Door) -> dict[str, Any]:
        # Authlib puts the old refresh token into it; what came is read from the door.
        self.token: dict[str, Any] = {}
        return {}


def _read(provider: Provider, outcome: Outcome) -> Grant | NoGrant:
    name = provider.name
    if not isinstance(outcome, Answer):
        if outcome.kind == "maybe":
            return NoGrant("maybe", reasons.no_answer(name))
        return NoGrant("later", reasons.unreachable(name))
    if outcome.status >= 500 or outcome.status == _TOO_MANY:
        return NoGrant("later", reasons.provider_failed(name), retry_after_s(outcome))
    said = _document(outcome)
    # Some providers say no with a 200.
    if outcome.status >= 400 or (isinstance(said, dict) and "error" in said):
        return _refusal(name, said)
    grant = _grant(provider.oauth, said)
    return grant or NoGrant("maybe", reasons.not_understood(name))


def _document(answer: Answer) -> Any:
    try:
        return documents.read(answer.body)
    except documents.BadDocument:
        return _UNREAD


def _refusal(name: str, said: Any) -> NoGrant:
    error = said.get("error") if isinstance(said, dict) else None
    if error == "invalid_grant":
        return NoGrant("spent", reasons.code_refused(name))
    if error in ("invalid_client", "unauthorized_client"):
        return NoGrant("refused", reasons.client_refused(name))
    return NoGrant("refused", reasons.not_understood(name))


def _grant(oauth: OAuth, said: Any) -> Grant | None:
    token = filling.reached(said, oauth.access_token_path)
    if not isinstance(token, str) or not token:
        return None
    # What belongs to the token stands beside it.
    beside = filling.reached(said, oauth.access_token_path.rpartition(".")[0])
    if not isinstance(beside, Mapping):
        return None
    refresh, scope = beside.get("refresh_token"), beside.get("scope")
    return Grant(
        access_token=token,
        refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        lives_s=_seconds(beside.get("expires_in")) or oauth.expires_in_s,
        scopes=tuple(_scopes(scope, oauth.scope_separator)) if isinstance(scope, str) else None,
    )


def _scopes(said: str, separator: str) -> list[str]:
    """Granted scopes; providers that separate by commas when asked may answer with spaces."""
    return [name for part in said.split(separator) for name in part.split() if name]


def _seconds(said: Any) -> float | None:
    """`expires_in` in seconds: a number, or a text that holds one."""
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        seconds = float(said)
    except ValueError:
        return None
    # A provider that says a thousandth of a second must not be asked a thousand times in one.
    return max(seconds, _SHORTEST_LIFE_S) if 0 < seconds < 10 * 365 * 86_400 else None
