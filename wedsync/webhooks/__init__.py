"""Webhooks, in and out.

Nouns: a *hook* (an address senders post to, signed by a *scheme*), its *rejections*; an *endpoint*
(an address we send to), a *delivery* of an event to it, its *attempts*.

From the bottom up; a package imports only what stands above it in this table:

| subject | where |
|---|---|
| judging what comes, pure | `schemes` |
| signing what we send, pure | `signing` |
| rows | `models` |
| reading | `queries`; `page_queries` for pages |
| secrets of both | `secrets` |
| up to where something was let go | `retention_marks` |
| out: whom we send to | `endpoints` |
| out: deliveries and their attempts | `delivering` |
| in | `hooks` |
| deliveries among very many, found and told | `delivery_log` |
| everything since a moment again | `replays` |
| pages | `views` |
"""

from wedsync.webhooks.views import (
    connection_routes,
    delivery_routes,
    endpoint_routes,
    guide_routes,
    hook_routes,
    hook_sample_routes,
    replay_routes,
    secret_routes,
)
from wedsync.webhooks.views.routes import pages

__all__ = [
    "connection_routes",
    "delivery_routes",
    "endpoint_routes",
    "guide_routes",
    "hook_routes",
    "hook_sample_routes",
    "pages",
    "replay_routes",
    "secret_routes",
]
