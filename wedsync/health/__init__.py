"""Whether everything is well: Today, the health page, the books, and what machines ask.

Nouns: what *needs* somebody, a *health* (a judgement of one thing from its *figures*), a *pulse*
(one row of Today's health column), the *books* (everything accepted is accounted for), *readiness*.

| subject | where |
|---|---|
| judging | `figures` reads the `measures`, `judging` holds the thresholds |
| the health page | `overview` of `everything`, in `lines` that lead to `pages_of_things` |
| what did not do well, from when to when | `incidents` |
| how one thing did over a time | `analytics` (also as CSV), `periods` |
| Today | `today`, `today_queries`; `needs`, which also counts for the frame of every page |
| the books | `books` |
| what machines ask | `readiness` |
| pages | `routes`; `incident_routes`; `analysis_routes`, told by `analysis_story` |
"""

from wedsync.health import analysis_routes as _analysis_routes  # noqa: F401 - adds its pages
from wedsync.health import incident_routes as _incident_routes  # noqa: F401
from wedsync.health.needs import count_needing
from wedsync.health.routes import pages

__all__ = ["count_needing", "pages"]
