"""Opening a connection: from what the vendor typed and the vault kept to an `Access`."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wedsync.connectors import filling
from wedsync.connectors.contract import Access
from wedsync.connectors.manifest import Auth, Manifest

_BEARER = {"Authorization": "Bearer {secret.access_token}"}
_TYPED_NAME, _SECRET_NAME = "{settings.username}", "{secret.username}"
_PASSWORD = "{secret.password}"  # noqa: S105 - where it stands


def opened(
    manifest: Manifest,
    connection_id: UUID,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    sandbox_url: str,
    account_id: str | None = None,
    generation: int = 0,
) -> Access:
    """What a call of this connection needs: where it answers and what authorises a request.

    That is what the manifest declares; without any, OAuth sends its access token as a bearer
    (RFC 6750, 2.1) and `basic` the fields `username` and `password` (RFC 7617). A connector
    without a `base_url` sends no requests and has none. Headers that name the account are left out
    while nobody knows it. Raises `filling.NotFilled` when something is missing or cannot stand
    where it belongs.
    """
    typed = {**defaults(manifest.auth), **_given(settings)}
    roots = {"settings": typed, "sandbox": sandbox_url}
    called = bool(manifest.base_url)
    known = {**roots, "secret": secrets, "account": {"id": account_id}}
    return Access(
        connection_id=connection_id,
        base_url=filling.url(manifest.base_url, roots).rstrip("/") if called else "",
        settings=typed,
        credentials=dict(secrets),
        headers=_headers(manifest.auth, typed, known) if called else {},
        query=_query(manifest.auth, known) if called else {},
        generation=generation,
    )


def defaults(auth: Auth) -> dict[str, str]:
    """What stands for fields the vendor left empty."""
    return {field.name: field.default for field in auth.fields if field.default is not None}


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: typed for name, typed in settings.items() if typed not in (None, "")}


def _headers(auth: Auth, typed: Mapping[str, Any], roots: filling.Roots) -> dict[str, str]:
    # A field that may be left empty puts nothing before a key; the header still goes.
    blank = {field.name: "" for field in auth.fields if not field.required}
    filled = filling.headers(auth.headers, {**roots, "settings": {**blank, **typed}})
    lines = {name: line.strip() for name, line in filled.items()}
    return {**lines, **_by_kind(auth, roots)}


def _by_kind(auth: Auth, roots: filling.Roots) -> dict[str, str]:
    """The header that goes without saying, unless the manifest says one."""
    if auth.basic is not None:
        return {"Authorization": _basic(auth.basic.username, auth.basic.password, roots)}
    if auth.headers or auth.query:
        return {}
    if auth.kind in ("oauth2_code", "oauth2_client_credentials"):
        return filling.headers(_BEARER, roots)
    if auth.kind == "basic":
        named = filling.text(_TYPED_NAME, roots) is not None
        return {"Authorization": _basic(_TYPED_NAME if named else _SECRET_NAME, _PASSWORD, roots)}
    return {}


def _query(auth: Auth, roots: filling.Roots) -> dict[str, str]:
    """What authorises in the address. Raises NotFilled where a part of it is missing: a request
    that should be authorised is never sent without."""
    filled = {name: filling.text(line, roots) for name, line in auth.query.items()}
    query = {name: line for name, line in filled.items() if line is not None}
    if len(query) < len(filled):
        raise filling.NotFilled("What authorises this connection is missing. Please connect again.")
    return query


def _basic(username_line: str, password_line: str, roots: filling.Roots) -> str:
    username, password = filling.text(username_line, roots), filling.text(password_line, roots)
    if username is None or password is None:
        raise filling.NotFilled("The user name or the password of this connection is missing.")
    if ":" in username:
        raise filling.NotFilled("A user name cannot contain a colon here.")
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
