"""Connections: an organization's authorised links to connectors.

Nouns: a *connection* (its account, settings, sealed credentials, state and reason), an *attempt*
to connect (`Authorization`: one visit to a provider's consent page, or credentials typed here).

| subject | where |
|---|---|
| making, mending, ending | `service`; `policy` says who may, `forms` what is typed |
| an attempt | `attempts` begins it, `finishing` carries it out, `gained` keeps what came of it |
| what a provider is asked | `grants` (OAuth2), `account` (whose it is), `revoking` |
| how many may ask at once | `asking` |
| keeping it usable | `keeping`, the drain's work, with `refreshing`, `checking`, `timing` |
| using it | `access`, for the call that needs it; `credentials`, the sealed secrets |
| what can be chosen there | `choices` reads it, `kept_choices` keeps it |
| how it stands | `standing`, each change with event and notice; `reasons`, in sentences |
| what work on it needs | `means`: database, vault, settings |
| pages | `routes`, `connect_routes`, `queries`, `connection_words` |
"""

from wedsync.connections import connect_routes
from wedsync.connections.routes import pages

__all__ = ["connect_routes", "pages"]
