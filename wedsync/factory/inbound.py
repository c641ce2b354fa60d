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
from wedsync.errors import Forbidden, Malformed, NotSignedIn
from wedsync.platform.identity import Identity, Role

PUBLIC = frozenset(
    {
        "static",
        "openapi.spec",
        "accounts.sign_in",
        "accounts.sign_up",
        "accounts.accept_invitation",
        "health.healthz",
        "health.readyz",
    }
)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

csrf = CSRFProtect()


def register(app: Flask) -> None:
    """Run the check before every view."""
    csrf.init_app(app)
    app.before_request(check)


def check() -> None:
    """Settle who is asking and whether they may; raises the refusal otherwise."""
    endpoint = request.endpoint
    if endpoint is None:  # no such page: Flask answers 404 to everybody alike
        return
    if api.is_below_base_path(request.path) and endpoint not in PUBLIC:
        g.identity = _identity_of_key()
        _require_scope(g.identity)
        return
    _check_csrf()
    identity = _identity_of_person() or _identity_for_live_page()
    if identity is not None:
        g.identity = identity
    if endpoint in PUBLIC:
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
    return accounts.sessions.identity_of(cast(SignIn, current_user._get_current_object()))


def _identity_for_live_page() -> Identity | None:
    """Scripts may follow a run too: live pages take an API key in place of a person."""
    if request.path.startswith("/live/") and request.headers.get("Authorization"):
        return _identity_of_key()
    return None


def _identity_of_key() -> Identity:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise NotSignedIn(
            "Send an API key: `Authorization: Bearer <key>`.", code="api_key_missing"
        )
    return accounts.api_keys.identify(key.strip())


def _require_scope(identity: Identity) -> None:
    scope = api.scope_of(request.path, request.method)
    if not identity.has_scope(scope):
        raise Forbidden(f"This API key does not have the scope {scope}.", code="scope_missing")


def _require_role(identity: Identity) -> None:
    view = current_app.view_functions[str(request.endpoint)]
    default: Role = "viewer" if request.method in _SAFE_METHODS else "editor"
    wanted: Role = getattr(view, "minimum_role", default)
    if not identity.has_role(wanted):
        raise Forbidden(
            f"This is for {_PEOPLE[wanted]}. An owner of {g.get('organization_name', 'your team')} "
            "can change your role.",
            code="role_missing",
        )


_PEOPLE = {"viewer": "the team", "editor": "editors and owners", "owner": "owners"}
