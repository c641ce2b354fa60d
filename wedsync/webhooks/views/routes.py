"""The webhook pages begin here: what comes in and what goes out, on one page."""

from datetime import timedelta

from flask import Blueprint, Response

from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.webhooks import page_queries, queries
from wedsync.webhooks.delivery_log import counts
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.views import endpoint_news, endpoint_words, hook_words

pages = Blueprint("webhooks", __name__)

DAY = timedelta(days=1)


@pages.get("/webhooks")
def overview() -> Response:
    """Every hook and every endpoint."""
    organization_id, words = identity.organization_id(), wording.here()
    endpoints = queries.list_endpoints(organization_id, limit=100)
    shown = [endpoint.id for endpoint in endpoints]
    return render(
        "webhooks/overview.html",
        hooks=queries.list_hooks(organization_id, limit=100),
        endpoints=endpoints,
        rejections=page_queries.rejection_counts(organization_id),
        received=page_queries.received(organization_id, words.now - DAY),
        traffic=counts.traffic(organization_id, shown, words.now),
        hook_words=hook_words,
        endpoint_words=endpoint_words,
        endpoint_news=endpoint_news,
        url_of=hooks.url_of,
        may_edit=identity.current().has_role("editor"),
    )
