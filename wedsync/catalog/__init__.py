"""The marketplace's pages: for vendors who look for an integration, partners who offer one, admins
who read what is offered.

Nouns: a *card* (a listing in a line), the *editor* of a draft's manifest by parts, the *queue* of
what waits for a decision. It shows; what it shows is kept by `listings` and `connections`.
Entry points: `routes` (vendors), `listing_routes` (partners), `review_routes` (admins).
"""

from wedsync.catalog import editor_routes, listing_routes, review_routes
from wedsync.catalog.routes import pages

__all__ = ["editor_routes", "listing_routes", "pages", "review_routes"]
