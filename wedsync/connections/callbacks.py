"""The addresses that providers send people back to.

One per connector; and where the vendor says which host hands out the keys, one per such host. An
answer one service gave then never passes for another's, and its code goes to nobody else (mix-up:
RFC 9700, 4.4.2.2).
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from wedsync.connectors import filling
from wedsync.connectors.filling import NotFilled
from wedsync.connectors.manifest import Manifest


def address(public_url: str, manifest: Manifest, typed: Mapping[str, Any]) -> str:
    """Where the provider of what was typed sends people back to: its redirect URI."""
    service = service_of(manifest, typed)
    below = f"/{quote(service, safe='')}" if service else ""
    return f"{public_url}/oauth/callback/{manifest.slug}{below}"


def is_registered_by_vendor(manifest: Manifest) -> bool:
    """Whether the vendor has to tell the service this address."""
    oauth = manifest.auth.oauth
    is_visited = manifest.auth.kind == "oauth2_code"
    return oauth is not None and is_visited and oauth.client_from == "fields"


def is_known(manifest: Manifest, typed: Mapping[str, Any]) -> bool:
    """Whether enough was typed to say it."""
    return not _is_host_typed(manifest) or service_of(manifest, typed) != ""


def service_of(manifest: Manifest, typed: Mapping[str, Any]) -> str:
    """The host that hands out the keys, as far as it was typed; empty where all of a connector's
    have one address."""
    oauth = manifest.auth.oauth
    if oauth is None or not _is_host_typed(manifest):
        return ""
    try:
        return urlsplit(filling.url(oauth.token_url, {"settings": typed})).hostname or ""
    except (NotFilled, ValueError):
        return ""


def _is_host_typed(manifest: Manifest) -> bool:
    """Whether an app registered at one host is one of the vendor's, and so has a host's address."""
    oauth = manifest.auth.oauth
    if oauth is None or not is_registered_by_vendor(manifest):
        return False
    return "{" in oauth.token_url.split("://", 1)[-1].partition("/")[0]
