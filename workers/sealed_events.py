"""What nobody is to see in events that came in: sealed where it stands, before it is stored.

Under the wedding's key where the event is about one; what was sealed by somebody who could not
know that is sealed anew. The rest stays under the organization's.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Connection, Row, text

from wedsync.platform import documents, leaves
from wedsync.platform.vault import OpenKey, Vault

Opened: TypeAlias = tuple[Row[Any], Any]
"""An event's row, and its data."""

_STORE = text("UPDATE events SET data = CAST(:data AS jsonb) WHERE id = :id")


def sealed(
    connection: Connection,
    vault: Vault,
    opened: Sequence[Opened],
    hooks: Mapping[str, Row[Any]],
    weddings: Mapping[UUID, UUID],
) -> list[Opened]:
    """The events as they may be stored; `hooks` took them, by source, `weddings` are theirs, by the
    event's id. Keys are read, or made, for all of them at once."""
    paths = {row.id: _sensitive(hooks, row) for row, _ in opened}
    known = {
        (row.organization_id, weddings[row.id])
        for row, data in opened
        if row.id in weddings and (paths[row.id] or leaves.has_sealed(data))
    }
    keys = vault.wedding_keys(connection, known)

    def one(row: Row[Any], data: Any) -> Any:
        wedding = weddings.get(row.id)
        key = keys.get((row.organization_id, wedding)) if wedding else None
        if paths[row.id]:
            key = key or vault.data_key(connection, row.organization_id)
            return leaves.seal_at(data, paths[row.id], row.organization_id, key)
        if key is not None and row.raw_body is None:
            return _anew(connection, vault, row, data, key)
        return data

    return [(row, one(row, data)) for row, data in opened]


def _sensitive(hooks: Mapping[str, Row[Any]], row: Row[Any]) -> Sequence[str]:
    """The paths of what nobody is to see, as the hook that took it says; what came in another way
    is sealed already."""
    return hooks[row.source].options.get("sensitive") or () if row.raw_body is not None else ()


def _anew(connection: Connection, vault: Vault, row: Row[Any], data: Any, key: OpenKey) -> Any:
    keys = partial(vault.keys, connection, row.organization_id)
    changed = leaves.sealed_anew(data, row.organization_id, keys, key)
    if changed is not data:
        connection.execute(_STORE, {"id": row.id, "data": documents.write(changed).decode()})
    return changed
