"""How statements are carried out: the plans they were carried out by."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes_of(inner)


def plan_of(connection: Connection, statement: str, **given: Any) -> dict[str, Any]:
    """The plan of a statement, which it was carried out by."""
    explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    plan: dict[str, Any] = connection.execute(explained, given).scalar_one()[0]["Plan"]
    return plan
