"""The webhook pages begin here: what comes in and what goes out, on one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, request

from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.wording import State, Wording, capital, in_words, listing
from wedsync.webhooks import page_queries, queries
from wedsync.webhooks.delivery_log import counts
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.hooks import traffic as traffic_of_hooks
from wedsync.webhooks.models import Endpoint, Hook
from wedsync.webhooks.views import endpoint_news, endpoint_words, hook_words

pages = Blueprint("webhooks", __name__)

_PAGE = 100
_FIRST = ("needs", "retrying")
"""The kinds of state that stand on top: what needs somebody, then what is in trouble."""


@dataclass(frozen=True, slots=True)
class EndpointLine:
    """An endpoint as the overview lists it."""

    endpoint: Endpoint
    state: State
    news: str


@pages.get("/webhooks")
def overview() -> Response:
    """Every hook and every endpoint."""
    organization_id, words = identity.organization_id(), wording.here()
    may_edit = identity.current().has_role("editor")
    hooks_after, endpoints_after = _after("hooks_after"), _after("endpoints_after")
    found = queries.list_hooks(organization_id, limit=_PAGE + 1, after=hooks_after)
    endpoints = queries.list_endpoints(organization_id, limit=_PAGE + 1, after=endpoints_after)
    listed = sorted(found[:_PAGE], key=lambda hook: _place(hook_words.hook_state(hook)))
    lines = _lines(organization_id, endpoints[:_PAGE], words)
    return render(
        "webhooks/overview.html",
        hooks=listed,
        endpoints=lines,
        more_hooks=found[_PAGE - 1].id if len(found) > _PAGE else None,
        more_endpoints=endpoints[_PAGE - 1].id if len(endpoints) > _PAGE else None,
        is_begin=hooks_after is None and endpoints_after is None,
        news=_news(listed, lines, "you" if may_edit else "an editor"),
        rejections=page_queries.rejection_counts(organization_id),
        taken=traffic_of_hooks.taken(organization_id, words.now),
        hook_words=hook_words,
        endpoint_words=endpoint_words,
        url_of=hooks.url_of,
        may_edit=may_edit,
    )


def _after(name: str) -> UUID | None:
    """What the page before this one ended with; None on the first."""
    return request.args.get(name, type=UUID)


def _lines(
    organization_id: UUID, endpoints: Sequence[Endpoint], words: Wording
) -> list[EndpointLine]:
    """These endpoints, what needs somebody first."""
    traffic = counts.traffic(organization_id, [each.id for each in endpoints], words.now)
    stopped = page_queries.standstills(endpoints)
    lines = [
        EndpointLine(
            each,
            endpoint_news.endpoint_state(each, traffic[each.id], stopped.get(each.id), words),
            endpoint_news.news(each, traffic[each.id], words),
        )
        for each in endpoints
    ]
    return sorted(lines, key=lambda line: _place(line.state))


def _place(state: State) -> int:
    return _FIRST.index(state.kind) if state.kind in _FIRST else len(_FIRST)


def _news(listed: Sequence[Hook], lines: Sequence[EndpointLine], whom: str) -> str:
    """What needs somebody, and whom, in a sentence; empty when nothing does."""
    needing = {
        "hook": sum(hook_words.hook_state(hook).kind == "needs" for hook in listed),
        "endpoint": sum(line.state.kind == "needs" for line in lines),
    }
    said = [
        f"{in_words(many)} {what}{'s' if many > 1 else ''}"
        for what, many in needing.items()
        if many
    ]
    if not said:
        return ""
    verb, they = ("needs", "It stands") if sum(needing.values()) == 1 else ("need", "They stand")
    return f"{capital(listing(said))} {verb} {whom}. {they} first."
