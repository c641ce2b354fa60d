"""Stripe: what takes more than one request. The rest of its actions are data.

API: https://docs.stripe.com/api; keys that repeat safely: …/api/idempotent_requests.
"""

import time
from collections.abc import Mapping
from typing import Any

from wedsync.connectors import answers
from wedsync.connectors.contract import Access, Effect, Failed, Succeeded, Task
from wedsync.connectors.filling import reached
from wedsync.connectors.manifest import RequestTemplate
from wedsync.connectors.rest import NotFilled, request_of
from wedsync.platform import outbound
from wedsync.platform.outbound import Answer, Outcome, Request

_BY_EMAIL = RequestTemplate(
    method="GET",
    path="/v1/customers",
    query={"email": "{input.email}", "limit": 1},
)
_CREATE = RequestTemplate(
    method="POST",
    path="/v1/customers",
    form={
        "email": "{input.email}",
        "name": "{input.name}",
        "phone": "{input.phone}",
        "metadata": {"wedding": "{input.wedding}"},
    },
    key_header="Idempotency-Key",
)
_ACCOUNT = RequestTemplate(method="GET", path="/v1/account")
_BALANCE = RequestTemplate(method="GET", path="/v1/balance")


class EnsureCustomer:
    """Looks for a customer with this e-mail, and makes one when there is none.

    Looking first keeps a later run from making a second customer; the key keeps a second attempt
    of this one from doing so.
    """

    def effect(self, given: Mapping[str, Any]) -> Effect:
        return "idempotent"

    def begin(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Task | Failed:
        email = given.get("email")
        if access is None or not isinstance(email, str) or "@" not in email:
            return Failed("permanent", "input_invalid", "“E-mail” should be an e-mail address.")
        roots = {"input": {**given, "email": email.strip()}}
        try:
            look = request_of(_BY_EMAIL, access, roots, timeout_s=timeout_s)
            create = request_of(_CREATE, access, roots, key=key, timeout_s=timeout_s)
        except NotFilled as refused:
            return Failed("permanent", "input_invalid", refused.detail)
        return Task(lambda: _ensured(look, create, timeout_s), timeout_s)

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed:
        raise AssertionError("a task gives its own end")


def check(access: Access, timeout_s: float) -> Succeeded | Failed:
    """Whose account the key belongs to.

    A key without the permission to say so, and a stand-in, still show a balance: the address then
    stands for the account.
    """
    until = time.monotonic() + timeout_s
    answer = outbound.request(request_of(_ACCOUNT, access, {}, timeout_s=timeout_s))
    if isinstance(answer, Answer) and answer.status in (403, 404):
        left_s = max(0.1, until - time.monotonic())
        balance = answers.read(outbound.request(request_of(_BALANCE, access, {}, timeout_s=left_s)))
        return balance if isinstance(balance, Failed) else _unnamed(access)
    account = answers.read(answer)
    return account if isinstance(account, Failed) else _named(account.output, access)


def _ensured(look: Request, create: Request, timeout_s: float) -> Succeeded | Failed:
    until = time.monotonic() + timeout_s
    found = answers.read(outbound.request(look), "data.0")
    if isinstance(found, Failed):
        # Nothing was made yet, whatever became of the question.
        return found if found.kind != "maybe" else Failed("not_sent", found.code, found.message)
    if found.output is not None:
        return Succeeded({**found.output, "created_now": False})
    if time.monotonic() >= until:
        return Failed("not_sent", "timeout", "Looking for the customer took too long.")
    made = answers.read(outbound.request(create))
    return made if isinstance(made, Failed) else Succeeded({**made.output, "created_now": True})


def _named(account: Any, access: Access) -> Succeeded:
    for path in ("settings.dashboard.display_name", "business_profile.name", "email", "id"):
        name = reached(account, path)
        if isinstance(name, str) and name:
            return Succeeded({"id": str(reached(account, "id")), "name": name})
    return _unnamed(access)


def _unnamed(access: Access) -> Succeeded:
    return Succeeded({"id": access.base_url, "name": "Stripe account"})


ACTIONS = {"ensure_customer": EnsureCustomer()}
CHECK = check
