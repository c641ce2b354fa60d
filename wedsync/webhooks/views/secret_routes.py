"""The page of an endpoint's secrets: what signs, changing it, and how a partner checks it."""

from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, NotFound
from wedsync.platform import identity
from wedsync.platform.fragments import render
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.webhooks import queries, secrets
from wedsync.webhooks.endpoints import service as endpoints
from wedsync.webhooks.endpoints import verification
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.views import endpoint_words
from wedsync.webhooks.views.endpoint_forms import RotationForm
from wedsync.webhooks.views.routes import pages

_FIRST = "python"


@pages.get("/webhooks/endpoints/<uuid:endpoint_id>/secrets")
def endpoint_secrets(endpoint_id: UUID) -> Response:
    """What signs what we send there, and code that checks it, in the language asked for."""
    found = queries.get_endpoint(identity.organization_id(), endpoint_id)
    return _secrets(found, RotationForm())


@pages.post("/webhooks/endpoints/<uuid:endpoint_id>/rotate")
def rotate_endpoint_secret(endpoint_id: UUID) -> AnyResponse:
    """Make a new secret and show it once; the present one signs for as long as was chosen."""
    form = RotationForm()
    if not form.validate():
        return _secrets(queries.get_endpoint(identity.organization_id(), endpoint_id), form)
    try:
        found, secret = endpoints.rotate_secret(identity.current(), endpoint_id, form.length())
    except Conflict as error:
        return refused(error, url_for("webhooks.endpoint", endpoint_id=endpoint_id))
    commit()
    return shown_once(found, secret, "has a new secret")


@pages.post("/webhooks/endpoints/<uuid:endpoint_id>/end-overlap")
def end_endpoint_overlap(endpoint_id: UUID) -> AnyResponse:
    """Let only the present secret sign."""
    endpoints.end_overlap(identity.current(), endpoint_id)
    commit()
    return done("Only the new secret signs now.", _page(endpoint_id))


@pages.post("/webhooks/endpoints/<uuid:endpoint_id>/key-pair/<any(add, remove):what>")
def change_key_pair(endpoint_id: UUID, what: str) -> AnyResponse:
    """Sign with a key pair beside the secret, or no more."""
    endpoints.update(identity.current(), endpoint_id, {"key_pair": what == "add"})
    commit()
    if what == "add":
        return done(
            "From now on a key pair signs too. Give them the public key.", _page(endpoint_id)
        )
    return done("Only the secret signs now.", _page(endpoint_id))


def shown_once(endpoint: Endpoint, secret: str, what: str) -> Response:
    """The only page that ever shows this secret."""
    return render(
        "webhooks/made.html",
        title=f"{endpoint_words.endpoint_name(endpoint)} {what}",
        address=endpoint.url,
        address_words="Where we post to",
        secret=secret,
        public_key=secrets.public_keys(endpoint).present,
        overlap=secrets.overlap_until(endpoint),
        needs_secret=False,
        url=url_for("webhooks.endpoint", endpoint_id=endpoint.id),
        checking=url_for("webhooks.endpoint_secrets", endpoint_id=endpoint.id, _anchor="check"),
    )


def _secrets(endpoint: Endpoint, form: RotationForm) -> Response:
    language = request.args.get("in", _FIRST)
    if endpoint.receives == "polls" or language not in verification.LANGUAGES:
        raise NotFound("There is no such page.")
    keys = secrets.public_keys(endpoint)
    return render(
        "webhooks/secrets.html",
        status=422 if form.errors else 200,
        endpoint=endpoint,
        name=endpoint_words.endpoint_name(endpoint),
        masked=secrets.masked(endpoint),
        keys=keys,
        overlap=secrets.overlap_until(endpoint),
        form=form,
        language=language,
        languages=verification.LANGUAGES,
        snippets=verification.snippets(language, keys.present),
        may_edit=identity.current().has_role("editor"),
    )


def _page(endpoint_id: UUID) -> str:
    return url_for("webhooks.endpoint_secrets", endpoint_id=endpoint_id)
