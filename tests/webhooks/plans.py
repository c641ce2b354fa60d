"""How statements are carried out: the plans they were carried out by."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

_READ = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes_of(inner)


def plan_of(connection: Connection, statement: str, **given: Any) -> dict[str, Any]:
    """The plan of a statement, which it was carried out by."""
    explained = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
    plan: dict[str, Any] = connection.execute(explained, given).scalar_one()[0]["Plan"]
    return plan


def rows_read(plan: dict[str, Any], table: str) -> float:
    """The most rows one part of a plan has read of a table, those included it had no use for."""
    reading = [
        sum(node.get(rows, 0) for rows in _READ) * node["Actual Loops"]
        for node in nodes_of(plan)
        if node.get("Relation Name") == table and "Scan" in node["Node Type"]
    ]
    assert reading
    return max(reading)
