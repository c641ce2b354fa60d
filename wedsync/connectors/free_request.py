"""Any request to one connected service: what “Any web service” offers, with a key or a sign-in.

The vendor writes method, path and content; where it goes and what authorises it are the
connection's. Effect as RFC 9110, 9.2 has it: none for GET and HEAD; idempotent for PUT and DELETE,
or where the service honours our key (`key_header`); else once.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from wedsync.connectors import answers, filling
from wedsync.connectors.contract import Access, Call, Effect, Failed, Succeeded
from wedsync.connectors.given import problem_with
from wedsync.connectors.rest import NotFilled, authorised, encoded, json_body
from wedsync.platform import outbound
from wedsync.platform.outbound import Outcome, Request

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_INPUT = {
    "type": "object",
    "required": ["method", "path"],
    "additionalProperties": False,
    "properties": {
        "method": {"title": "Method", "enum": list(METHODS)},
        "path": {"title": "Path", "type": "string", "minLength": 1, "maxLength": 1_000},
        "query": {"title": "Query", "type": "object"},
        "json": {"title": "Content"},
        "key_header": {"title": "Header that carries our key", "type": "string"},
    },
}
_KEPT = "/%:@!$&'()*+,;=-._~"
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")


class FreeRequest:
    """The action `request`; its input in a manifest is `_INPUT` with its words."""

    def effect(self, given: Mapping[str, Any]) -> Effect:
        method = given.get("method")
        if method in ("GET", "HEAD"):
            return "none"
        return "idempotent" if method in ("PUT", "DELETE") or given.get("key_header") else "once"

    def begin(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Call | Failed:
        problem = problem_with(given, _INPUT)
        if problem:
            return Failed("permanent", "input_invalid", problem)
        if access is None:
            return Failed("permanent", "connection_missing", "This step has no connection.")
        try:
            return Call(_request(given, access, key, timeout_s))
        except NotFilled as refused:
            return Failed("permanent", "input_invalid", refused.detail)

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed:
        return answers.read(outcome)


def check(access: Access, timeout_s: float) -> Succeeded | Failed:
    """Ask for the path the vendor named (`settings.check_path`): it answers when the key is right.

    Nothing general says whose account this is, so the address stands for it.
    """
    try:
        url = _url(access, str(access.settings.get("check_path") or "/"), {})
    except NotFilled as refused:
        return Failed("permanent", "input_invalid", refused.detail)
    headers = authorised({"Accept": "application/json"}, access)
    answered = answers.read(outbound.request(Request("GET", url, headers, timeout_s=timeout_s)))
    if isinstance(answered, Failed):
        return answered
    return Succeeded({"id": access.base_url, "name": access.base_url.partition("://")[2]})


def _request(given: Mapping[str, Any], access: Access, key: str, timeout_s: float) -> Request:
    headers = {"Accept": "application/json"}
    body = None
    if given.get("json") is not None:
        body = json_body(given["json"])
        headers["Content-Type"] = "application/json"
    if given.get("key_header"):
        headers[_key_header(given["key_header"])] = key
    url = _url(access, given["path"], given.get("query") or {})
    return Request(given["method"], url, authorised(headers, access), body, timeout_s=timeout_s)


def _url(access: Access, path: str, query: Mapping[str, Any]) -> str:
    """The path below the connection's address, whatever it is: it cannot climb out of it."""
    if "?" in path or "#" in path:
        raise NotFilled("A path ends before a “?” or “#”; what follows goes into the query.")
    if filling.climbs(unquote(path)):
        raise NotFilled("A path goes downwards only: it cannot contain “..”.")
    try:
        below = quote(path.lstrip("/"), safe=_KEPT)
    except UnicodeEncodeError:
        raise NotFilled("This path contains characters that cannot be sent.") from None
    asked = encoded({**query, **access.query}, brackets=False)
    return f"{access.base_url.rstrip('/')}/{below}{'?' if asked else ''}{asked}"


def _key_header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise NotFilled("The name of a header has letters, digits and hyphens only.")
    return name
