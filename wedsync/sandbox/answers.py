"""How the practice partner answers: JSON or a page, and badly where a fault says so."""

from http import HTTPStatus
from typing import Any

from flask import Response, make_response, render_template, request

from wedsync.sandbox.practice import practice

_HTML = """<!DOCTYPE html>
<html lang="en-GB"><head><title>Just a moment</title></head>
<body><h1>Just a moment</h1><p>Petal Practice is being looked after.</p></body></html>
"""


def wants_json() -> bool:
    """Whether JSON was sent or asked for; a browser's form did neither."""
    return request.is_json or request.accept_mimetypes.best == "application/json"


def given() -> dict[str, Any]:
    """What was sent, from a form or as a JSON object."""
    if request.is_json:
        body = request.get_json(silent=True)
        return body if isinstance(body, dict) else {}
    return {name: value for name, value in request.form.items() if value != ""}


def faulty(fault: str) -> Response:
    """The answer of a fault that does nothing else."""
    if fault == "html":
        return make_response(_HTML, HTTPStatus.OK, {"Content-Type": "text/html; charset=utf-8"})
    if fault == "429":
        body = {"error": "rate_limited", "message": "Too many requests; try again later."}
        wait = str(practice().switches.now.retry_after_s)
        return make_response(body, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": wait})
    body = {"error": "server_error", "message": "Something broke at Petal Practice."}
    return make_response(body, HTTPStatus.INTERNAL_SERVER_ERROR)


def trouble_page(
    title: str, words: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST
) -> tuple[str, int]:
    return render_template("sandbox/trouble.html", heading=title, words=words), status
