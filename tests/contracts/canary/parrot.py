"""A far end that says back whatever it is sent, and every way a connector can authorise at it."""

from typing import Any

import orjson

from tests.contracts.canary.canaries import MARK
from tests.far_ends.rest_service import Asked, Prepared, RestService

_TOKEN_PATHS = ("/token", "/long")
_CLIENT = [
    {"name": "client_id", "title": "Client id"},
    {"name": "client_secret", "title": "Client secret", "kind": "secret"},
]
_KEY = [{"name": "api_key", "title": "Key", "kind": "secret"}]
_LOGIN = [
    {"name": "username", "title": "Name"},
    {"name": "password", "title": "Password", "kind": "secret"},
]


class Parrot(RestService):
    """Says back what it was sent, address and all; `status` and `kind` are how."""

    status = 200
    kind = "application/json"
    refuses_tokens = ""

    def answer_to(self, asked: Asked) -> Prepared:
        self.asked.append(asked)
        said = f"{asked.target} {dict(asked.headers)} {asked.body.decode()}"
        if asked.path in _TOKEN_PATHS and not self.refuses_tokens:
            return Prepared(200, {"Content-Type": "application/json"}, self._token(said))
        status = 400 if asked.path in _TOKEN_PATHS else self.status
        known = {"id": "acct_1", "name": said[:150], "message": said, "sent": dict(asked.headers)}
        entries = {"tables": [{"id": said[:90], "name": said[:60]}]}
        error = {"error": self.refuses_tokens or said, "error_description": said}
        body = orjson.dumps({**known, **entries, **error})
        sent = asked.headers.get("authorization", "none")
        headers = {"Content-Type": self.kind, "X-Said": sent}
        if self.kind == "text/html":
            body = b"<!doctype html><h1>" + said.encode() + b"</h1>"
        return Prepared(status, headers, body)

    def _token(self, said: str) -> bytes:
        number = sum(asked.path in _TOKEN_PATHS for asked in self.asked)
        tokens = {
            "access_token": f"{MARK}-access-token-number-{number}",
            "refresh_token": f"{MARK}-refresh-token-number-{number}",
        }
        return orjson.dumps({**tokens, "expires_in": 3600, "said": said})

    def tokens(self) -> list[str]:
        times = sum(asked.path in _TOKEN_PATHS for asked in self.asked)
        return [
            f"{MARK}-{kind}-token-number-{number}"
            for number in range(1, times + 1)
            for kind in ("access", "refresh")
        ]


def oauth(at: str, **quirks: Any) -> dict[str, Any]:
    return {
        "authorize_url": f"{at}/authorize",
        "token_url": f"{at}/token",
        "client_from": "fields",
        **quirks,
    }


def ways(at: str) -> dict[str, dict[str, Any]]:
    """Every kind of authorising, with the quirks that carry secrets to odd places."""
    long_lived = {"grant_type": "exchange", "token_parameter": "token", "url": f"{at}/long"}
    code = {"kind": "oauth2_code", "fields": _CLIENT}
    told = {"json": {"token": "{secret.access_token}", "client_secret": "{secret.client_secret}"}}
    return {
        "header": {
            "kind": "api_key",
            "fields": _KEY,
            "headers": {"Authorization": "Bearer {secret.api_key}"},
        },
        "address": {"kind": "api_key", "fields": _KEY, "query": {"key": "{secret.api_key}"}},
        "login": {"kind": "basic", "fields": _LOGIN},
        "user-name": {
            "kind": "basic",
            "fields": _KEY,
            "basic": {"username": "{secret.api_key}"},
        },
        "client": {
            "kind": "oauth2_client_credentials",
            "fields": _CLIENT,
            "oauth": oauth(at, client_auth="post", token_body="json"),
        },
        "code": {**code, "oauth": oauth(at, rotation=False, revoke_url=f"{at}/revoke")},
        "code-changed": {
            **code,
            "oauth": oauth(at, long_lived=long_lived, revoke_url=f"{at}/revoke", revoke=told),
        },
    }
