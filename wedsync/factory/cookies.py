"""How cookies and forms are signed: HMAC with SHA-256 (OWASP ASVS 5.0, 11.4.1).

Flask and itsdangerous take SHA-1 where nobody says otherwise. The keys come from the master keys:
the one in use signs, the others still check, so nobody is signed out while one replaces another.
Who signed in under an old one may have to sign in again once `wedsync keys retire` has removed it.
"""

import hashlib

import itsdangerous
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from wedsync.platform.vault import Keyring


class SessionCookie(SecureCookieSessionInterface):
    """The cookie that names a sign-in."""

    digest_method = staticmethod(hashlib.sha256)

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Signs as the ring says at this moment: another process may sign with a newer key, and
        nothing in a cookie names it."""
        self._ring.look_again()
        current, *before = [key.cookies for key in self._ring.keys]
        if app.config["SECRET_KEY"] != current or app.config["SECRET_KEY_FALLBACKS"] != before:
            use(app, self._ring)
        return super().get_signing_serializer(app)


def use(app: Flask, ring: Keyring) -> None:
    """Let cookies and forms be signed and checked with the keys of this ring."""
    current, *before = [key.cookies for key in ring.keys]
    app.config.update(
        SECRET_KEY=current,
        SECRET_KEY_FALLBACKS=before,
        WTF_CSRF_SECRET_KEY=[*reversed(before), current],  # the one that signs comes last
    )


def register(app: Flask, ring: Keyring) -> None:
    """Sign with SHA-256 whatever this app signs: its session, and the tokens of its forms."""
    use(app, ring)
    app.session_interface = SessionCookie(ring)
    # The forms' library has no setting of its own; this is itsdangerous' one for all signers.
    itsdangerous.Signer.default_digest_method = staticmethod(hashlib.sha256)
