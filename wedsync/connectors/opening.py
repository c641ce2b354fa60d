"""Opening a connection: from what the vendor typed and the vault kept to an `Access`."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from wedsync.connectors import filling
from wedsync.connectors.contract import Access
from wedsync.connectors.manifest import Auth, Manifest

_BEARER = {"Authorization": "Bearer {secret.access_token}"}


def opened(
    manifest: Manifest,
    connection_id: UUID,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    sandbox_url: str,
    generation: int = 0,
) -> Access:
    """What a call of this connection needs: where it answers and what authorises a request.

    Headers are those the manifest declares; without any, OAuth sends its access token as a bearer
    (RFC 6750, 2.1) and `basic` the fields `username` and `password` (RFC 7617); a connector without
    a `base_url` sends no requests and has none. Raises
    `filling.NotFilled` when something is missing or cannot stand where it belongs.
    """
    typed = {**defaults(manifest.auth), **_given(settings)}
    roots = {"settings": typed, "sandbox": sandbox_url}
    return Access(
        connection_id=connection_id,
        base_url=filling.url(manifest.base_url, roots).rstrip("/") if manifest.base_url else "",
        settings=typed,
        credentials=dict(secrets),
        headers=_authorisation(manifest.auth, typed, {**roots, "secret": secrets})
        if manifest.base_url
        else {},
        generation=generation,
    )


def defaults(auth: Auth) -> dict[str, str]:
    """What stands for fields the vendor left empty."""
    return {field.name: field.default for field in auth.fields if field.default is not None}


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: typed for name, typed in settings.items() if typed not in (None, "")}


def _authorisation(auth: Auth, typed: Mapping[str, Any], roots: filling.Roots) -> dict[str, str]:
    if auth.headers:
        # A field that may be left empty puts nothing before a key; the header still goes.
        blank = {field.name: "" for field in auth.fields if not field.required}
        lines = filling.headers(auth.headers, {**roots, "settings": {**blank, **typed}})
        return {name: line.strip() for name, line in lines.items()}
    if auth.kind in ("oauth2_code", "oauth2_client_credentials"):
        return filling.headers(_BEARER, roots)
    if auth.kind == "basic":
        return {"Authorization": _basic(roots)}
    return {}


def _basic(roots: filling.Roots) -> str:
    username = filling.text("{settings.username}", roots)
    if username is None:
        username = filling.text("{secret.username}", roots)
    password = filling.text("{secret.password}", roots)
    if username is None or password is None:
        raise filling.NotFilled("The user name or the password of this connection is missing.")
    if ":" in username:
        raise filling.NotFilled("A user name cannot contain a colon here.")
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
