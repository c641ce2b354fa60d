"""E-mail from the vendor's own account: one message, handed to their server once."""

import re
from collections.abc import Mapping
from typing import Any

from wedsync import connectors
from wedsync.connectors.contract import Access, Effect, Failed, Succeeded, Task
from wedsync.connectors.given import problem_with
from wedsync.platform import smtp
from wedsync.platform.outbound import Failure, Outcome
from wedsync.platform.smtp import Message, NotWritable, Refusal, Security, Sent, Server

_SECURITY: Mapping[str, Security] = {"STARTTLS": "starttls", "TLS": "implicit", "None": "none"}
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9-]+")


class Send:
    """`smtp.send`. The server knows no key of ours, so it leaves once, or is asked about."""

    def effect(self, given: Mapping[str, Any]) -> Effect:
        return "once"

    def begin(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Task | Failed:
        given = _put_together(given)
        problem = problem_with(given, _input_schema())
        if problem:
            return Failed("permanent", "input_invalid", problem)
        if access is None:
            return Failed("permanent", "connection_missing", "This step has no connection.")
        try:
            server, message = _server(access), _message(given, access, key)
        except NotWritable as error:
            return Failed("permanent", "input_invalid", str(error))
        to = given["to"]
        return Task(lambda: _read(smtp.send(server, message, timeout_s=timeout_s), to), timeout_s)

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed:
        raise NotImplementedError("a task reads its own outcome")


def _put_together(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """A text may come in parts: what is sealed until the letter leaves stands in one of its own."""
    body = given.get("body")
    if not isinstance(body, list):
        return given
    return {**given, "body": "".join("" if part is None else str(part) for part in body)}


def check(access: Access, timeout_s: float) -> Succeeded | Failed:
    """A login without a message. The account is the user at the server."""
    try:
        server, sender = _server(access), _sender(access)
    except NotWritable as error:
        return Failed("permanent", "input_invalid", str(error))
    failure = smtp.check(server, timeout_s=timeout_s)
    if failure is not None:
        return _failed(failure)
    who = server.user or sender.spec
    return Succeeded({"id": f"{server.host.lower()}/{who}", "name": sender.spec})


def _server(access: Access) -> Server:
    """Raises NotWritable when the vendor's settings name none."""
    typed = access.settings
    port, security = str(typed.get("port", "")), _SECURITY.get(str(typed.get("security", "")))
    if not (port.isascii() and port.isdigit()) or security is None:
        raise NotWritable("The port or the kind of secure connection of this account is missing.")
    return Server(
        host=str(typed.get("host", "")).strip(),
        port=int(port[:6]),
        security=security,
        user=str(typed.get("username", "")).strip(),
        password=access.credentials.get("password", ""),
    )


def _sender(access: Access) -> smtp.Address:
    typed = access.settings
    return smtp.address_of(str(typed.get("from_address", "")), str(typed.get("from_name", "")))


def _message(given: Mapping[str, Any], access: Access, key: str) -> Message:
    return smtp.compose(
        sender=_sender(access),
        to=[given["to"]],
        subject=given["subject"],
        text=given["body"],
        reply_to=given.get("reply_to") or None,
        # From our key, so that somebody who asks whether it left can look for it.
        message_id=_NOT_IN_AN_ID.sub(".", key),
    )


def _read(outcome: Sent | Refusal | Failure, to: str) -> Succeeded | Failed:
    if isinstance(outcome, Sent):
        return Succeeded({"message_id": outcome.message_id, "to": to})
    if isinstance(outcome, Refusal):
        return Failed("permanent", outcome.code, outcome.message)
    return _failed(outcome)


def _failed(failure: Failure) -> Failed:
    kind = "auth" if failure.code == "auth_refused" else failure.kind
    return Failed(kind, failure.code, failure.message)


def _input_schema() -> Mapping[str, Any]:
    return connectors.manifests()["smtp"].actions[0].input


ACTIONS = {"send": Send()}
CHECK = check
