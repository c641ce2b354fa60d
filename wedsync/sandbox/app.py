"""The Flask app: its look, its policy, and what goes before and after every request."""

import json
import secrets
import socket
import struct
import time
from datetime import date
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, g, make_response, request
from werkzeug.exceptions import HTTPException

from wedsync.sandbox import answers
from wedsync.sandbox.practice import Practice, practice
from wedsync.sandbox.refusals import Refusal
from wedsync.sandbox.routes import api, authorizing, home, mailbox, practising, switching

_CHECKOUT = Path(__file__).resolve().parents[2]
_STATIC = _CHECKOUT / "static"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_BYTES = 1_048_576
_UNCOUNTED = frozenset({"static", "home.health"})
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self' {targets}; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def create_app(whole: Practice) -> Flask:
    app = Flask("petal_practice", static_folder=_STATIC, template_folder=_CHECKOUT / "templates")
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    app.extensions["practice"] = whole
    app.jinja_env.globals["asset"] = asset_url
    app.jinja_env.globals["csp_nonce"] = _nonce
    app.jinja_env.filters["day"] = _day_in_words
    for module in (home, practising, switching, mailbox, authorizing, api):
        app.register_blueprint(module.bp)
    whole.oauth.register(app)
    app.before_request(_door)
    app.after_request(_secure)
    app.after_request(_as_slow_and_rude_as_asked)
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _no_such_page)
    return app


def asset_url(name: str) -> str:
    """Where a file of the front end is: the same build as WedSync's own pages."""
    hashed = _manifest().get(name)
    return f"/static/vendor/{hashed}" if hashed else f"/static/{name}"


def _day_in_words(written: str) -> str:
    """Sat 12 June 2027."""
    day = date.fromisoformat(written)
    return f"{day:%a} {day.day} {day:%B %Y}"


@lru_cache(maxsize=1)
def _manifest() -> dict[str, str]:
    names: dict[str, str] = json.loads((_STATIC / "vendor" / "manifest.json").read_bytes())
    return names


def _door() -> Response | None:
    """Only under its own names, and no form that another site sends (both: RFC 6454, 7)."""
    here = practice()
    if (urlsplit(f"//{request.host}").hostname or "") not in here.settings.hosts:
        return make_response("Petal Practice is not known under this name.\n", 421)
    origin = request.headers.get("Origin")
    if request.method not in _SAFE and origin and urlsplit(origin).netloc != request.host:
        return make_response("Petal Practice takes no forms of other sites.\n", 403)
    if request.url_rule is not None and request.endpoint not in _UNCOUNTED:
        here.seen.note(f"{request.method} {request.url_rule.rule}")
    return None


def _as_slow_and_rude_as_asked(response: Response) -> Response:
    """The faults that come after acting."""
    if request.blueprint == "api":
        time.sleep(practice().switches.now.api_slow_s)
    if g.get("drop"):
        hang_up(request.environ["werkzeug.socket"])
    return response


def hang_up(connection: socket.socket) -> None:
    """Close with a reset, as a machine that dies does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)


def _secure(response: Response) -> Response:
    headers = response.headers
    policy = _POLICY.format(nonce=_nonce(), targets=g.get("form_targets", "")).replace(" ;", ";")
    headers.setdefault("Content-Security-Policy", policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint != "static":
        headers["Cache-Control"] = "no-store"
    return response


def _nonce() -> str:
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def _refused(refusal: Refusal) -> Response | tuple[str, int]:
    if request.blueprint == "api" or answers.wants_json():
        return make_response({"error": refusal.code, "message": refusal.message}, refusal.status)
    return answers.trouble_page("That was not done", refusal.message, refusal.status)


def _no_such_page(error: HTTPException) -> Response | tuple[str, int]:
    if error.response is not None or error.code is None:
        return make_response(error.get_response())
    status = HTTPStatus(error.code)
    if request.path.startswith(api.PREFIX) or answers.wants_json():
        return make_response({"error": status.name.lower(), "message": status.phrase}, status)
    return answers.trouble_page(f"{status.phrase}", "Petal Practice has nothing here.", status)
