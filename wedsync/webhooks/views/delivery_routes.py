"""Pages of deliveries: an endpoint's, and all there are; filtered, searched and opened."""

from typing import Any
from uuid import UUID

from flask import Response, request, url_for

from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.wording import name_words
from wedsync.webhooks import page_queries, queries
from wedsync.webhooks.delivery_log import asking, counts, entries, failure_words, naming
from wedsync.webhooks.delivery_log.asking import Asked
from wedsync.webhooks.delivery_log.finding import by_index
from wedsync.webhooks.views import endpoint_news, endpoint_words, replay_stories
from wedsync.webhooks.views.routes import pages


@pages.get("/webhooks/deliveries")
def delivery_list() -> Response:
    """Every delivery of the organization."""
    organization_id, words = identity.organization_id(), wording.here()
    endpoints = entries.endpoints_of(organization_id)
    asked = asking.read(request.args)
    with by_index():
        log = entries.read(organization_id, asked, endpoints, words)
        around = _around(organization_id, asked, "webhooks.delivery_list")
    return render(
        "webhooks/deliveries.html",
        "log",
        endpoint=None,
        endpoints=endpoints,
        endpoint_names={each: endpoint_words.endpoint_name(endpoints[each]) for each in endpoints},
        log=log,
        **around,
    )


@pages.get("/webhooks/endpoints/<uuid:endpoint_id>")
def endpoint(endpoint_id: UUID) -> Response:
    """One endpoint: what it is told, how that goes, and its deliveries."""
    organization_id, words = identity.organization_id(), wording.here()
    found = queries.get_endpoint(organization_id, endpoint_id)
    asked = asking.read(request.args, endpoint_id)
    with by_index():
        traffic = counts.traffic(organization_id, [endpoint_id], words.now)[endpoint_id]
        stopped = page_queries.standstills([found]).get(endpoint_id)
        hours = counts.hours(organization_id, endpoint_id, words.now)
        log = entries.read(organization_id, asked, {endpoint_id: found}, words)
        around = _around(organization_id, asked, "webhooks.endpoint", endpoint_id=endpoint_id)
    return render(
        "webhooks/endpoint.html",
        "log",
        endpoint=found,
        name=endpoint_words.endpoint_name(found),
        state_of_it=endpoint_news.endpoint_state(found, traffic, stopped, words),
        news=endpoint_news.news(found, traffic, words),
        trouble=endpoint_news.trouble(found, stopped, words),
        told_about=endpoint_words.told_about(found),
        signed_with=endpoint_words.signed_with(found, words),
        order=endpoint_words.order(found),
        pace=endpoint_words.pace(found),
        beside=replay_stories.beside(found, words),
        chart=endpoint_news.chart(hours, words),
        log=log,
        **around,
    )


def _around(organization_id: UUID, asked: Asked, view: str, **place: Any) -> dict[str, Any]:
    """What the log of both pages needs beside its rows; `place` is the page's own address."""
    here = {"to": None} if place else {}

    def address(*, anchor: str = "log", **changes: Any) -> str:
        return url_for(view, **place, **asked.others(**here, **changes), _anchor=anchor)

    def opening(delivery_id: UUID) -> str:
        opened = asked.address(**here, delivery=delivery_id)
        return url_for(view, **place, **opened, _anchor=f"d-{delivery_id}")

    return {
        "asked": asked,
        "address": address,
        "opening": opening,
        "plain_address": url_for(view, **place),
        "same_address": url_for(view, **place, **asked.address(**here)),
        "types": _choices(naming.types_known(organization_id), asked.type),
        "errors": _choices(naming.errors_known(organization_id), asked.error),
        "short": failure_words.short,
        "type_words": name_words,
        "periods": asking.PERIODS,
        "may_edit": identity.current().has_role("editor"),
    }


def _choices(known: list[str], chosen: str | None) -> list[str]:
    """What there is to choose from; what was chosen by an address stays there to be seen."""
    return known if chosen is None or chosen in known else [*known, chosen]
