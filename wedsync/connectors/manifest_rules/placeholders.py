"""The `{…}` in a manifest: only names that exist, and secrets only in what authorises."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from wedsync.connectors import filling
from wedsync.connectors.manifest import Auth, Manifest, OAuth, RequestTemplate
from wedsync.connectors.manifest_rules.authorising import WITH_OAUTH
from wedsync.connectors.manifest_rules.inputs import properties
from wedsync.connectors.manifest_rules.problem import Problem

# What an author may have meant as a placeholder.
_LIKE_ONE = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_. -]{0,80})\s*\}")

Known: TypeAlias = Mapping[str, Sequence[str]]
"""The names that may stand at a place, by their root."""


def problems(manifest: Manifest) -> Iterator[Problem]:
    known = _known(manifest)
    plain = {"settings": known["settings"], "sandbox": ()}
    yield from _unknown(manifest.base_url, "base_url", plain)
    yield from _in_authorising(manifest.auth, known)
    if manifest.auth.oauth is not None:
        yield from _in_oauth(manifest.auth, manifest.auth.oauth)
    yield from _in_requests(manifest, {"settings": known["settings"]})


def _in_authorising(auth: Auth, known: Known) -> Iterator[Problem]:
    with_account = {**known, "account": ("id",)}
    yield from _unknown(auth.headers, "auth.headers", with_account)
    yield from _unknown(auth.query, "auth.query", known)
    if auth.basic is not None:
        yield from _unknown(auth.basic.username, "auth.basic.username", known)
        yield from _unknown(auth.basic.password, "auth.basic.password", known)


def _in_oauth(auth: Auth, oauth: OAuth) -> Iterator[Problem]:
    """On the way out only what was typed is known; what came back, where a token is asked for or
    taken back."""
    typed: Known = {"settings": _typed(auth), "sandbox": ()}
    returned: Known = {**typed, "settings": [*_typed(auth), *oauth.from_callback]}
    later: Known = {**typed, "settings": [*returned["settings"], *oauth.from_answer]}
    taken = ("access_token", "refresh_token", "client_id", "client_secret")
    revoking = {**later, "secret": taken} if oauth.revoke is not None else later
    for name, known in (
        ("authorize_url", typed),
        ("authorize_parameters", typed),
        ("issuer", typed),
        ("callback_matches", typed),
        ("token_url", returned),
        ("token_parameters", {**returned, "secret": _secrets(auth)}),
        ("token_headers", returned),
        ("revoke_url", revoking),
    ):
        yield from _unknown(getattr(oauth, name), f"auth.oauth.{name}", known)
    for name in ("long_lived", "renewal"):
        if (asked := getattr(oauth, name)) is not None:
            yield from _unknown(asked.url, f"auth.oauth.{name}.url", returned)
    if oauth.revoke is not None:
        for name in ("headers", "json_", "form"):
            path = f"auth.oauth.revoke.{name.rstrip('_')}"
            yield from _unknown(getattr(oauth.revoke, name), path, revoking)


def _known(manifest: Manifest) -> dict[str, Sequence[str]]:
    auth = manifest.auth
    kept = [*auth.oauth.from_callback, *auth.oauth.from_answer] if auth.oauth else []
    secrets = _secrets(auth)
    return {"settings": [*_typed(auth), *kept], "secret": secrets, "sandbox": ()}


def _typed(auth: Auth) -> list[str]:
    return [field.name for field in auth.fields if field.kind != "secret"]


def _secrets(auth: Auth) -> list[str]:
    secrets = [field.name for field in auth.fields if field.kind == "secret"]
    return [*secrets, "access_token", "client_secret"] if auth.kind in WITH_OAUTH else secrets


def _in_requests(manifest: Manifest, plain: Known) -> Iterator[Problem]:
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


def _request(request: RequestTemplate, path: str, known: Known) -> Iterator[Problem]:
    for name in ("path", "query", "headers", "json_", "form"):
        yield from _unknown(getattr(request, name), f"{path}.{name.rstrip('_')}", known)


def _unknown(template: Any, path: str, known: Known) -> Iterator[Problem]:
    for text in _texts(template):
        for found in _LIKE_ONE.finditer(text):
            if problem := _problem(found, known):
                yield Problem(path, problem)


def _problem(found: re.Match[str], known: Known) -> str | None:
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
