"""The one error renderer: a page, a fragment, or `application/problem+json` (RFC 9457).

One of the three places that catch broadly: whatever a view let escape is logged with its request
id and told to the person in a sentence without its insides.
"""

import logging
from typing import Any
from urllib.parse import quote, urlsplit

from apiflask import APIFlask
from flask import Response, g, jsonify, make_response, render_template, request, url_for
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from wedsync import api
from wedsync.errors import FieldError, Invalid, NotFound, NotSignedIn, Unavailable, WedSyncError
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
    # Both: APIFlask has a handler for HTTPException of its own, which would be found first.
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(Exception, show)
    app.error_callback = _problem_of_api_error


def show(error: Exception) -> Response:
    """Turn any exception into an answer. The session is rolled back: nothing half-done stays."""
    db.session.rollback()
    known = _as_known(error)
    if isinstance(known, Unavailable):
        # A signed-in page's frame asks the database who this is; a bare one does not.
        g.pop("identity", None)
    response = _answer(known)
    if known.retry_after_s is not None:
        response.headers["Retry-After"] = str(known.retry_after_s)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _answer(known: WedSyncError) -> Response:
    if api.is_below_base_path(request.path) or request.path.startswith("/live/"):
        return _problem(known)
    if isinstance(known, NotSignedIn):
        return _to_sign_in()
    template = "errors/fragment.html" if wants_fragment() else "errors/page.html"
    try:
        html = render_template(template, **_words(known))
    except Exception:
        # The signed-in frame is what broke, so the words go out in the bare one.
        log.exception("request %s failed again while its error was shown", g.get("request_id"))
        db.session.rollback()
        g.pop("identity", None)
        html = render_template(template, **_words(known))
    return make_response(html, known.status)


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
    if isinstance(error, DataError | UnicodeEncodeError):
        log.warning("request %s held what cannot be stored", g.get("request_id"))
        return Invalid("Something here cannot be stored: a NUL, half a character, a huge number.")
    log.error("request %s failed", g.get("request_id"), exc_info=error)
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
    """A page leads to the door and back again; htmx is told to leave the page it is on."""
    if request.headers.get("HX-Request"):
        response = make_response("", 401)
        response.headers["HX-Redirect"] = _door(_page_htmx_is_on())
        return response
    response = make_response("", 303)
    response.headers["Location"] = _door(_page_asked_for() if request.method == "GET" else "")
    return response


def _page_asked_for() -> str:
    """What a provider sent back is of no use to another sign-in, and is carried no further."""
    if request.endpoint == "connections.oauth_callback":
        return url_for("connections.connection_list")
    return request.full_path.rstrip("?")


def _door(back_to: str) -> str:
    door = url_for("accounts.sign_in")
    return f"{door}?next={quote(back_to, safe='/')}" if back_to not in {"", "/"} else door


def _page_htmx_is_on() -> str:
    try:
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:  # no browser writes such an address
        return ""
    return f"{page.path}?{page.query}" if page.query else page.path


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
    status = error.status_code
    body = {
        "type": "about:blank",
        "code": "invalid" if status == 422 else f"http_{status}",
        "title": Invalid.title if status == 422 else str(error.message),
        "status": status,
        "detail": str(error.message),
        "request_id": g.get("request_id"),
        "errors": [_field(entry) for entry in _refused_fields(error.__cause__)],
    }
    headers = {**dict(error.headers or {}), "Content-Type": "application/problem+json"}
    return body, status, headers


def _refused_fields(cause: Any) -> list[FieldError]:
    """The fields a pydantic ValidationError names."""
    if not hasattr(cause, "errors"):
        return []
    return [
        FieldError("/" + "/".join(str(part) for part in entry["loc"]), entry["type"], entry["msg"])
        for entry in cause.errors()
    ]
