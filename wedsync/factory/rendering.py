"""The one error renderer: a page, a fragment, or `application/problem+json` (RFC 9457).

One of the three places that catch broadly: whatever a view let escape is logged with its request
id and told to the person in a sentence without its insides.
"""

import logging
from typing import Any

from apiflask import APIFlask
from flask import Response, g, jsonify, make_response, render_template, request
from sqlalchemy.exc import OperationalError, TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from wedsync import api
from wedsync.errors import FieldError, NotFound, NotSignedIn, Unavailable, WedSyncError
from wedsync.platform.db import db
from wedsync.platform.fragments import wants_fragment

log = logging.getLogger(__name__)

_HTTP_WORDS = {
    400: ("malformed", "This could not be read", "Something in the request is not right."),
    404: ("not_found", "There is no page here", "It may have moved, or it was never here."),
    405: ("method_not_allowed", "That cannot be done here", "This address does not take that."),
    413: ("body_too_large", "This is too large", "Send at most what the page says."),
    415: ("media_type", "This kind of file is not understood", "Send JSON."),
}


def register(app: APIFlask) -> None:
    app.register_error_handler(Exception, show)
    app.error_callback = lambda error: _problem_of_api_error(error)


def show(error: Exception) -> Response:
    """Turn any exception into an answer. The session is rolled back: nothing half-done stays."""
    db.session.rollback()
    known = _as_known(error)
    if api.is_below_base_path(request.path) or request.path.startswith("/live/"):
        response = _problem(known)
    elif isinstance(known, NotSignedIn):
        response = _to_sign_in()
    elif wants_fragment():
        response = make_response(
            render_template("errors/fragment.html", **_words(known)), known.status
        )
    else:
        response = make_response(render_template("errors/page.html", **_words(known)), known.status)
    if known.retry_after_s is not None:
        response.headers["Retry-After"] = str(known.retry_after_s)
    return response


def _as_known(error: Exception) -> WedSyncError:
    if isinstance(error, WedSyncError):
        return error
    if isinstance(error, HTTPException):
        return _of_http(error)
    if isinstance(error, OperationalError | PoolTimeout):
        log.warning("the database did not answer: %s", type(error).__name__)
        return Unavailable(
            "Our database is not answering. Nothing was changed.",
            code="database_away",
            retry_after_s=5,
        )
    log.exception("request %s failed", g.get("request_id"))
    return WedSyncError("This is our fault and has been noted. Nothing was changed.", code="bug")


def _of_http(error: HTTPException) -> WedSyncError:
    status = error.code or 500
    code, title, detail = _HTTP_WORDS.get(
        status, (f"http_{status}", error.name, error.description or error.name)
    )
    known = NotFound(detail) if status == 404 else WedSyncError(detail, code=code)
    known.title, known.status = title, status
    return known


def _to_sign_in() -> Response:
    address = f"/sign-in?next={request.full_path.rstrip('?')}" if request.method == "GET" else "/sign-in"
    if wants_fragment() or request.headers.get("HX-Request"):
        response = make_response("", 401)
        response.headers["HX-Redirect"] = "/sign-in"
        return response
    response = make_response("", 303)
    response.headers["Location"] = address
    return response


def _words(error: WedSyncError) -> dict[str, Any]:
    return {
        "status": error.status,
        "title": error.title,
        "detail": error.detail,
        "code": error.code,
        "request_id": g.get("request_id"),
    }


def _problem(error: WedSyncError) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "code": error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "request_id": g.get("request_id"),
        **error.extra,
    }
    if error.errors:
        body["errors"] = [_field(entry) for entry in error.errors]
    response = jsonify(body)
    response.status_code = error.status
    response.content_type = "application/problem+json"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="wedsync"'
    return response


def _field(entry: FieldError) -> dict[str, str]:
    return {"pointer": entry.pointer, "code": entry.code, "message": entry.message}


def _problem_of_api_error(error: Any) -> tuple[dict[str, Any], int, dict[str, str]]:
    """APIFlask's own refusals (validation of input) in the shape of ours."""
    cause = getattr(error, "__cause__", None)
    fields = (
        [
            {
                "pointer": "/" + "/".join(str(part) for part in entry["loc"]),
                "code": str(entry["type"]),
                "message": str(entry["msg"]),
            }
            for entry in cause.errors()
        ]
        if hasattr(cause, "errors")
        else []
    )
    body = {
        "type": "about:blank",
        "code": "invalid" if error.status_code == 422 else f"http_{error.status_code}",
        "title": "Some of this cannot be used yet",
        "status": error.status_code,
        "detail": str(error.message),
        "request_id": g.get("request_id"),
        "errors": fields,
    }
    headers = {**dict(error.headers or {}), "Content-Type": "application/problem+json"}
    return body, error.status_code, headers
