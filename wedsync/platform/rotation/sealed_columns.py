"""Everything that is kept sealed: which table, which column, bound to which place, by whose key.

New keys for old go through these, so a column that is missing here is lost with its old key. Tables
are named as text: they belong to slices above.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns. `key` is its primary key, each part with its type.

    `values` are sealed whole, to `<table>:<id>:<column>`, under the organization's key. `leaves`
    are documents with sealed leaves in them, under the organization's key or a wedding's.
    """

    name: str
    key: tuple[tuple[str, str], ...] = (("id", "uuid"),)
    values: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.values, *self.leaves)


SEALED = (
    SealedTable("listings", values=("client_secret",)),
    SealedTable("connections", values=("secret",)),
    SealedTable("authorizations", values=("held",)),
    SealedTable("account_choices", values=("entries",)),
    SealedTable("hooks", values=("secret", "previous_secret")),
    SealedTable(
        "endpoints",
        values=("secret", "previous_secret", "signing_key", "previous_signing_key"),
    ),
    SealedTable("events", values=("raw_body",), leaves=("data",)),
    SealedTable(
        "runs",
        leaves=("input", "items", "reason", "waiting_for", "engine_state", "pending_decision"),
    ),
    SealedTable(
        "run_steps",
        key=(("run_id", "uuid"), ("step_id", "text"), ("item", "bigint")),
        leaves=("input", "output", "error", "explanation", "reads"),
    ),
    SealedTable("approvals", leaves=("who", "then_ask")),
    SealedTable("rerun_batches", leaves=("wanted",)),
    SealedTable(
        "workflow_timers",
        key=(("workflow_id", "uuid"), ("key", "text")),
        leaves=("plan", "cursor"),
    ),
    SealedTable("tries", leaves=("told", "input")),
    SealedTable(
        "tried_outputs",
        key=(("user_id", "uuid"), ("workflow_id", "uuid"), ("step_id", "text")),
        leaves=("output",),
    ),
    SealedTable("workflows", leaves=("draft",)),
    SealedTable(
        "draft_operations",
        key=(("workflow_id", "uuid"), ("number", "int")),
        leaves=("before", "after"),
    ),
    SealedTable("workflow_versions", leaves=("definition",)),
    SealedTable("workflow_templates", leaves=("definition", "questions")),
    SealedTable(
        "clipboards",
        key=(("organization_id", "uuid"), ("user_id", "uuid")),
        leaves=("steps", "outside"),
    ),
)
"""Under the keys of organizations and weddings."""

SEALED_FOR_PLATFORM = SealedTable("mail_messages", values=("content",))
"""Under the master keys themselves: our own e-mail on its way."""
