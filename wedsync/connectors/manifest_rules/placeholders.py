"""The `{…}` in a manifest: only names that exist, and secrets only in what authorises."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wedsync.connectors import filling
from wedsync.connectors.manifest import Manifest, RequestTemplate
from wedsync.connectors.manifest_rules.inputs import properties
from wedsync.connectors.manifest_rules.problem import Problem

# What an author may have meant as a placeholder.
_LIKE_ONE = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_. -]{0,80})\s*\}")
_WITH_OAUTH = ("oauth2_code", "oauth2_client_credentials")


def problems(manifest: Manifest) -> Iterator[Problem]:
    known = _known(manifest)
    plain = {"settings": known["settings"], "sandbox": ()}
    yield from _unknown(manifest.base_url, "base_url", plain)
    yield from _unknown(manifest.auth.headers, "auth.headers", known)
    oauth = manifest.auth.oauth
    if oauth is not None:
        for name in ("authorize_url", "token_url", "revoke_url", "issuer"):
            yield from _unknown(getattr(oauth, name), f"auth.oauth.{name}", plain)
        yield from _unknown(oauth.authorize_parameters, "auth.oauth.authorize_parameters", plain)
        yield from _unknown(oauth.token_parameters, "auth.oauth.token_parameters", known)
    yield from _in_requests(manifest, {"settings": known["settings"]})


def _known(manifest: Manifest) -> dict[str, Sequence[str]]:
    fields = manifest.auth.fields
    secrets = [field.name for field in fields if field.kind == "secret"]
    if manifest.auth.kind in _WITH_OAUTH:
        secrets += ["access_token", "client_secret"]
    settings = [field.name for field in fields if field.kind != "secret"]
    return {"settings": settings, "secret": secrets, "sandbox": ()}


def _in_requests(manifest: Manifest, plain: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    for index, entry in enumerate(manifest.actions):
        known = {**plain, "input": tuple(properties(entry)), "attempt": ("key",)}
        for name in ("request", "lookup"):
            if (request := getattr(entry, name)) is not None:
                yield from _request(request, f"actions.{index}.{name}", known)
    for index, stream in enumerate(manifest.streams):
        known = {**plain, "cursor": ("at", "page")}
        yield from _request(stream.request, f"streams.{index}.request", known)
    for index, listed in enumerate(manifest.choices):
        known = {**plain, "cursor": ("page",)}
        yield from _request(listed.request, f"choices.{index}.request", known)
    if manifest.account is not None:
        yield from _request(manifest.account.request, "account.request", plain)
    hooks = manifest.hooks
    if hooks is not None and hooks.subscribe is not None:
        known = {**plain, "hook": ("url",)}
        yield from _request(hooks.subscribe, "hooks.subscribe", known)
    if hooks is not None and hooks.unsubscribe is not None:
        known = {**plain, "subscription": ("id",)}
        yield from _request(hooks.unsubscribe, "hooks.unsubscribe", known)


def _request(
    request: RequestTemplate, path: str, known: Mapping[str, Sequence[str]]
) -> Iterator[Problem]:
    for name in ("path", "query", "headers", "json_", "form"):
        yield from _unknown(getattr(request, name), f"{path}.{name.rstrip('_')}", known)


def _unknown(template: Any, path: str, known: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    for text in _texts(template):
        for found in _LIKE_ONE.finditer(text):
            if problem := _problem(found, known):
                yield Problem(path, problem)


def _problem(found: re.Match[str], known: Mapping[str, Sequence[str]]) -> str | None:
    exact = filling.PLACEHOLDER.fullmatch(found[0])
    if exact is None:
        return f"“{found[0]}” is not something that can be filled in."
    root, name = exact[1], exact[2][1:].partition(".")[0]
    if root == "secret" and root not in known:
        return "A secret may only stand in what authorises a request (auth.headers)."
    if root not in known:
        return f"“{found[0]}” is not known here."
    if root != "sandbox" and name not in known[root]:
        return f"“{found[0]}” names nothing: there is no such field."
    return None


def _texts(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield template
    elif isinstance(template, dict):
        for name, item in template.items():
            yield from (name, *_texts(item))
    elif isinstance(template, list | tuple):
        for item in template:
            yield from _texts(item)
