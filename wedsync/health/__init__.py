"""Whether everything is well: Today, the health page, the books, and what machines ask.

Nouns: what *needs* somebody, a *health* (a judgement of one thing from its *figures*), a *pulse*
(one row of Today's health column), the *books* (everything accepted is accounted for), *readiness*.

| subject | where |
|---|---|
| judging | `figures` reads the `measures`, `judging` holds the thresholds |
| the health page | `overview`, `lines` |
| how one thing did over a time | `analytics` (also as CSV), `periods` |
| Today | `today`, `today_queries`; `needs`, which also counts for the frame of every page |
| the books | `books` |
| what machines ask | `readiness` |
| pages | `routes`; `analysis_routes`, told by `analysis_story` |
"""

from wedsync.health import analysis_routes as _analysis_routes  # noqa: F401 - adds its pages
from wedsync.health.needs import count_needing
from wedsync.health.routes import pages

__all__ = ["count_needing", "pages"]
