"""Whatever can hold something sealed is known to who makes new keys, or is known not to hold any.

A column that somebody adds and forgets here would be lost with the key it was sealed under.
"""

from sqlalchemy import LargeBinary, MetaData, Table
from sqlalchemy.dialects.postgresql import JSONB

from wedsync.migrations import tables
from wedsync.platform.rotation.sealed_columns import SEALED, SEALED_FOR_PLATFORM, SealedTable

_HASH = "a hash: nothing opens it"
_OURS = "words, ids and figures of our own"
_BY_PEOPLE = "written by people, who are shown a mask of what is sealed"

NOT_SEALED = {
    "api_keys.key_hash": _HASH,
    "approval_links.token_hash": _HASH,
    "audit_entries.facts": _OURS,
    "authorizations.reason": _OURS,
    "authorizations.state_hash": _HASH,
    "connections.check_result": _OURS,
    "connections.looks": _OURS,
    "connections.reason": _OURS,
    "connections.settings": "what may be seen of an account; what may not is in its secret",
    "data_keys.wrapped": "keys themselves, which are wrapped anew",
    "delivery_attempts.timings": _OURS,
    "done_gestures.key_hash": _HASH,
    "endpoints.filter": _BY_PEOPLE,
    "event_waits.paths": _BY_PEOPLE,
    "events.causation": _OURS,
    "events.headers": "secrets in them are masked before they are kept",
    "hook_receipts.body_hash": _HASH,
    "hook_rejection_samples.headers": "secrets in them are masked before they are kept",
    "hooks.options": _BY_PEOPLE,
    "hooks.subscription_error": _OURS,
    "invitations.token_hash": _HASH,
    "listing_versions.checks": _OURS,
    "listing_versions.manifest": _BY_PEOPLE,
    "mail_messages.last_error": _OURS,
    "owners.passing_on": _OURS,
    "owners.preparing": _OURS,
    "owners.taking": _OURS,
    "person_links.token_hash": _HASH,
    "remembered_answers.answer": "under a key that only who asked has, for a day",
    "remembered_answers.body_hash": _HASH,
    "remembered_answers.key_hash": _HASH,
    "runs.causation": _OURS,
    "step_attempts.error": _OURS,
    "weddings.partners": _BY_PEOPLE,
    "workflow_templates.left_out": _OURS,
    "workflow_timers.causation": _OURS,
    "workflow_timers.error": _OURS,
}
REGISTRY = (*SEALED, SEALED_FOR_PLATFORM)


def test_every_column_that_can_hold_something_sealed_is_known() -> None:
    registered = {f"{table.name}.{column}" for table in REGISTRY for column in table.columns}
    assert not registered & NOT_SEALED.keys()
    assert _that_can(tables()) == registered | NOT_SEALED.keys()


def test_the_registry_names_each_table_as_it_is() -> None:
    known = tables().tables
    for table in REGISTRY:
        there = known[table.name]
        assert [name for name, _ in table.key] == [column.name for column in there.primary_key]
        assert all(isinstance(there.c[name].type, LargeBinary) for name in table.values)
        assert all(isinstance(there.c[name].type, JSONB) for name in table.leaves)
        assert "organization_id" in there.c
        assert not table.values or table.key == SealedTable("any").key, "a place names one id"


def _that_can(metadata: MetaData) -> set[str]:
    return {f"{table.name}.{name}" for table in metadata.sorted_tables for name in _columns(table)}


def _columns(table: Table) -> list[str]:
    return [c.name for c in table.columns if isinstance(c.type, LargeBinary | JSONB)]
