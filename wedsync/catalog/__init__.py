"""The marketplace's pages: for vendors who look for an integration, partners who offer one, admins
who read what is offered.

Nouns: a *card* (a listing in a line), a *goal* (a shelf), the *editor* of a draft's manifest by
parts, the *queue* of what waits for a decision. It shows; what it shows is kept by `listings` and
`connections`.

| pages | where | what they show |
|---|---|---|
| vendors' | `routes` | `goals`, `search`, `cards`; `words`, a listing's page; `everybody` |
| partners' | `listing_routes`, `editor_routes` | `listing_words`; `editor`, a draft by parts |
| admins' | `review_routes` | `listing_words`, `words` |
| all | `posted`, what a form says beside its fields | |
"""

from wedsync.catalog import editor_routes, listing_routes, review_routes
from wedsync.catalog.routes import pages

__all__ = ["editor_routes", "listing_routes", "pages", "review_routes"]
