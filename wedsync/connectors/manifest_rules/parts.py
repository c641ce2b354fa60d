"""What belongs together: names are given once, and what one part needs another must have."""

import re
from collections.abc import Iterable, Iterator, Mapping

from wedsync.connectors.manifest import (
    ActionEntry,
    Hooks,
    Manifest,
    RequestTemplate,
    StreamEntry,
)
from wedsync.connectors.manifest_rules.problem import Problem

MOST = {
    "actions": 60,
    "triggers": 60,
    "streams": 20,
    "choices": 20,
    "auth.fields": 20,
    "auth.oauth.scopes": 40,
}

_MOST_SENSITIVE = 50
_PLACE = re.compile(r"[^\s.]{1,100}(\.[^\s.]{1,100}){0,31}")
_EVENT_TYPE = re.compile(r"(?=.{1,110}$)[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_NAME_OF_A_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2
_NO_HEADER = "This is not the name of a header."
_HMAC = {
    "header": (_NAME_OF_A_HEADER, "Name the header that carries the signature.", True),
    "algorithm": (re.compile("sha256|sha512|sha1"), "It is sha256, sha512 or sha1.", True),
    "encoding": (re.compile("hex|base64"), "The encoding is hex or base64.", True),
    "prefix": (re.compile(r"[\x21-\x7e]{0,40}"), "It is up to 40 characters, no spaces.", False),
    "id_header": (_NAME_OF_A_HEADER, _NO_HEADER, False),
    "timestamp_header": (_NAME_OF_A_HEADER, _NO_HEADER, False),
}
_SIGNED_HOW: Mapping[str, Mapping[str, tuple[re.Pattern[str], str, bool]]] = {
    "hmac": _HMAC,
    "basic": {"id_header": _HMAC["id_header"]},
    "bearer": {
        "header": (_NAME_OF_A_HEADER, _NO_HEADER, False),
        "id_header": _HMAC["id_header"],
    },
}
"""What these schemes have to know: the form of each option, and whether it is needed."""

_SAFE_METHODS = ("GET",)
_KEY = "{attempt.key}"
_REPEATABLE_METHODS = ("GET", "PUT", "PATCH", "DELETE")


def problems(manifest: Manifest) -> Iterator[Problem]:
    yield from _lists(manifest)
    if manifest.hooks is not None:
        yield from _hooks(manifest.hooks)
    elif manifest.triggers:
        yield Problem("hooks", "Something can start a workflow, so say how they tell us of it.")
    scopes = {scope.name for scope in manifest.auth.oauth.scopes} if manifest.auth.oauth else set()
    for index, entry in enumerate(manifest.actions):
        yield from _action(entry, f"actions.{index}", scopes)
    for index, stream in enumerate(manifest.streams):
        yield from _stream(stream, f"streams.{index}", scopes)


def _lists(manifest: Manifest) -> Iterator[Problem]:
    oauth = manifest.auth.oauth
    named = {
        "actions": [entry.key for entry in manifest.actions],
        "triggers": [entry.key for entry in manifest.triggers],
        "streams": [entry.key for entry in manifest.streams],
        "choices": [entry.key for entry in manifest.choices],
        "auth.fields": [field.name for field in manifest.auth.fields],
        "auth.oauth.scopes": [scope.name for scope in oauth.scopes] if oauth else [],
    }
    for path, names in named.items():
        if len(names) > MOST[path]:
            yield Problem(path, f"There can be at most {MOST[path]} of these.")
        for name in _repeated(names):
            yield Problem(path, f"“{name}” is there twice.")
    for event_type in _repeated(entry.event_type for entry in manifest.triggers):
        yield Problem("triggers", f"Two of these have the event “{event_type}”.")


def _hooks(hooks: Hooks) -> Iterator[Problem]:
    if hooks.setup == "automatic" and hooks.subscribe is None:
        yield Problem("hooks.subscribe", "Say which request subscribes our address.")
    if hooks.setup == "by_hand" and not hooks.instructions.strip():
        yield Problem("hooks.instructions", "Say what to do at the partner, a step per line.")
    if len(hooks.sensitive) > _MOST_SENSITIVE or not all(map(_PLACE.fullmatch, hooks.sensitive)):
        words = f"Name up to {_MOST_SENSITIVE} places in the data, such as guest.email."
        yield Problem("hooks.sensitive", words)
    named = hooks.wedding
    if named is not None and not all(map(_PLACE.fullmatch, (named.couple, named.day))):
        yield Problem("hooks.wedding", "Name places in the data, such as wedding.couple.")
    yield from _signed(hooks)


def _signed(hooks: Hooks) -> Iterator[Problem]:
    """The options of a signature: few schemes have any, `hmac` cannot be checked without them."""
    options, wanted = hooks.options, _SIGNED_HOW.get(hooks.scheme, {})
    for name in sorted(options.keys() - wanted.keys()):
        yield Problem(f"hooks.options.{name}", "There is no such option for this kind of hook.")
    for name, (form, words, needed) in wanted.items():
        said = options.get(name)
        if said is None and not needed:
            continue
        if not isinstance(said, str) or not form.fullmatch(said):
            yield Problem(f"hooks.options.{name}", words)
    if _names_by_secret(hooks):
        words = "This header carries the secret; another one names the event."
        yield Problem("hooks.options.id_header", words)
    if hooks.scheme == "hmac" and not hooks.event_type:
        yield Problem("hooks.event_type", "Say what its events are called, such as rsvp.received.")


def _names_by_secret(hooks: Hooks) -> bool:
    """Whether the event's id would be the secret: an id is kept and seen."""
    shown_in = {"basic": "Authorization", "bearer": hooks.options.get("header") or "Authorization"}
    header = str(hooks.options.get("id_header")).lower()
    return hooks.scheme in shown_in and header == str(shown_in[hooks.scheme]).lower()


def _action(entry: ActionEntry, path: str, scopes: set[str]) -> Iterator[Problem]:
    yield from _asked(entry.scopes, path, scopes)
    if entry.request is None:
        return
    method = entry.request.method
    if entry.effect not in ("none", "idempotent", "lookup", "once"):
        yield Problem(f"{path}.effect", "A request's effect is none, idempotent, lookup or once.")
    yield from _looking_up(entry, entry.request, path)
    if entry.effect == "none" and method not in _SAFE_METHODS:
        yield Problem(f"{path}.effect", f"A {method} request changes something; only GET does not.")
    repeatable = method in _REPEATABLE_METHODS or bool(entry.request.key_header)
    if entry.effect == "idempotent" and not repeatable:
        yield Problem(
            f"{path}.request.key_header",
            "A POST is safe to repeat only when they know our key: name its header, or say once.",
        )
    if entry.request.form is not None and entry.request.json_ is not None:
        yield Problem(f"{path}.request", "Give either a form or JSON, not both.")


def _looking_up(entry: ActionEntry, request: RequestTemplate, path: str) -> Iterator[Problem]:
    """What is looked up by our key must have been told the key."""
    lookup = entry.lookup
    if (entry.effect == "lookup") != (lookup is not None):
        words = "The effect lookup needs a request that looks up what was done, and only that does."
        yield Problem(f"{path}.lookup", words)
    if lookup is None:
        return
    if lookup.method not in _SAFE_METHODS:
        yield Problem(f"{path}.lookup.method", "Looking changes nothing, so it is a GET.")
    if not _names_the_key(lookup):
        yield Problem(f"{path}.lookup", f"It looks for our key: write {_KEY} where it goes.")
    if not _names_the_key(request):
        words = f"They can only find what was sent with our key: write {_KEY} where it goes."
        yield Problem(f"{path}.request", words)


def _names_the_key(request: RequestTemplate) -> bool:
    return bool(request.key_header) or _KEY in request.model_dump_json()


def _stream(stream: StreamEntry, path: str, scopes: set[str]) -> Iterator[Problem]:
    yield from _asked(stream.scopes, path, scopes)
    if stream.request.method not in _SAFE_METHODS:
        yield Problem(f"{path}.request.method", "Looking changes nothing, so it is a GET.")
    for name in ("id_path", "at_path"):
        if not _PLACE.fullmatch(getattr(stream, name)):
            yield Problem(f"{path}.{name}", "Name a place in a record, such as id.")
    for name in ("records", "next_path"):
        written = getattr(stream, name)
        if written and not _PLACE.fullmatch(written):
            yield Problem(f"{path}.{name}", "Name a place in the answer, such as data.items.")
    if len(stream.sensitive) > _MOST_SENSITIVE or not all(map(_PLACE.fullmatch, stream.sensitive)):
        words = f"Name up to {_MOST_SENSITIVE} places in a record, such as guest.email."
        yield Problem(f"{path}.sensitive", words)
    if not _EVENT_TYPE.fullmatch(stream.event_type):
        words = "Name what a record is in small words joined by dots, such as rsvp.received."
        yield Problem(f"{path}.event_type", words)


def _asked(wanted: Iterable[str], path: str, scopes: set[str]) -> Iterator[Problem]:
    for scope in wanted:
        if scope not in scopes:
            yield Problem(f"{path}.scopes", f"The permission “{scope}” is not among those asked.")


def _repeated(names: Iterable[str]) -> list[str]:
    listed = list(names)
    return sorted({name for name in listed if listed.count(name) > 1})
