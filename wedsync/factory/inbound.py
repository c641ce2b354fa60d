"""The one inbound check: nothing is reached unless this lets it through.

Default deny: a route that is not listed as public needs a signed-in person or, below the API's
base path, an API key with the resource's scope. Changing anything needs an editor unless the view
says otherwise. A stranger's object is the service's business (404); a missing role is 403 here.
"""

from typing import cast

from flask import Flask, current_app, g, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect

from wedsync import accounts, api
from wedsync.accounts.models import SignIn
from wedsync.errors import Forbidden, Malformed, NotFound, NotSignedIn
from wedsync.platform.db import db
from wedsync.platform.identity import Identity, Role, is_for_admins, minimum_role

PUBLIC = frozenset(
    {
        "static",
        "openapi.spec",
        "accounts.sign_in",
        "accounts.sign_up",
        "accounts.accept_invitation",
        "accounts.forgotten",
        "accounts.reset_password",
        "accounts.confirm_email",
        "workflows.approval_by_link",
        "webhooks.guide",
        "health.healthz",
        "health.readyz",
    }
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LIVE = "/live/"
_PEOPLE = {"viewer": "the team", "editor": "editors and owners", "owner": "owners"}

csrf = CSRFProtect()


def register(app: Flask) -> None:
    """Run the check before every view."""
    csrf.init_app(app)
    app.before_request(check)


def check() -> None:
    """Settle who is asking and whether they may; raises the refusal otherwise."""
    if api.is_below_base_path(request.path):
        _check_script()
    else:
        _check_person()


def _check_script() -> None:
    if request.endpoint is not None and request.endpoint not in PUBLIC:
        g.identity = _identity_of_key(api.scope_of(request.path, request.method))


def _check_person() -> None:
    """A page that does not exist is settled too: its 404 stands in the frame of who asks."""
    exists = request.endpoint is not None
    if exists:
        _check_csrf()
    identity = _identity_of_person() or _identity_for_live_page()
    if identity is not None:
        g.identity = identity
    if not exists or request.endpoint in PUBLIC:
        return
    if identity is None:
        raise NotSignedIn("Sign in to see this.")
    _require_role(identity)


def _check_csrf() -> None:
    if request.method in _SAFE_METHODS:
        return
    try:
        csrf.protect()
    except CSRFError as error:
        raise Malformed(
            "This page was open for too long, or in another tab after signing out. "
            "Reload it and try again; nothing was changed.",
            code="csrf",
        ) from error


def _identity_of_person() -> Identity | None:
    if not current_user.is_authenticated:
        return None
    sign_in = cast(SignIn, current_user)
    identity = accounts.sessions.identity_of(sign_in)
    _remember(accounts.sessions.touch(sign_in))
    return identity


def _identity_for_live_page() -> Identity | None:
    """Scripts may follow along too: live pages take an API key in place of a person."""
    if not request.path.startswith(_LIVE) or "Authorization" not in request.headers:
        return None
    resource = request.path.removeprefix(_LIVE).partition("/")[0]
    return _identity_of_key(f"{resource}:read")


def _identity_of_key(scope: str) -> Identity:
    """Who holds the key that was sent, when it opens `scope`."""
    scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not raw.strip():
        raise NotSignedIn("Send an API key: `Authorization: Bearer <key>`.", code="api_key_missing")
    key = accounts.api_keys.find(raw.strip())
    identity = accounts.api_keys.identity_of(key)
    _remember(accounts.api_keys.touch(key))
    if not identity.has_scope(scope):
        raise Forbidden(f"This API key does not have the scope {scope}.", code="scope_missing")
    return identity


def _remember(changed: bool) -> None:
    """Keep “last seen”, whatever the view's own transaction comes to."""
    if changed:
        db.session.commit()


def _require_role(identity: Identity) -> None:
    view = current_app.view_functions[str(request.endpoint)]
    default: Role = "viewer" if request.method in _SAFE_METHODS else "editor"
    wanted = minimum_role(view, default)
    if not identity.has_role(wanted):
        raise Forbidden(
            f"This is for {_PEOPLE[wanted]}. An owner of your team can change your role.",
            code="role_missing",
        )
    if is_for_admins(view) and not identity.is_admin:
        raise NotFound("It may have moved, or it was never here.")
