"""Trying a hook in the browser: what its sender would send, and what becomes of it."""

from uuid import UUID

from flask import Response, request

from wedsync.errors import Conflict, Invalid
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.runtime import commit
from wedsync.webhooks import queries
from wedsync.webhooks.hooks import samples as hook_samples
from wedsync.webhooks.hooks.samples import Arrived
from wedsync.webhooks.views import hook_words
from wedsync.webhooks.views.hook_forms import HookSampleForm
from wedsync.webhooks.views.routes import pages


@pages.route("/webhooks/hooks/<uuid:hook_id>/sample", methods=["GET", "POST"])
@requires("editor")
def hook_sample(hook_id: UUID) -> Response:
    """Send a hook what its sender would, and see what arrives."""
    found = queries.get_hook(identity.organization_id(), hook_id)
    form = HookSampleForm()
    if request.method != "POST":
        form.body.data = hook_samples.example(found)
        return _page(hook_id, form)
    try:
        arrived = hook_samples.send(identity.current(), hook_id, form.body.data or "")
    except (Conflict, Invalid) as error:
        form.show(error)
        return _page(hook_id, form)
    commit()
    return _page(hook_id, form, arrived)


def _page(hook_id: UUID, form: HookSampleForm, arrived: Arrived | None = None) -> Response:
    found = queries.get_hook(identity.organization_id(), hook_id)
    return render(
        "webhooks/hook_sample.html",
        status=422 if form.errors else 200,
        hook=found,
        form=form,
        arrived=arrived,
        signed_with=hook_words.signed_with(found),
        name_words=wording.name_words,
    )
