"""What every answer carries: a strict content policy and its companions (OWASP ASVS 5.0, 3.4)."""

import secrets

from flask import Flask, Response, g

from wedsync.platform.runtime import settings

_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def register(app: Flask) -> None:
    app.after_request(_secure)
    app.context_processor(lambda: {"csp_nonce": csp_nonce})
    app.before_request(request_id)


def csp_nonce() -> str:
    """This answer's nonce; made on first use, because a refusal may come before any hook ran."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def request_id() -> None:
    """Make sure this request has an id to name in errors and logs."""
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)


def _secure(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=csp_nonce()))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    headers.setdefault("Cache-Control", "no-store")
    if "request_id" in g:
        headers.setdefault("X-Request-Id", g.request_id)
    if settings().secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    return response
