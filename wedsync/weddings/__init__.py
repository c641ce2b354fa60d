"""The canonical wedding records: what every tool of a business means when it names a couple.

Nouns: a *wedding* with its date, zone and venue, its *households* and their *guests*.
Entry points: `queries` reads them, `pages` shows them, `scope` is what expressions see of one.
"""

from wedsync.weddings.routes import pages

__all__ = ["pages"]
