"""`http.request`: one HTTP request to an address the vendor typed.

Effect (design `engine.md`): none for GET and HEAD; idempotent for PUT, DELETE, or with
`key_header`, which carries our key; else once.
"""

from collections.abc import Mapping
from typing import Any

from wedsync.connectors.answers import bounded
from wedsync.connectors.contract import (
    Access,
    Call,
    Effect,
    Failed,
    Publish,
    Succeeded,
    Task,
)
from wedsync.connectors.rest import NotFilled, json_body
from wedsync.platform import documents
from wedsync.platform.outbound import Answer, Outcome, Request
from wedsync.platform.retry_after import retry_after_s

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_UNSURE_STATUSES = frozenset({408, 500, 502, 503, 504})
_BODY_SHOWN = 2_000


class HttpRequest:
    def effect(self, given: Mapping[str, Any]) -> Effect:
        method = str(given.get("method", "GET")).upper()
        if method in ("GET", "HEAD"):
            return "none"
        if method in ("PUT", "DELETE") or given.get("key_header"):
            return "idempotent"
        return "once"

    def begin(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Call | Task | Publish | Failed:
        problem = _problem(given)
        if problem:
            return Failed("permanent", "input_invalid", problem)
        try:
            headers, body = _headers_and_body(given, key)
        except (NotFilled, UnicodeEncodeError):
            return Failed("permanent", "input_invalid", "This contains what cannot be sent.")
        return Call(
            Request(str(given["method"]).upper(), given["url"], headers, body, timeout_s=timeout_s)
        )

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed:
        if not isinstance(outcome, Answer):
            return Failed(outcome.kind, outcome.code, outcome.message)
        if 200 <= outcome.status < 300:
            return Succeeded(_output(outcome))
        return _refused(outcome)


def _problem(given: Mapping[str, Any]) -> str | None:
    if str(given.get("method", "")).upper() not in METHODS:
        return f"The method should be one of {', '.join(METHODS)}."
    if not isinstance(given.get("url"), str):
        return "The address is missing."
    headers = given.get("headers") or {}
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        return "The headers should be names with texts."
    if given.get("json") is not None and given.get("body") is not None:
        return "Give either JSON or a body, not both."
    return None


def _headers_and_body(given: Mapping[str, Any], key: str) -> tuple[dict[str, str], bytes | None]:
    headers: dict[str, str] = dict(given.get("headers") or {})
    body: bytes | None = None
    if given.get("json") is not None:
        body = json_body(given["json"])
        headers.setdefault("Content-Type", "application/json")
    elif given.get("body") is not None:
        body = str(given["body"]).encode()
    if given.get("key_header"):
        headers[str(given["key_header"])] = key
    return headers, body


def _output(answer: Answer) -> dict[str, Any]:
    output: dict[str, Any] = {"status": answer.status, "headers": dict(answer.headers)}
    if "json" in answer.headers.get("content-type", ""):
        try:
            return {**output, "json": documents.read(answer.body)}
        except documents.BadDocument:
            pass  # they said JSON and sent something else; the text below is what they sent
    return {**output, "body": answer.body.decode("utf-8", "replace").replace("\x00", "")}


def _refused(answer: Answer) -> Failed:
    words = bounded(answer.body[:_BODY_SHOWN].decode("utf-8", "replace"))
    said = f"They answered {answer.status}" + (f": {words}" if words else ".")
    code = f"http_{answer.status}"
    if answer.status == 429:
        return Failed("rate_limit", code, said, retry_after_s(answer))
    if answer.status in _UNSURE_STATUSES or answer.status >= 500:
        return Failed("maybe", code, said, retry_after_s(answer))
    if answer.status == 401:
        return Failed("auth", code, said)
    return Failed("permanent", code, said)


ACTIONS = {"request": HttpRequest()}
