"""The `{…}` of a manifest: what may stand in one, and filling it without opening a hole.

A placeholder is a root and a dotted path, `{input.guest_id}`. What fills it was typed by a vendor
or sent by a partner, so each place has its own rule: a path segment stays one segment, a host
stays one host, a header stays one line. Secrets reach a text only where the caller hands in the
root `secret`: `opening` does for what authorises a request, token calls do; nothing else.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from wedsync.errors import Invalid

ROOTS = (
    "settings", "input", "attempt", "secret", "hook", "subscription", "cursor", "account",
    "sandbox",
)  # fmt: skip

PLACEHOLDER = re.compile(r"\{(" + "|".join(ROOTS) + r")((?:\.[A-Za-z0-9_-]{1,60}){0,8})\}")
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HOST_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?")
_AUTHORITY = re.compile(r"(?P<scheme>https?://)(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_SEGMENTS = re.compile(r"[/\\]")

Roots = Mapping[str, Any]


class NotFilled(Invalid):
    """What was typed or sent cannot stand where the manifest puts it; `detail` says why."""


def names(template: Any) -> Iterator[str]:
    """Every placeholder's name in a document of templates, such as `input.guest_id`."""
    if isinstance(template, str):
        yield from (found[1] + found[2] for found in PLACEHOLDER.finditer(template))
    elif isinstance(template, dict):
        for name, item in template.items():
            yield from names(name)
            yield from names(item)
    elif isinstance(template, list | tuple):
        for item in template:
            yield from names(item)


def reached(document: Any, path: str) -> Any:
    """What stands at a dotted path (`data.0.id`); None where nothing does. "": all of it."""
    for part in path.split(".") if path else ():
        if isinstance(document, Mapping):
            document = document.get(part)
        elif isinstance(document, list) and part.isascii() and part.isdigit() and len(part) < 7:
            document = document[int(part)] if int(part) < len(document) else None
        else:
            return None
    return document


def value(template: Any, roots: Roots) -> Any:
    """A document filled in. A text that is one placeholder becomes the value itself, with its
    type; whatever names something absent is left out of its object or list (None at the top)."""
    if isinstance(template, str):
        whole = PLACEHOLDER.fullmatch(template)
        return _named(whole, roots) if whole else text(template, roots)
    if isinstance(template, Mapping):
        filled = {name: value(item, roots) for name, item in template.items()}
        return {name: item for name, item in filled.items() if item is not None}
    if isinstance(template, list | tuple):
        return [item for item in (value(item, roots) for item in template) if item is not None]
    return template


def text(template: str, roots: Roots) -> str | None:
    """A text filled in as it stands, or None when something it names is absent."""
    parts: list[str] = []
    end = 0
    for found in PLACEHOLDER.finditer(template):
        put = _named(found, roots)
        if put is None:
            return None
        parts += template[end : found.start()], written(put, found[1] + found[2])
        end = found.end()
    return "".join(parts) + template[end:]


def path(template: str, roots: Roots) -> str:
    """The path of a URL: each filled value is percent-encoded and stays inside its segment.

    Raises NotFilled when something is absent, or a segment would be empty or climb (`..`).
    """
    segments = template.split("/")
    return "/".join(_segment(segment, roots) for segment in segments)


def url(template: str, roots: Roots) -> str:
    """A whole address. A placeholder at its very beginning is an address the vendor typed; one
    within the host is a part of a host name; any other is a part of the path.

    Raises NotFilled; whether the address may be called is for `outbound` to say.
    """
    first = PLACEHOLDER.match(template)
    if first is not None:
        base = _required(first, roots).rstrip("/")
        return base + path(template[first.end() :], roots)
    shape = _AUTHORITY.fullmatch(template)
    if shape is None:
        raise NotFilled("An address starts with https:// or http://, then the name of a host.")
    host = PLACEHOLDER.sub(lambda found: _host_part(found, roots), shape["authority"])
    return shape["scheme"] + host + path(shape["rest"], roots)


def headers(templates: Mapping[str, str], roots: Roots) -> dict[str, str]:
    """Header lines filled in, names too. One that names an absent value is left out.

    Raises NotFilled for what would break the line, and for an absent secret: a request that
    should be authorised is never sent without.
    """
    filled: dict[str, str] = {}
    for name_template, template in templates.items():
        name, line = text(name_template, roots), text(template, roots)
        if name is not None and line is not None:
            filled[header_name(name)] = _one_line(line, name)
        elif any(named.startswith("secret") for named in names(template)):
            raise NotFilled("What authorises this connection is missing. Please connect again.")
    return filled


def climbs(path: str) -> bool:
    """Whether a path, decoded, has a segment that leads upwards or nowhere (`..`, `.`)."""
    return any(segment in (".", "..") for segment in _SEGMENTS.split(path))


def written(value: Any, name: str = "it") -> str:
    """A value as it is written within a text. Raises NotFilled for lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise NotFilled(f"“{_last(name)}” should be a text or a number here.")


def _named(found: re.Match[str], roots: Roots) -> Any:
    return reached(roots.get(found[1]), found[2][1:])


def _required(found: re.Match[str], roots: Roots) -> str:
    name = found[1] + found[2]
    put = _named(found, roots)
    if put is None:
        raise NotFilled(f"“{_last(name)}” is missing.")
    return written(put, name)


def _segment(template: str, roots: Roots) -> str:
    """One segment; what the manifest itself wrote is trusted, `?` and `#` excepted by `checks`."""
    if PLACEHOLDER.search(template) is None:
        return template
    filled = PLACEHOLDER.sub(lambda found: _encoded(_required(found, roots)), template)
    if not filled or climbs(unquote(filled)):
        raise NotFilled("This value cannot be a part of an address.")
    return filled


def _encoded(part: str) -> str:
    try:
        return quote(part, safe="")
    except UnicodeEncodeError:
        raise NotFilled("This value contains characters that cannot be sent.") from None


def _host_part(found: re.Match[str], roots: Roots) -> str:
    part = _required(found, roots)
    if not _HOST_PART.fullmatch(part) or ".." in part:
        raise NotFilled(
            f"“{_last(found[1] + found[2])}” should be the name of a host, or part of it."
        )
    return part


def header_name(name: str) -> str:
    """`name` itself. Raises NotFilled when no header can be called so (RFC 9110, 5.1)."""
    if not _HEADER_NAME.fullmatch(name):
        raise NotFilled("The name of a header has letters, digits and hyphens only.")
    return name


def _one_line(line: str, name: str) -> str:
    if _NOT_IN_A_HEADER.search(line):
        raise NotFilled(f"What is sent as {name} cannot contain line breaks.")
    return line


def _last(name: str) -> str:
    return name.rpartition(".")[2]
