"""Whether everything is well: Today, the health page, the books, and what machines ask.

Nouns: what *needs* somebody, a *health* (a judgement of one thing from its *figures*; `judging`
holds the thresholds), a *pulse* (one row of Today's health column), the *books* (everything
accepted is accounted for), *readiness*.
Entry points: `pages`; `count_needing` for the frame of every page.
"""

from wedsync.health.needs import count_needing
from wedsync.health.routes import pages

__all__ = ["count_needing", "pages"]
