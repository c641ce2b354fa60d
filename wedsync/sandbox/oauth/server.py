"""Authlib's authorization server, strict: S256 only, rotation, one redemption, `iss` always."""

import secrets
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import grants as stock
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from flask import Flask, Response, request

from wedsync.sandbox.faults import Switches
from wedsync.sandbox.hooks import Subscriptions
from wedsync.sandbox.oauth.grants import SCOPES, Account, Clients, Code, Grants, Token

_METHODS = ["client_secret_basic", "client_secret_post"]


class S256Only(CodeChallenge):
    """PKCE as RFC 9700 (2.1.1) wants it: always, and never `plain`."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's attribute
    CODE_CHALLENGE_METHODS = {"S256": CodeChallenge.CODE_CHALLENGE_METHODS["S256"]}  # noqa: RUF012

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        given = grant.request.payload.data
        if not given.get("code_challenge") or given.get("code_challenge_method") != "S256":
            raise InvalidRequestError("PKCE with S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(stock.AuthorizationCodeGrant):
    server: "PracticeServer"

    def save_authorization_code(self, code: str, asked: Any) -> None:
        self.server.grants.keep_code(
            code,
            asked.client.get_client_id(),
            asked.user.id,
            redirect_uri=asked.payload.redirect_uri,
            scope=self.server.granted_scope(asked.scope),
            challenge=asked.payload.data["code_challenge"],
        )

    def query_authorization_code(self, code: str, client: Any) -> Code | None:
        return self.server.grants.code(code, client.get_client_id())

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """It is kept, marked with what it gave, so that a second redemption is noticed."""

    def authenticate_user(self, authorization_code: Code) -> Account:
        return Account(authorization_code.account_id)


class RefreshGrant(stock.RefreshTokenGrant):
    server: "PracticeServer"
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:  # noqa: N802 - Authlib's name
        return self.server.rotates

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        token = self.server.grants.token(refresh_token, "refresh")
        if token is None or not token.check_client(self.client) or token.revoked:
            return None
        if token.spent:
            self.server.grants.note_reuse(token)
            return None
        return token

    def authenticate_user(self, refresh_token: Token) -> Account:
        return Account(refresh_token.account_id)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        self.server.grants.note_refresh(refresh_token, spend=self.server.rotates)


class Revocation(RevocationEndpoint):
    server: "PracticeServer"
    CLIENT_AUTH_METHODS = _METHODS

    def query_token(self, token_string: str, _hint: str | None) -> Token | None:
        return self.server.grants.token(token_string)

    def revoke_token(self, token: Token, _asked: Any) -> None:
        if token.kind == "access":
            self.server.grants.revoke_access(token)
            return
        self.server.grants.revoke(token.family_id, "client")
        self.server.subscriptions.remove_those_of(token.family_id)


class OnePlace(FlaskOAuth2Payload):
    """Parameters of the authorization request come in its address, all others in the body."""

    @property
    def data(self) -> Any:
        return request.args if request.path == "/oauth/authorize" else request.form


class PracticeServer(AuthorizationServer):
    def __init__(
        self,
        clients: Clients,
        grants: Grants,
        subscriptions: Subscriptions,
        switches: Switches,
        issuer: str,
    ) -> None:
        super().__init__(query_client=clients.find, save_token=self._keep)
        self.grants = grants
        self.subscriptions = subscriptions
        self._switches = switches
        self._issuer = issuer

    def register(self, app: Flask) -> None:
        app.config["OAUTH2_SCOPES_SUPPORTED"] = list(SCOPES)
        self.init_app(app)
        self.register_token_generator("default", self._bearer)
        self.register_grant(CodeGrant, [S256Only(required=True)])
        self.register_grant(RefreshGrant)
        self.register_endpoint(Revocation)

    @property
    def rotates(self) -> bool:
        """Whether a refresh gives a new refresh token; if not, the old one goes on."""
        return "refresh_token" not in self._switches.now.token_leaves_out

    def granted_scope(self, asked: str) -> str:
        """What was left ticked of what was asked."""
        if "choose" not in request.form and "scope" not in request.form:
            return asked
        ticked = set(request.form.getlist("scope"))
        return " ".join(scope for scope in asked.split() if scope in ticked)

    def create_oauth2_request(self, _request: Any) -> FlaskOAuth2Request:
        made = FlaskOAuth2Request(request)
        made.payload = OnePlace(request)
        return made

    def error_answer(self, error: OAuth2Error) -> Response:
        """To the client when we know it, with `iss` (RFC 9207); as JSON otherwise."""
        return self.with_issuer(self.handle_response(*error()))

    def with_issuer(self, response: Response) -> Response:
        if response.location:
            response.location = add_params_to_uri(response.location, {"iss": self._issuer})
        return response

    # --- parts

    def _bearer(
        self, *, grant_type: str, scope: str, include_refresh_token: bool = True, **_: Any
    ) -> dict[str, Any]:
        faults = self._switches.now
        token: dict[str, Any] = {
            "token_type": "Bearer",
            "access_token": f"petal_at_{secrets.token_urlsafe(32)}",
            "scope": scope,
        }
        if "expires_in" not in faults.token_leaves_out:
            token["expires_in"] = int(faults.token_life_s)
        if include_refresh_token and (grant_type == "authorization_code" or self.rotates):
            token["refresh_token"] = f"petal_rt_{secrets.token_urlsafe(32)}"
        return token

    def _keep(self, token: dict[str, Any], asked: Any) -> None:
        if asked.authorization_code is not None:
            client_id = asked.client.get_client_id()
            family = self.grants.begin_family(client_id, asked.user.id, token["scope"])
            self.grants.redeem(asked.authorization_code, family)
        else:
            family = asked.refresh_token.family_id
        self.grants.keep_tokens(family, token, self._switches.now.token_life_s)
