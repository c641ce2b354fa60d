"""Alembic's entry: online only, over the connection `wedsync.migrations` hands in."""

from alembic import context

from wedsync.migrations import tables

config = context.config
context.configure(
    connection=config.attributes["connection"],
    target_metadata=tables(),
    compare_type=True,
    compare_server_default=False,
)
with context.begin_transaction():
    context.run_migrations()
