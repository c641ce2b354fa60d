"""Webhooks, in and out.

Nouns: a *hook* (an address senders post to, signed by a *scheme*), its *rejections*; an *endpoint*
(an address we send to), a *delivery* of an event to it, its *attempts*.
Entry points: `hooks` and `endpoints` make and change them, `queries` reads them, `schemes` judge
what comes in (the front calls them), `incoming` finds its data, `deliveries` are made by the
fan-out and sent by `sending`, signed by `signing`. A connection whose partner tells us things has
a hook of its own (`connection_hooks`), which `subscribing` arranges with them. The pages begin at
`routes`; `delivery_log` and the `…_words` modules say what they show.
"""

from wedsync.webhooks import connection_routes, endpoint_routes, hook_routes
from wedsync.webhooks.routes import pages

__all__ = ["connection_routes", "endpoint_routes", "hook_routes", "pages"]
