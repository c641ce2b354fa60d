"""The REST API: bearer tokens, scopes, idempotency keys."""

import hashlib
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2.rfc6750 import BearerTokenValidator
from flask import Blueprint, Response, abort, g, make_response, request

from wedsync.sandbox import answers, refusals
from wedsync.sandbox.hooks import TYPES
from wedsync.sandbox.oauth.grants import Token
from wedsync.sandbox.practice import practice
from wedsync.sandbox.refusals import Refusal

PREFIX = "/api/v1"
bp = Blueprint("api", __name__, url_prefix=PREFIX)


class _Validator(BearerTokenValidator):
    def authenticate_token(self, token_string: str) -> Token | None:
        return practice().grants.token(token_string, "access")


class _Protector(ResourceProtector):
    def raise_error_response(self, error: Any) -> None:
        """As the rest of this API says no; RFC 6750, 3 wants the header."""
        lacks = error.status_code == HTTPStatus.FORBIDDEN
        code = "insufficient_scope" if lacks else "invalid_token"
        words = (
            "This access was not given permission for that."
            if lacks
            else "This access has ended or never was."
        )
        headers = {"WWW-Authenticate": f'Bearer realm="Petal Practice", error="{code}"'}
        status = HTTPStatus.FORBIDDEN if lacks else HTTPStatus.UNAUTHORIZED
        abort(make_response({"error": code, "message": words}, status, headers))


_bearer = _Protector()
_bearer.register_token_validator(_Validator())


@bp.before_request
def _faulty() -> Response | None:
    switches = practice().switches
    if not request.path.removeprefix(PREFIX).startswith(switches.now.api_path):
        return None
    fault = switches.take("api")
    g.drop = fault == "drop"
    return answers.faulty(fault) if fault in {"500", "429", "html"} else None


@bp.get("/me")
def me() -> dict[str, Any]:
    return practice().guests.account(_may())


@bp.get("/guests")
def guests() -> dict[str, Any]:
    account = _may("guests:read")
    wanted = {name: request.args.get(name) for name in ("status", "household")}
    return {"guests": practice().guests.guests(account, **wanted)}


@bp.get("/guests/<guest_id>")
def guest(guest_id: str) -> dict[str, Any]:
    return practice().guests.guest(_may("guests:read"), guest_id)


@bp.patch("/guests/<guest_id>")
def change_guest(guest_id: str) -> dict[str, Any]:
    return practice().guests.change(_may("guests:write"), guest_id, _object())


@bp.get("/rsvps")
def rsvps() -> dict[str, Any]:
    account = _may("guests:read")
    since, limit = request.args.get("since", ""), request.args.get("limit", 100, type=int)
    most = min(max(limit, 1), 100)
    return {"rsvps": practice().guests.answers(account, since, most)}


@bp.post("/rsvps")
def answer() -> Response:
    account = _may("guests:write")
    return _once(lambda: practice().guests.answer(account, _object()), HTTPStatus.CREATED)


@bp.post("/seats/release")
def release_seat() -> Response:
    account = _may("guests:write")

    def act() -> dict[str, Any]:
        guest_id = refusals.text(_object(), "guest_id")
        return practice().guests.release_seat(account, guest_id)

    return _once(act, HTTPStatus.OK)


@bp.get("/meals/<day>")
def meals(day: str) -> dict[str, Any]:
    return practice().guests.meals(_may("guests:read"), refusals.day(day))


@bp.put("/meals/<day>")
def order_meals(day: str) -> dict[str, Any]:
    return practice().guests.order_meals(_may("guests:write"), refusals.day(day), _object())


@bp.get("/dates/<day>")
def diary_day(day: str) -> dict[str, Any]:
    return practice().desk.day(_may("dates:write"), refusals.day(day))


@bp.put("/holds/<day>")
def hold(day: str) -> dict[str, Any]:
    return practice().desk.hold(_may("dates:write"), refusals.day(day), _object())


@bp.delete("/holds/<day>")
def release_hold(day: str) -> tuple[str, int]:
    practice().desk.release(_may("dates:write"), refusals.day(day))
    return "", HTTPStatus.NO_CONTENT


@bp.post("/acknowledgements")
def ask_acknowledgement() -> Response:
    account = _may("guests:write")
    return _once(
        lambda: practice().desk.ask_acknowledgement(account, _object()), HTTPStatus.CREATED
    )


@bp.get("/acknowledgements")
def acknowledgements() -> dict[str, Any]:
    return {"acknowledgements": practice().desk.records(_may("guests:read"), "acknowledgement")}


@bp.post("/tasks")
def add_task() -> Response:
    account = _may("guests:write")
    return _once(lambda: practice().desk.add_task(account, _object()), HTTPStatus.CREATED)


@bp.get("/tasks")
def tasks() -> dict[str, Any]:
    return {"tasks": practice().desk.records(_may("guests:read"), "task")}


@bp.post("/enquiries")
def enquire() -> Response:
    account = _may("dates:write")
    return _once(lambda: practice().desk.enquire(account, _object()), HTTPStatus.CREATED)


@bp.post("/favourites")
def choose() -> Response:
    account = _may("guests:write")
    return _once(lambda: practice().desk.choose(account, _object()), HTTPStatus.CREATED)


@bp.post("/webhooks")
def subscribe() -> Response:
    account = _may("webhooks")

    def act() -> dict[str, Any]:
        wanted = _object()
        events = wanted.get("events", list(TYPES))
        return practice().subscriptions.add(account, g.token.family_id, wanted.get("url"), events)

    return _once(act, HTTPStatus.CREATED)


@bp.get("/webhooks")
def webhooks() -> dict[str, Any]:
    return {"webhooks": practice().subscriptions.all(_may("webhooks"))}


@bp.delete("/webhooks/<subscription_id>")
def unsubscribe(subscription_id: str) -> tuple[str, int]:
    practice().subscriptions.remove(_may("webhooks"), subscription_id)
    return "", HTTPStatus.NO_CONTENT


def _may(scope: str | None = None) -> str:
    """The account this request may act for, with that permission."""
    with _bearer.acquire(scope) as token:
        g.token = token
        account: str = token.account_id
        return account


def _object() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise refusals.wrong("The body should be a JSON object.")
    return body


def _once(act: Callable[[], dict[str, Any]], status: HTTPStatus) -> Response:
    """Act once per `Idempotency-Key`; the same key gives the first answer again."""
    key = request.headers.get("Idempotency-Key")
    if not key:
        with practice().store.transaction():
            return make_response(act(), status)
    with practice().store.transaction():
        kept = _recalled(key)
        if kept is not None:
            return kept
        body = act()
        practice().store.add(
            "keys",
            client_id=g.token.client_id,
            key=key,
            request=_request_line(),
            digest=_digest(),
            status=int(status),
            body=json.dumps(body),
        )
    return make_response(body, status)


def _recalled(key: str) -> Response | None:
    store = practice().store
    found = store.row("SELECT * FROM keys WHERE client_id = ? AND key = ?", g.token.client_id, key)
    if found is None:
        return None
    store.write("UPDATE keys SET seen = seen + 1 WHERE key = ?", key)
    if (found["request"], found["digest"]) != (_request_line(), _digest()):
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "key_reused",
            "This idempotency key was used for another request.",
        )
    return make_response(
        json.loads(found["body"]), found["status"], {"Idempotent-Replayed": "true"}
    )


def _request_line() -> str:
    return f"{request.method} {request.path}"


def _digest() -> str:
    return hashlib.sha256(request.get_data()).hexdigest()
