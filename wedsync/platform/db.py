"""The database: one declarative base, one session, one way to scope rows to an organization."""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson
from flask_sqlalchemy import SQLAlchemy
from psycopg.types.json import set_json_loads
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    Text,
    UniqueConstraint,
    create_engine,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, registry

from wedsync.errors import NotFound

_NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


# Documents are read by the same parser everywhere.
set_json_loads(orjson.loads)


class Base(DeclarativeBase):
    # Flask-SQLAlchemy copies a model class's body, which a bare `type_annotation_map` does not
    # survive; a registry does.
    registry = registry(
        metadata=MetaData(naming_convention=_NAMES),
        type_annotation_map={
            dict[str, Any]: JSONB,
            list[Any]: JSONB,
            str: Text,
            datetime: DateTime(timezone=True),
            UUID: PG_UUID(as_uuid=True),
        },
    )


db = SQLAlchemy(metadata=Base.metadata)


class Row:
    """What every table has: a time-ordered id and the moment it was made."""

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class OrganizationRow(Row):
    """A row that belongs to an organization, and can be a parent inside it.

    The unique pair lets children carry a composite foreign key, so the database itself refuses a
    child whose parent belongs to somebody else.
    """

    @declared_attr
    def organization_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))

    @classmethod
    def unique_inside_organization(cls) -> UniqueConstraint:
        return UniqueConstraint("organization_id", "id")


M = TypeVar("M", bound=OrganizationRow)


def one_of(
    model: type[M],
    organization_id: UUID,
    row_id: UUID,
    *conditions: ColumnElement[bool],
    lock: bool = False,
    missing: str,
) -> M:
    """One row of an organization, read anew and locked for a change when asked.

    Raises NotFound with the sentence `missing`, also for a row of somebody else.
    """
    is_it = (model.organization_id == organization_id, model.id == row_id)
    query = select(model).where(*is_it, *conditions)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = db.session.scalar(query)
    if found is None:
        raise NotFound(missing)
    return found


def parent(
    column: str, table: str, *, ondelete: str = "CASCADE", mutual: bool = False
) -> ForeignKeyConstraint:
    """A composite foreign key `(organization_id, column)` to a parent of the same organization.

    `mutual` marks the one of two tables naming each other that is bound after both exist.
    """
    return ForeignKeyConstraint(
        ["organization_id", column],
        [f"{table}.organization_id", f"{table}.id"],
        ondelete=ondelete,
        use_alter=mutual,
    )


def engine_options(*, pool_size: int = 20, application_name: str = "wedsync") -> dict[str, Any]:
    """Options for every engine: bounded pool, bounded statements, UTC.

    `idle_in_transaction_session_timeout` ends a transaction somebody left open across an effect;
    `lock_timeout` turns a lock queue into an error that is tried again.
    """
    settings = (
        "-c statement_timeout=15000 -c lock_timeout=2000 "
        "-c idle_in_transaction_session_timeout=10000 -c timezone=UTC"
    )
    return {
        # Errors name their statement; what was in it is nobody's business in a log.
        "hide_parameters": True,
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": 3,
        "pool_pre_ping": True,
        # The session used last has its statements, plans and catalogue still at hand.
        "pool_use_lifo": True,
        "pool_recycle": 1800,
        "connect_args": {
            "application_name": application_name,
            "options": settings,
            "connect_timeout": 5,
        },
    }


def engine_beside(engine: Engine) -> Engine:
    """An engine to the same database whose session nobody else uses, for one busy thread.

    The driver forgets what it prepared at every rollback, which is how most reading ends: among
    readers the same few statements are parsed and planned again and again.
    """
    return create_engine(engine.url, **engine_options(pool_size=1))
