"""Whether everything is well: Today, the books, and what machines ask.

Nouns: what *needs* somebody, a *pulse* (one row of the health column), the *books* (everything
accepted is accounted for), *readiness*.
Entry points: `pages`; `count_needing` for the frame of every page.
"""

from wedsync.health.needs import count_needing
from wedsync.health.routes import pages

__all__ = ["count_needing", "pages"]
