"""Whose account a connection is: asked when connecting, and now and then as its test."""

from dataclasses import dataclass
from typing import Any

from wedsync import connectors
from wedsync.connections import reasons
from wedsync.connections.reasons import Reason
from wedsync.connectors import answers, rest
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.filling import NotFilled, reached
from wedsync.connectors.manifest import Account as AccountRequest
from wedsync.connectors.manifest import Manifest
from wedsync.connectors.scrubbing import scrubbed
from wedsync.platform import outbound

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Account:
    """`id` stays the same for the same account; `name` is what the vendor knows it by."""

    id: str
    name: str


NOBODY = Account("", "")
"""The connector cannot tell one account from another."""


def ask(manifest: Manifest, access: Access, timeout_s: float) -> Account | Failed:
    """Ask the far end whose account this is; blocks at most `timeout_s`."""
    if manifest.account is not None:
        return _ask_by_request(manifest.account, access, timeout_s)
    check = connectors.account_check(manifest)
    if check is None:
        return NOBODY
    outcome = scrubbed(check(access, timeout_s), access)
    return outcome if isinstance(outcome, Failed) else _account(outcome.output, "id", "name")


def reason_of(name: str, failed: Failed) -> Reason:
    """Why nobody answered as we hoped, for a connection that is being made."""
    if failed.kind == "auth":
        return reasons.credentials_wrong(name, failed.message)
    if failed.kind == "not_sent":
        return reasons.unreachable(name, failed.message)
    if failed.kind in ("maybe", "rate_limit"):
        return reasons.no_answer(name)
    return reasons.account_unreadable(name, failed.message)


def _ask_by_request(asked: AccountRequest, access: Access, timeout_s: float) -> Account | Failed:
    try:
        request = rest.request_of(asked.request, access, {}, timeout_s=timeout_s)
    except NotFilled as error:
        return Failed("permanent", "input_invalid", error.detail)
    outcome = scrubbed(answers.read(outbound.request(request), asked.request.output), access)
    if isinstance(outcome, Failed):
        return outcome
    return _account(outcome.output, asked.id_path, asked.name_path)


def _account(document: Any, id_path: str, name_path: str) -> Account | Failed:
    account_id, name = reached(document, id_path), reached(document, name_path)
    if not isinstance(account_id, str | int) or isinstance(account_id, bool) or account_id == "":
        return Failed("permanent", "answer_unreadable", "Their answer names no account.")
    said = answers.bounded(name) if isinstance(name, str) else ""
    return Account(str(account_id)[:_LONGEST], said or answers.bounded(str(account_id)))
