"""The app factory: settings in, a Flask app with every slice's routes out.

`inbound` decides who may reach a view, `rendering` how an error is shown, `headers` what every
answer carries, `cookies` how a session is signed, `compression` how pages travel, `navigation` the
frame of a signed-in page, `places` where its links lead.
"""

from pathlib import Path

from apiflask import APIFlask
from flask_login import LoginManager
from htmx_flask import Htmx
from werkzeug.middleware.proxy_fix import ProxyFix

from wedsync import accounts, api, catalog, connections, health, webhooks, weddings, workflows
from wedsync.factory import compression, cookies, headers, inbound, navigation, rendering
from wedsync.platform import assets, fragments, outbound
from wedsync.platform.db import db, engine_options
from wedsync.platform.fragments import PageRequest
from wedsync.platform.presence import Presence
from wedsync.platform.runtime import Runtime
from wedsync.platform.vault import Keyring, UnusableKeyring, Vault
from wedsync.platform.wake import Wake
from wedsync.settings import SettingError, Settings

CHECKOUT = Path(__file__).resolve().parents[2]
API_TITLE = "WedSync Integration Marketplace"
_LARGEST_BODY = 1024 * 1024


def create_app(settings: Settings | None = None, *, pool_size: int = 20) -> APIFlask:
    """Build the app. `pool_size` bounds its database connections (twice that at a peak)."""
    settings = settings or Settings.from_environment()
    app = APIFlask(
        "wedsync",
        title=API_TITLE,
        version="1.0.0",
        root_path=str(CHECKOUT),
        template_folder="templates",
        static_folder=None,  # type: ignore[arg-type]  # Flask takes None; APIFlask says str
        spec_path=f"{api.BASE_PATH}/openapi.json",
        docs_path=None,
    )
    ring = _ring(settings)
    _configure(app, settings, pool_size)
    _extend(app, settings, ring)
    for slice_ in (accounts, health, catalog, connections, workflows, webhooks, weddings):
        app.register_blueprint(slice_.pages)
    app.register_blueprint(workflows.message_rules)
    api.register(app)
    return app


def _ring(settings: Settings) -> Keyring:
    """The master keys; raises SettingError where their file cannot be used."""
    if settings.master_keys:
        return Keyring(settings.master_keys)
    try:
        return Keyring.at(settings.master_key_file)
    except UnusableKeyring as error:
        raise SettingError(str(error)) from error


def _configure(app: APIFlask, settings: Settings, pool_size: int) -> None:
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(pool_size=pool_size),
        SESSION_COOKIE_NAME="__Host-session" if settings.secure else "session",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # The cookie is set when it changes; the sign-in it names ends in the database anyway.
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=accounts.sessions.LIFETIME,
        SESSION_PROTECTION=None,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=_LARGEST_BODY,
        OPENAPI_VERSION="3.1.0",
    )


def _extend(app: APIFlask, settings: Settings, ring: Keyring) -> None:
    db.init_app(app)
    url = settings.redis_url
    app.extensions["wedsync"] = Runtime(settings, Vault(ring), Wake(url), Presence(url))
    outbound.allow_loopback(settings.allow_loopback)
    cookies.register(app, ring)
    Htmx(app)
    app.request_class = PageRequest
    LoginManager(app).user_loader(accounts.sessions.load)
    assets.register_static(app)
    fragments.register(app)
    # Headers come first: a refusal of the inbound check already names the request's id.
    headers.register(app)
    compression.register(app)
    inbound.register(app)
    rendering.register(app)
    navigation.register(app)
    if hops := settings.proxy_hops:
        fixed = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = fixed  # type: ignore[method-assign]
