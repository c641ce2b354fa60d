"""How a connector authorises, as data: the ways in, and what each provider does in its own way.

What providers do, and what says it:

- a key in a header, in the address, or as a user name: `Auth.headers`, `query`, `basic`
- permissions joined by commas, asked by another name, optional ones apart (Slack, HubSpot):
  `scope_separator`, `scope_parameter`, `optional_scope_parameter`
- permissions that answers call otherwise, include in another, or never list (Google, Shopify,
  Microsoft): `Scope.granted_as`, `Scope.silent`
- words of its own on the way out (`access_type=offline&prompt=consent`): `authorize_parameters`
- our client named in a header, in the body, or not at all; bodies in JSON and headers of its own
  (Square, Notion): `client_auth`, `token_body`, `token_headers`
- tokens that stand deeper (Slack's `authed_user`), permissions elsewhere or as a list:
  `access_token_path`, `scopes_path`
- no `expires_in`, or the instant itself (Square): `expires_in_s`, `expires_at_path`
- an address per account in its answer (Salesforce's `instance_url`): `from_answer`
- the account in the address that leads back (QuickBooks' `realmId`): `from_callback`
- a host per account that the vendor types (Shopify's shop), said again on the way back:
  `{settings.…}` in addresses, `callback_matches`
- whose account it is in a header of every request (Xero's tenant): `{account.id}` in `headers`
- tokens changed for longer ones and never refreshed (Meta, Instagram): `long_lived`, `renewal`
- refusals in words of its own (Slack's `invalid_code`): `error_path`, `spent_errors`
- tokens taken back in another way (Dropbox, HubSpot, Square): `revoke`, `revokes`
"""

from typing import Any, Literal

from pydantic import Field

from wedsync.connectors.manifest_base import Key, Part, Text, Words


class ConnectField(Part):
    """One thing the vendor fills in when connecting; `secret` ones go to the vault."""

    name: Key
    title: Words
    help: Text = ""
    kind: Literal["text", "secret", "url", "email", "number", "choice", "switch"] = "text"
    required: bool = True
    default: str | None = None
    choices: tuple[str, ...] = ()


class Scope(Part):
    """A permission that is asked for, and what it means in plain words."""

    name: Words
    words: Words
    required: bool = True
    granted_as: tuple[Words, ...] = ()
    """Names under which an answer may grant it, beside its own: its other spelling, or a
    permission that includes it."""
    silent: bool = False
    """Whether answers never list it, such as `offline_access`: it is given with the others."""


class LongLived(Part):
    """One token changed for another that lives longer, by a request of its own."""

    grant_type: Words
    token_parameter: Words
    """The parameter that carries the token we have."""
    url: Text = ""
    """Where it is asked; empty: `token_url`."""
    method: Literal["GET", "POST"] = "GET"
    with_client: bool = True
    """Whether our client's id and secret go along."""


class Revocation(Part):
    """A request that takes a token back where that is not RFC 7009's. `{secret.access_token}`,
    `{secret.refresh_token}`, `{secret.client_id}` and `{secret.client_secret}` may stand in it,
    and in the path of `revoke_url`; it is refused where the one it names is missing."""

    method: Literal["GET", "POST", "DELETE"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Any] | None = None


class OAuth(Part):
    """OAuth2 as this provider speaks it (RFC 6749, 7636, 7009, 9207), its quirks as data."""

    authorize_url: Words
    token_url: Words
    revoke_url: Text = ""
    issuer: Text = ""
    scopes: tuple[Scope, ...] = ()
    scope_separator: str = " "
    scope_parameter: Words = "scope"
    optional_scope_parameter: Text = ""
    """Where permissions that are not required are asked; empty: with the others."""
    client_auth: Literal["basic", "post", "none"] = "basic"
    client_from: Literal["installation", "listing", "fields"] = "installation"
    """Where client id and secret come from: this installation's settings, the partner's listing,
    or the connect form (fields `client_id` and `client_secret`)."""
    authorize_parameters: dict[str, str] = Field(default_factory=dict)
    token_parameters: dict[str, str] = Field(default_factory=dict)
    token_body: Literal["form", "json"] = "form"  # noqa: S105 - how it is written
    token_headers: dict[str, str] = Field(default_factory=dict)
    access_token_path: str = "access_token"  # noqa: S105
    scopes_path: str = "scope"
    """Where the granted permissions stand, beside the token: one text, or a list."""
    rotation: bool = True
    """Whether a refresh spends the refresh token."""
    expires_in_s: int | None = None
    """How long an access token lives where answers do not say."""
    expires_at_path: str = ""
    """Where beside the token the instant stands at which it ends: ISO 8601, or seconds since
    1970."""
    from_answer: dict[Key, Words] = Field(default_factory=dict)
    """What is kept of the answer that brought the token, by dotted path. It is used like what the
    vendor typed: `{settings.<name>}`."""
    from_callback: dict[Key, Words] = Field(default_factory=dict)
    """The same of the address that leads back, by the name of its parameter."""
    callback_matches: dict[Words, Words] = Field(default_factory=dict)
    """Parameters that the address that leads back must have: `shop = "{settings.shop}.…"`."""
    long_lived: LongLived | None = None
    """The token that a code brought is changed for this one at once."""
    renewal: LongLived | None = None
    """How that one is renewed; absent: by the same request again."""
    error_path: str = "error"
    """Where a refusal says its code."""
    spent_errors: tuple[Words, ...] = ()
    """Codes that mean that a code or a token is not good any more, beside the standard's."""
    revoke: Revocation | None = None
    revokes: Literal["refresh_token", "access_token"] = "refresh_token"
    """Which of the two is taken back; the other one where there is no such."""


class Basic(Part):
    """A user name and a password made of what was filled in (RFC 7617): a key as the user name
    is `username = "{secret.api_key}"`."""

    username: Text = ""
    password: Text = ""


class Auth(Part):
    """The way in. `headers`, `query` and `basic` are what authorises a request, such as
    `Authorization = "Bearer {secret.access_token}"`; without any, OAuth sends its access token as
    a bearer and the kind `basic` its fields `username` and `password`."""

    kind: Literal[
        "oauth2_code", "oauth2_client_credentials", "api_key", "basic", "webhook_secret", "none"
    ]
    fields: tuple[ConnectField, ...] = ()
    oauth: OAuth | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] = Field(default_factory=dict)
    basic: Basic | None = None
