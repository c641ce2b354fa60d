"""Webhooks, in and out.

Nouns: a *hook* (an address senders post to, signed by a *scheme*), its *rejections*; an *endpoint*
(an address we send to), a *delivery* of an event to it, its *attempts*.

| subject | where |
|---|---|
| in | `hooks`; `schemes` judge what comes (the front calls them), `incoming` finds its data, \
`shown_headers` masks what is kept beside it |
| trying a hook; how much comes; what is let go | `hook_samples`; `hook_traffic`; `retention` |
| the hook of a connection | `connection_hooks`; `subscribing`, a drain's work, tells the partner |
| out | `endpoints`, `filters`, `samples`; `deliveries` are made by the fan-out |
| what can be said of an endpoint | `endpoint_rules`; `conditions`, a filter as rows to fill in; \
`event_choices` to choose from |
| fetched instead of sent | `polling`, `positions` |
| sending, a drain's work | `sending`: `claiming`, `limits`, then `signing`, `heads`, then \
`settling`, `verdicts`, `schedule`; `resending` when asked |
| lanes that sleep or idle | `lanes` |
| endpoints and deliveries in trouble | `standing`, `failing`; `deadly_deliveries`; `operational` \
tells of it |
| everything since a moment again | `replays`, `replay_models` |
| going through it, a drain's work | `replaying`; `replay_events`, what it reads |
| its pages | `replay_routes`, `replay_forms`, `replay_words`; `replay_stories`, on an endpoint's |
| secrets of both | `secrets`; `verification`, how a partner checks ours |
| reading | `queries`, `page_queries`; `delivery_queries` |
| deliveries among very many | `delivery_finding`, along an index; `delivery_naming`, what words \
stand for; `delivery_asking`, what an address asks for; `delivery_counts` |
| pages | `routes`, `hook_routes`, `endpoint_routes`, `delivery_routes`, `secret_routes`, \
`hook_sample_routes`, `connection_routes`; `guide_routes`, for partners |
| what is filled in on them | `forms`, `endpoint_forms` |
| what pages tell | `delivery_log`: `delivery_words`, `attempt_words`, `failure_words`; \
`endpoint_words`, `endpoint_news`; `hook_words`, `scheme_words` |
"""

from wedsync.webhooks import (
    connection_routes,
    delivery_routes,
    endpoint_routes,
    guide_routes,
    hook_routes,
    hook_sample_routes,
    replay_routes,
    secret_routes,
)
from wedsync.webhooks.routes import pages

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
