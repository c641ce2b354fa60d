"""OAuth2 as a client speaks it (RFC 6749, 7636, 7009): Authlib's protocol over the outbound door.

Every call ends with a value: a `Grant`, or a `NoGrant` that says what it means for the caller
(`token_answers`).
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client

from wedsync.connections import callbacks, reasons, token_answers
from wedsync.connections.token_answers import Grant, NoGrant
from wedsync.connectors import filling, rest
from wedsync.connectors.manifest import Manifest, OAuth
from wedsync.connectors.manifest_auth import LongLived, Revocation
from wedsync.platform import documents, outbound
from wedsync.platform.outbound import Answer, Outcome, Request

__all__ = ["Grant", "NoGrant", "Provider", "provider_of"]

_CLIENT_AUTH = {
    "basic": "client_secret_basic",
    "post": "client_secret_post",
    "none": "none",
}
_ACCEPT = {"Accept": "application/json"}
_LEAST_S = 0.3
_FORM = "application/x-www-form-urlencoded"


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

    def authorize_url(
        self, state: str, verifier: str, scopes: Collection[str] | None = None
    ) -> str:
        """Where the person is sent (RFC 6749, 4.1.1) with an S256 challenge (RFC 7636, 4.3).

        `scopes` are the permissions to ask for, all of the manifest's where that is None. Raises
        NotFilled, UrlRefused.
        """
        oauth = self.oauth
        url, _state = self._client(5.0).create_authorization_url(
            outbound.check_url(filling.url(oauth.authorize_url, self.roots)),
            state=state,
            code_verifier=verifier,
            **{**self._asked_for(scopes), **self._filled(oauth.authorize_parameters)},
        )
        return str(url)

    def exchange(self, code: str, verifier: str, timeout_s: float) -> Grant | NoGrant:
        """Redeem a code (RFC 6749, 4.1.3), and change what it brought for a token that lives
        longer where the manifest says so."""
        until = time.monotonic() + timeout_s
        grant = self._redeem(code, verifier, timeout_s)
        if self.oauth.long_lived is None or isinstance(grant, NoGrant):
            return grant
        left_s = max(until - time.monotonic(), _LEAST_S)
        lasting = self._changed(self.oauth.long_lived, grant.access_token, left_s)
        if isinstance(lasting, NoGrant):
            return lasting
        return replace(lasting, scopes=lasting.scopes or grant.scopes, kept=grant.kept)

    def _redeem(self, code: str, verifier: str, timeout_s: float) -> Grant | NoGrant:
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
        """Renew (RFC 6749, 6); a token that was changed for a longer one is changed again."""
        renewal = self.oauth.renewal or self.oauth.long_lived
        if renewal is not None:
            return self._changed(renewal, refresh_token, timeout_s)
        return self._ask(
            timeout_s,
            lambda client, url: client.refresh_token(
                url, refresh_token=refresh_token, **self._filled(self.oauth.token_parameters)
            ),
        )

    def by_credentials(self, timeout_s: float) -> Grant | NoGrant:
        """A token for the client itself (RFC 6749, 4.4)."""
        asked = {**self._asked_for(), **self._filled(self.oauth.token_parameters)}
        return self._ask(
            timeout_s,
            lambda client, url: client.fetch_token(url, grant_type="client_credentials", **asked),
        )

    def revoke(self, token: str, hint: str, timeout_s: float) -> bool:
        """Tell the provider that a token is not needed any more (RFC 7009, or as the manifest
        says); False: not heard. `hint` is `refresh_token` or `access_token`, which it is."""
        door = _Door(timeout_s, self.oauth, self.roots)
        try:
            if self.oauth.revoke is not None:
                door.outcome = outbound.request(
                    self._revocation(self.oauth.revoke, token, hint, timeout_s)
                )
            else:
                url = filling.url(self.oauth.revoke_url, self.roots)
                self._client_over(door).revoke_token(url, token=token, token_type_hint=hint)
        except (filling.NotFilled, UnicodeEncodeError):  # as in `_ask`
            return False
        outcome = door.outcome
        return isinstance(outcome, Answer) and outcome.status < 500 and not _is_put_off(outcome)

    def _revocation(self, asked: Revocation, token: str, hint: str, timeout_s: float) -> Request:
        """Raises NotFilled."""
        client = {"client_id": self.client_id, "client_secret": self.client_secret}
        roots = {**self.roots, "secret": {**client, hint: token}}
        headers = {**_ACCEPT, **filling.headers(asked.headers, roots)}
        body = None
        if asked.form is not None:
            body = rest.encoded(filling.value(asked.form, roots), brackets=False).encode()
            headers["Content-Type"] = _FORM
        elif asked.json_ is not None:
            body = rest.json_body(filling.value(asked.json_, roots))
            headers["Content-Type"] = "application/json"
        url = filling.url(self.oauth.revoke_url, roots)
        return Request(asked.method, url, headers, body, timeout_s=timeout_s)

    def _changed(self, by: LongLived, token: str, timeout_s: float) -> Grant | NoGrant:
        """Another token for this one. It stands for what renews it too, since there is no other."""
        client = {"client_id": self.client_id, "client_secret": self.client_secret}
        asked = {
            "grant_type": by.grant_type,
            by.token_parameter: token,
            **({name: said for name, said in client.items() if said} if by.with_client else {}),
        }
        try:
            url = filling.url(by.url or self.oauth.token_url, self.roots)
            headers = {**_ACCEPT, **filling.headers(self.oauth.token_headers, self.roots)}
        except filling.NotFilled:
            return NoGrant("refused", reasons.client_refused(self.name))
        form = urlencode(asked)
        if by.method == "GET":
            request = Request("GET", f"{url}?{form}", headers, timeout_s=timeout_s)
        else:
            headers["Content-Type"] = _FORM
            request = Request("POST", url, headers, form.encode(), timeout_s=timeout_s)
        grant = token_answers.read(self.name, self.oauth, outbound.request(request))
        if isinstance(grant, NoGrant):
            return grant
        return replace(grant, refresh_token=grant.access_token)

    def _asked_for(self, scopes: Collection[str] | None = None) -> dict[str, str]:
        """Permissions, all of the manifest's where none are named, in what carries them."""
        oauth, separator = self.oauth, self.oauth.scope_separator
        asked = [each for each in oauth.scopes if scopes is None or each.name in scopes]
        apart = oauth.optional_scope_parameter
        optional = [each.name for each in asked if apart and not each.required]
        needed = [each.name for each in asked if each.name not in optional]
        said = {oauth.scope_parameter: separator.join(needed)}
        if apart:
            said[apart] = separator.join(optional)
        return {name: names for name, names in said.items() if names}

    def _filled(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The manifest's parameters with what the vendor typed; without those left empty."""
        filled = {name: filling.text(line, self.roots) for name, line in parameters.items()}
        return {name: line for name, line in filled.items() if line}

    def _ask(self, timeout_s: float, ask: Callable[[OAuth2Client, str], object]) -> Grant | NoGrant:
        door = _Door(timeout_s, self.oauth, self.roots)
        try:
            ask(self._client_over(door), filling.url(self.oauth.token_url, self.roots))
        except (filling.NotFilled, UnicodeEncodeError):  # a client id no header can carry
            return NoGrant("refused", reasons.client_refused(self.name))
        return token_answers.read(self.name, self.oauth, door.outcome)

    def _client(self, timeout_s: float) -> OAuth2Client:
        return self._client_over(_Door(timeout_s, self.oauth))

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
        redirect_uri=callbacks.address(public_url, manifest, settings),
        roots={"settings": settings, "sandbox": sandbox_url},
    )


def _is_put_off(answer: Answer) -> bool:
    """Whether they did not even look at it (RFC 9110, 15.5.9; RFC 6585, 4)."""
    return answer.status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class _Door:
    """What Authlib takes for an HTTP session: one POST through the outbound door."""

    def __init__(
        self, timeout_s: float, oauth: OAuth, roots: Mapping[str, Any] | None = None
    ) -> None:
        self._timeout_s = timeout_s
        self._oauth = oauth
        self._roots = roots or {}
        self.outcome: Outcome

    def post(
        self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: ClientAuth
    ) -> "_Door":
        """Raises NotFilled."""
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        content = body.encode()
        if self._oauth.token_body == "json":  # noqa: S105 - how it is written
            content = documents.write(dict(parse_qsl(body, keep_blank_values=True)))
            sent = {**_without(sent, "content-type"), "Content-Type": "application/json"}
        own = filling.headers(self._oauth.token_headers, self._roots)
        self.outcome = outbound.request(
            Request("POST", url, {**sent, **own}, content, timeout_s=self._timeout_s)
        )
        return self


def _without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {each: line for each, line in headers.items() if each.lower() != name}


class _Client(OAuth2Client):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's client; answers are read by us, for it raises on what providers really send."""

    def parse_response_token(self, resp: _Door) -> dict[str, Any]:
        # Authlib puts the old refresh token into it; what came is read from the door.
        self.token: dict[str, Any] = {}
        return {}
