"""Addresses in a manifest: such as the outbound door would call, and encrypted on the way.

A secret that belongs to a listing or an installation only goes to a host that the manifest fixes:
whoever connects could otherwise name a host of their own and be sent it.
"""

import re
from collections.abc import Iterable, Iterator

from wedsync.connectors.filling import PLACEHOLDER, names
from wedsync.connectors.manifest import Manifest, OAuth, RequestTemplate
from wedsync.connectors.manifest_rules.problem import Problem
from wedsync.platform import outbound

_PATH = re.compile(r"/[^?#\\\s]*")
_CLIMBS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_CONNECTIONS_OWN = frozenset(
    {"connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding"}
    | {"keep-alive", "proxy-authorization", "proxy-connection", "upgrade"}
)
_AUTHORISING = frozenset({"authorization", "cookie"})
_AUTHORITY = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_FIXED_END = re.compile(r"(?:^|})[^{}]*\.[a-z0-9-]+\.[a-z0-9-]+(?::\d+)?$", re.IGNORECASE)


def problems(manifest: Manifest, built_in: bool) -> Iterator[Problem]:
    for path, url in _urls(manifest):
        yield from _url(url, path, built_in)
    yield from _where_secrets_go(manifest)
    yield from _header_names(manifest.auth.headers, "auth.headers", _CONNECTIONS_OWN)
    yield from _of_token_requests(manifest)
    requests = list(_requests(manifest))
    if requests and not manifest.base_url:
        yield Problem("base_url", "Say where the service answers.")
    for path, request in requests:
        yield from _request(request, path)


def _of_token_requests(manifest: Manifest) -> Iterator[Problem]:
    oauth = manifest.auth.oauth
    if oauth is None:
        return
    taken = _CONNECTIONS_OWN | _AUTHORISING | {"content-type"}
    yield from _header_names(oauth.token_headers, "auth.oauth.token_headers", taken)
    if oauth.revoke is not None:
        path = "auth.oauth.revoke.headers"
        yield from _header_names(oauth.revoke.headers, path, _CONNECTIONS_OWN | {"cookie"})


def _urls(manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "base_url", manifest.base_url
    oauth, shelf = manifest.auth.oauth, manifest.shelf
    if oauth is not None:
        yield "auth.oauth.authorize_url", oauth.authorize_url
        yield "auth.oauth.token_url", oauth.token_url
        yield "auth.oauth.revoke_url", oauth.revoke_url
        for name in ("long_lived", "renewal"):
            if (asked := getattr(oauth, name)) is not None:
                yield f"auth.oauth.{name}.url", asked.url
    if shelf is not None:
        yield "shelf.support_url", shelf.support_url
        yield "shelf.docs_url", shelf.docs_url


def _requests(manifest: Manifest) -> Iterator[tuple[str, RequestTemplate]]:
    for index, entry in enumerate(manifest.actions):
        if entry.request is not None:
            yield f"actions.{index}.request", entry.request
        if entry.lookup is not None:
            yield f"actions.{index}.lookup", entry.lookup
    for index, stream in enumerate(manifest.streams):
        yield f"streams.{index}.request", stream.request
    for index, listed in enumerate(manifest.choices):
        yield f"choices.{index}.request", listed.request
    if manifest.account is not None:
        yield "account.request", manifest.account.request
    hooks = manifest.hooks
    if hooks is not None and hooks.subscribe is not None:
        yield "hooks.subscribe", hooks.subscribe
    if hooks is not None and hooks.unsubscribe is not None:
        yield "hooks.unsubscribe", hooks.unsubscribe


def _url(url: str, path: str, built_in: bool) -> Iterator[Problem]:
    if not url or PLACEHOLDER.match(url):
        return  # absent, or begins with what somebody types later and `outbound` judges then
    sample = PLACEHOLDER.sub("x", url)
    try:
        outbound.check_url(sample)
    except outbound.UrlRefused as refused:
        yield Problem(path, refused.message)
        return
    if (
        not built_in
        and not sample.lower().startswith("https://")
        and not outbound.loopback_allowed()
    ):
        yield Problem(path, "This should begin with https://, so that nobody reads along.")
    if path == "base_url" and ("?" in url or "#" in url):
        yield Problem(path, "The address of a service has no “?” or “#”.")


def _request(request: RequestTemplate, path: str) -> Iterator[Problem]:
    bare = PLACEHOLDER.sub("x", request.path)
    if not _PATH.fullmatch(bare) or bare.startswith("//") or _CLIMBS.search(bare):
        yield Problem(
            f"{path}.path",
            "A path begins with one “/” and goes downwards; what follows a “?” goes into query.",
        )
    named = [*request.headers, *([request.key_header] if request.key_header else [])]
    yield from _header_names(named, f"{path}.headers", _CONNECTIONS_OWN | _AUTHORISING)


def _header_names(named: Iterable[str], path: str, taken: frozenset[str]) -> Iterator[Problem]:
    for name in named:
        if not _HEADER.fullmatch(PLACEHOLDER.sub("x", name)):
            yield Problem(path, f"“{name}” cannot be the name of a header.")
        elif name.lower() in taken:
            yield Problem(path, f"{name} is set by WedSync.")


def _where_secrets_go(manifest: Manifest) -> Iterator[Problem]:
    oauth = manifest.auth.oauth
    if oauth is None:
        return
    asked = {
        "auth.oauth.token_url": oauth.token_url,
        "auth.oauth.revoke_url": oauth.revoke_url,
        "auth.oauth.long_lived.url": oauth.long_lived.url if oauth.long_lived else "",
        "auth.oauth.renewal.url": oauth.renewal.url if oauth.renewal else "",
    }
    for path, url in asked.items():
        if url and oauth.client_from != "fields" and not _host_is_fixed(url):
            words = "Whoever connects could have the client's secret sent to a host of their own."
            yield Problem(path, words)
    for path, url in {**asked, "base_url": manifest.base_url}.items():
        if not _host_is_fixed(url) and _names_what_came_back(url, oauth):
            words = "Whoever changes the address that leads back could have secrets sent to them."
            yield Problem(path, words)


def _names_what_came_back(url: str, oauth: OAuth) -> bool:
    wanted = {f"settings.{name}" for name in oauth.from_callback}
    return bool(wanted.intersection(names(url)))


def _host_is_fixed(url: str) -> bool:
    if url.startswith("{sandbox}"):
        return True
    authority = _AUTHORITY.match(url)
    if authority is None:
        return False
    return "{" not in authority[1] or bool(_FIXED_END.search(authority[1]))
