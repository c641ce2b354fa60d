"""Connections: an organization's authorised links to connectors.

Nouns: a *connection* (its account, settings, sealed credentials, state and reason), an *attempt*
to connect (`Authorization`: one visit to a provider's consent page, or credentials typed here).
`service` begins, mends and ends connections, `attempts` and `finishing` carry an attempt through,
`refreshing` keeps tokens fresh under an SQL lease, `access` opens a connection for the call that
needs it, `keeping` is the drain lane. `grants` speaks OAuth2; `standing` is every change of state
with its event and its notice. The pages begin at `routes` and `connect_routes`.
"""

from wedsync.connections import connect_routes
from wedsync.connections.routes import pages

__all__ = ["connect_routes", "pages"]
