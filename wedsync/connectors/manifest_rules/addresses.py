"""Addresses in a manifest: such as the outbound door would call, and encrypted on the way."""

import re
from collections.abc import Iterator

from wedsync.connectors.filling import PLACEHOLDER
from wedsync.connectors.manifest import Manifest, RequestTemplate
from wedsync.connectors.manifest_rules.problem import Problem
from wedsync.platform import outbound

_PATH = re.compile(r"/[^?#\\\s]*")
_CLIMBS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_BEARING = frozenset({"authorization", "cookie", "host", "content-length", "transfer-encoding"})


def problems(manifest: Manifest, built_in: bool) -> Iterator[Problem]:
    for path, url in _urls(manifest):
        yield from _url(url, path, built_in)
    requests = list(_requests(manifest))
    if requests and not manifest.base_url:
        yield Problem("base_url", "Say where their service answers.")
    for path, request in requests:
        yield from _request(request, path)


def _urls(manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "base_url", manifest.base_url
    oauth, shelf = manifest.auth.oauth, manifest.shelf
    if oauth is not None:
        yield "auth.oauth.authorize_url", oauth.authorize_url
        yield "auth.oauth.token_url", oauth.token_url
        yield "auth.oauth.revoke_url", oauth.revoke_url
    if shelf is not None:
        yield "shelf.support_url", shelf.support_url
        yield "shelf.docs_url", shelf.docs_url


def _requests(manifest: Manifest) -> Iterator[tuple[str, RequestTemplate]]:
    for index, entry in enumerate(manifest.actions):
        if entry.request is not None:
            yield f"actions.{index}.request", entry.request
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
    for name in [*request.headers, *([request.key_header] if request.key_header else [])]:
        if not _HEADER.fullmatch(name):
            yield Problem(f"{path}.headers", f"“{name}” cannot be the name of a header.")
        elif name.lower() in _BEARING:
            yield Problem(f"{path}.headers", f"{name} is set by WedSync, not by a request.")
