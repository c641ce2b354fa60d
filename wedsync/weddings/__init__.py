"""The canonical wedding records: what every tool of a business means when it names a couple.

Nouns: a *wedding* with its date, zone and venue, its *households* and their *guests*.

| subject | where |
|---|---|
| rows | `models` |
| what can be said of a wedding | `fields`; `policy`, where it may go from where it stands |
| changing one | `service` for people and scripts; `changing`, for steps of workflows too |
| reading | `queries`; `wedding_search`, by words; `wedding_lists`, a page at a time |
| which one a partner means | `couple_and_day` |
| what expressions see | `scope` |
| pages | `routes`; `turning_points`: it moves, is postponed, cancelled, put away |
| what pages need | `forms`, `wedding_words` |
"""

from wedsync.weddings import turning_points
from wedsync.weddings.routes import pages

__all__ = ["pages", "turning_points"]
