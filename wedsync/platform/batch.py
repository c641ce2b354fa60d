"""Many rows in one statement: a batch travels as one JSON text and is read by PostgreSQL.

    INSERT … SELECT … FROM json_to_recordset(CAST(:rows AS json)) AS t(id uuid, state text, …)

One parameter instead of one array per column: the driver escapes nothing, UUIDs, instants and
dataclasses are written by orjson, and documents arrive as JSONB without being encoded twice.
"""

from collections.abc import Sequence
from typing import Any

import orjson


def rows(batch: Sequence[Any]) -> dict[str, str]:
    """The parameter `rows` of such a statement: dicts or dataclasses with the columns' names."""
    return {"rows": orjson.dumps(batch).decode()}


def recordset(columns: str) -> str:
    """The batch as a table `t` with these columns (`"id uuid, state text"`)."""
    return f"json_to_recordset(CAST(:rows AS json)) AS t({columns})"
