"""Connections: an organization's authorised links to connectors.

Nouns: a *connection* (its account, settings, sealed credentials, state and reason), an *attempt*
to connect (`Authorization`: one visit to a provider's consent page, or credentials typed here).

| subject | where |
|---|---|
| making, mending, asking for more | `service`; `policy` says who may, `queries` reads |
| paused, going on, disconnected, deleted; what it is called | `life`; `naming` |
| what it may do there, and what it may not | `permissions` |
| an attempt, from what is typed to what is kept | `connecting` |
| where a provider sends people back to | `callbacks` |
| what a provider is asked: for tokens; whose account it is | `grants`; `account` |
| what it answers when it is asked for tokens | `token_answers` |
| tokens renewed, and given back | `tokens` |
| whether the account is still there | `checking` |
| keeping it usable | `keeping`, the drain's work |
| using it | `access`, for the call that needs it; `credentials`, the sealed secrets |
| what can be chosen there | `choosing` |
| how often the far end may be called | `limits` |
| how it stands | `standing`, each change with event and notice; `reasons`, in sentences |
| what work on it needs | `means`: database, vault, settings |
| pages | `views` |
"""

from wedsync.connections.views import connect_routes, life_routes
from wedsync.connections.views.routes import pages

__all__ = ["connect_routes", "life_routes", "pages"]
