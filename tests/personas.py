"""The people of the tests: an owner, an editor and a viewer of one business, a stranger from
another, an admin, a partner. Each has a signed-in browser and an API key."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from wedsync import api
from wedsync.accounts import api_keys, organizations, passwords, sessions
from wedsync.accounts.models import Organization, User
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity, Role

PASSWORD = "three quiet olive trees"
WHOLE = [api_keys.EVERYTHING, *sorted(api_keys.BY_NAME_ONLY)]
"""What a key opens that opens all there is."""
_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
_CSRF_SECRET = "0" * 40
_hashes: list[str] = []


class Browser(FlaskClient):
    """A browser with cookies that sends the CSRF token its page would carry.

    `csrf=False` leaves the token out of one request; `fragment=True` asks as htmx does.
    """

    def open(
        self, *args: Any, csrf: bool = True, fragment: bool = False, **kwargs: Any
    ) -> TestResponse:
        headers = dict(kwargs.pop("headers", None) or {})
        if csrf and kwargs.get("method", "GET") in _UNSAFE:
            headers.setdefault("X-CSRFToken", self._csrf_token())
        if fragment:
            headers |= {"HX-Request": "true", "HX-Request-Type": "partial"}
        return super().open(*args, headers=headers, **kwargs)

    def _csrf_token(self) -> str:
        with self.session_transaction() as session:
            secret = session.setdefault("csrf_token", _CSRF_SECRET)
        serializer = URLSafeTimedSerializer(self.application.secret_key, salt="wtf-csrf-token")
        return str(serializer.dumps(secret))


class Script:
    """A client of the API: paths are below the base path, the key goes with every request."""

    def __init__(self, app: APIFlask, key: str) -> None:
        self.key = key
        self.app = app
        self._client = FlaskClient(app, app.response_class, use_cookies=False)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        return self.request("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> TestResponse:
        return self.request("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> TestResponse:
        return self.request("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self.request("DELETE", path, **kwargs)

    def request(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.key}", **(kwargs.pop("headers", None) or {})}
        return self._client.open(f"{api.BASE_PATH}{path}", method=method, headers=headers, **kwargs)


@dataclass(frozen=True)
class Persona:
    """Somebody: `browser` is signed in, `api` holds a key to everything, `identity` is both."""

    name: str
    email: str
    password: str
    user_id: UUID
    organization_id: UUID
    organization_slug: str
    sign_in_id: UUID
    identity: Identity
    browser: Browser
    api: Script

    @property
    def key(self) -> str:
        return self.api.key


PersonaMaker = Callable[..., Persona]


def make_organization(app: APIFlask, name: str = "Rosewood Weddings", kind: str = "vendor") -> UUID:
    """A new organization, unlike any other of this run."""
    with app.app_context():
        slug = f"{name.partition(' ')[0].lower()}-{secrets.token_hex(4)}"
        made = organizations.create(name, kind=kind, slug=slug)
        db.session.commit()
        return made.id


def make_persona(
    app: APIFlask, organization_id: UUID, role: Role = "owner", *, name: str, is_admin: bool = False
) -> Persona:
    """A new person in the organization, signed in."""
    with app.app_context():
        email = f"{name.lower()}-{secrets.token_hex(4)}@example.com"
        user = User(
            name=name,
            email=email,
            password_hash=_password_hash(),
            is_admin=is_admin,
            email_confirmed_at=clock.now(),
        )
        db.session.add(user)
        db.session.flush()
        organizations.join(organization_id, user.id, role)
        organization = db.session.get_one(Organization, organization_id)
        sign_in = sessions.begin(user, organization, device="Chrome on Linux", address="192.0.2.1")
        _key, raw = api_keys.create(organization_id, f"{name}'s key", WHOLE)
        db.session.commit()
        return Persona(
            name=name,
            email=email,
            password=PASSWORD,
            user_id=user.id,
            organization_id=organization_id,
            organization_slug=organization.slug,
            sign_in_id=sign_in.id,
            identity=sessions.identity_of(sign_in),
            browser=signed_in_browser(app, sign_in.id),
            api=Script(app, raw),
        )


def browser_of(app: APIFlask) -> Browser:
    """A browser nobody is signed in with."""
    return Browser(app, app.response_class, use_cookies=True)


def signed_in_browser(app: APIFlask, sign_in_id: UUID) -> Browser:
    browser = browser_of(app)
    with browser.session_transaction() as session:
        session["_user_id"] = str(sign_in_id)
    return browser


def _password_hash() -> str:
    """The hash of PASSWORD, computed once: it is slow on purpose."""
    if not _hashes:
        _hashes.append(passwords.hashed(PASSWORD))
    return _hashes[0]
