"""Keys are found along an index, however many organizations and weddings there are."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import Connection, text

from tests.personas import make_organization
from tests.platform.vaulting import engine_of
from wedsync.platform import ids
from wedsync.platform.rotation import walking
from wedsync.platform.rotation.sealed_columns import SEALED
from wedsync.platform.vault import known_keys

_MANY = 5_000


@pytest.fixture
def many(app: APIFlask) -> Iterator[tuple[Connection, UUID]]:
    """A connection that sees many keys, an organization among them; nobody else ever does."""
    whose = make_organization(app)
    with engine_of(app).connect() as connection:
        connection.execute(
            text(
                "WITH made AS (INSERT INTO organizations (name, slug, kind)"
                f"  SELECT 'R', gen_random_uuid()::text, 'vendor' FROM generate_series(1, {_MANY})"
                "  RETURNING id), keys AS (INSERT INTO data_keys"
                "  (organization_id, master_key_id, wrapped) SELECT id, id, '' FROM made),"
                " weddings AS (INSERT INTO weddings (organization_id, title)"
                "  SELECT id, 'A' FROM made RETURNING id, organization_id)"
                " INSERT INTO data_keys (organization_id, wedding_id, wrapped)"
                " SELECT organization_id, id, '' FROM weddings"
            )
        )
        connection.execute(text("ANALYZE data_keys"))
        yield connection, whose
        connection.rollback()


def plan_of(connection: Connection, statement: Any, given: dict[str, Any]) -> str:
    rows = connection.execute(text(f"EXPLAIN {statement}"), given).scalars()
    return "\n".join(rows)


@pytest.mark.parametrize(
    "statement", [known_keys.OF_ORGANIZATIONS, known_keys.BY_ID, known_keys.OF_WEDDINGS]
)
def test_keys_are_found_along_an_index(many: tuple[Connection, UUID], statement: str) -> None:
    connection, whose = many
    given = {"organizations": [whose] * 3, "ids": [ids.new_id() for _ in range(3)]}
    plan = plan_of(connection, statement, given)
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("table", SEALED, ids=lambda table: table.name)
def test_a_table_is_gone_through_along_its_key(
    many: tuple[Connection, UUID], table: walking.SealedTable
) -> None:
    connection, _ = many
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    # Of a table with a few rows, reading all by any index and sorting is as cheap as anything.
    connection.execute(text("SET LOCAL enable_sort = off"))
    samples = {"uuid": UUID(int=0), "text": "a", "int": 1, "bigint": 1}
    key = tuple(samples[kind] for _, kind in table.key)
    statement, given = walking._Statements(table).page(key)
    plan = plan_of(connection, statement.text, given)
    assert f"pk_{table.name}" in plan, plan
