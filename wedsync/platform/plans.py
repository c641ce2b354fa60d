"""Reading along an index, as far as is wanted, whatever the planner believes of the table.

Statistics are old, or of another organization's rows: a plan that reads all that is left, to sort
it and keep a page, looks cheap then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session, scoped_session

Executor = Connection | Session | scoped_session[Any]

_PLANS = text(
    "SELECT set_config('enable_sort', :to, true), set_config('enable_incremental_sort', :to, true),"
    " set_config('enable_seqscan', :to, true), set_config('enable_bitmapscan', :to, true)"
)


@contextmanager
def along_an_index(executor: Executor) -> Iterator[None]:
    """Inside, a statement whose order an index has is answered by walking along that index."""
    executor.execute(_PLANS, {"to": "off"})
    yield
    executor.execute(_PLANS, {"to": "on"})
