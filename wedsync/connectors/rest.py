"""Actions that are data: a request described in a manifest, sent and read by this code.

Partners' connectors consist of nothing else, so none of their own code ever runs here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

from wedsync.connectors import answers, filling
from wedsync.connectors.answers import failed_of
from wedsync.connectors.contract import Access, Call, Effect, Failed, Succeeded
from wedsync.connectors.filling import NotFilled
from wedsync.connectors.given import problem_with
from wedsync.connectors.manifest import ActionEntry, RequestTemplate
from wedsync.platform import documents
from wedsync.platform.outbound import Answer, Outcome, Request

__all__ = ["DataAction", "NotFilled", "failed_of", "request_of"]


@dataclass(frozen=True, slots=True)
class DataAction:
    """An action whose entry in the manifest carries its request."""

    entry: ActionEntry

    def effect(self, given: Mapping[str, Any]) -> Effect:
        return "once" if self.entry.effect == "depends" else self.entry.effect

    def begin(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Call | Failed:
        return self._call(self._request(), given, access, key, timeout_s)

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed:
        return answers.read(outcome, self._request().output)

    def look_up(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Call | Failed:
        """Ask whether an attempt under this key was done, for the effect `lookup`."""
        return self._call(self._lookup(), given, access, key, timeout_s)

    def looked_up(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed:
        """What was done, or `Failed("absent", …)`."""
        if isinstance(outcome, Answer) and outcome.status == HTTPStatus.NOT_FOUND:
            return _ABSENT
        answer = answers.read(outcome, self._lookup().output)
        if isinstance(answer, Failed):
            return answer
        found = answer.output
        if isinstance(found, list):
            found = found[0] if found else None
        return _ABSENT if found is None else Succeeded(found)

    def _call(
        self,
        template: RequestTemplate,
        given: Mapping[str, Any],
        access: Access | None,
        key: str,
        timeout_s: float,
    ) -> Call | Failed:
        problem = problem_with(given, self.entry.input)
        if problem:
            return Failed("permanent", "input_invalid", problem)
        if access is None:
            return Failed("permanent", "connection_missing", "This step has no connection.")
        roots = {"input": given, "attempt": {"key": key}}
        try:
            request = request_of(template, access, roots, key=key, timeout_s=timeout_s)
        except NotFilled as refused:
            return Failed("permanent", "input_invalid", refused.detail)
        return Call(request)

    def _request(self) -> RequestTemplate:
        if self.entry.request is None:
            raise ValueError(f"the action {self.entry.key} carries no request")
        return self.entry.request

    def _lookup(self) -> RequestTemplate:
        if self.entry.lookup is None:
            raise ValueError(f"the action {self.entry.key} says nothing of looking up")
        return self.entry.lookup


_ABSENT = Failed("absent", "not_found", "They do not know of it, so it did not happen.")


def request_of(
    template: RequestTemplate,
    access: Access,
    roots: filling.Roots,
    *,
    key: str | None = None,
    timeout_s: float = 30.0,
) -> Request:
    """The request a template describes, for this connection.

    `roots` beside `settings`, which come from the connection: `input`, `attempt`, `hook`,
    `subscription`; never secrets. What authorises the request comes last and cannot be overridden.
    Raises `NotFilled` when a value cannot stand where the template puts it.
    """
    if not access.base_url:
        raise NotFilled("The address of this service is missing. Please connect again.")
    filled = {"settings": access.settings, **roots}
    headers, body = _content(template, filled)
    headers |= filling.headers(template.headers, filled)
    if key is not None and template.key_header:
        headers[template.key_header] = key
    return Request(
        template.method,
        _address(template, access, filled),
        authorised(headers, access),
        body,
        timeout_s=timeout_s,
    )


def authorised(headers: Mapping[str, str], access: Access) -> dict[str, str]:
    """Headers with the connection's own in place of any of the same name."""
    own = {name.lower() for name in access.headers}
    kept = {name: line for name, line in headers.items() if name.lower() not in own}
    return {**kept, **access.headers}


def encoded(values: Mapping[str, Any], *, brackets: bool) -> str:
    """Values as a query or a form. With `brackets` objects and lists nest as PHP, Rails and Stripe
    read them (`a[b]=1&c[0]=2`); without, a list repeats its name. Raises NotFilled."""
    try:
        return "&".join(
            f"{quote_plus(name)}={quote_plus(text)}" for name, text in _pairs(values, brackets)
        )
    except UnicodeEncodeError:
        raise NotFilled("This contains characters that cannot be sent.") from None


def _address(template: RequestTemplate, access: Access, roots: filling.Roots) -> str:
    path = filling.path(template.path, roots)
    asked = {**filling.value(template.query, roots), **access.query}
    query = encoded(asked, brackets=False)
    return f"{access.base_url.rstrip('/')}/{path.lstrip('/')}{'?' if query else ''}{query}"


def _content(
    template: RequestTemplate, roots: filling.Roots
) -> tuple[dict[str, str], bytes | None]:
    headers = {"Accept": "application/json"}
    if template.form is not None:
        form = encoded(filling.value(template.form, roots), brackets=True)
        return {**headers, "Content-Type": "application/x-www-form-urlencoded"}, form.encode()
    if template.json_ is not None:
        body = json_body(filling.value(template.json_, roots))
        return {**headers, "Content-Type": "application/json"}, body
    return headers, None


def json_body(document: Any) -> bytes:
    """The document as JSON. Raises NotFilled for what JSON cannot say."""
    try:
        return documents.write(document)
    except (TypeError, RecursionError):  # a lone surrogate, a number past 64 bits, endless depth
        raise NotFilled("This contains something that cannot be sent.") from None


def _pairs(values: Mapping[str, Any], brackets: bool) -> Iterator[tuple[str, str]]:
    for name, item in values.items():
        yield from _pairs_of(str(name), item, brackets)


def _pairs_of(name: str, item: Any, brackets: bool) -> Iterator[tuple[str, str]]:
    if item is None:
        return
    if isinstance(item, Mapping) and brackets:
        for inner, value in item.items():
            yield from _pairs_of(f"{name}[{inner}]", value, brackets)
    elif isinstance(item, list | tuple):
        for index, value in enumerate(item):
            yield from _pairs_of(f"{name}[{index}]" if brackets else name, value, brackets)
    else:
        yield name, filling.written(item, name)
