"""The secrets of a connection: one sealed JSON object, opened only for the call that needs it."""

from collections.abc import Mapping
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy.orm import Session, scoped_session

from wedsync.connections.grants import Grant
from wedsync.platform import documents
from wedsync.platform.vault import Vault, place

Executor: TypeAlias = DatabaseConnection | Session | scoped_session[Any]
Secrets: TypeAlias = dict[str, str]


def sealed(
    executor: Executor,
    vault: Vault,
    organization_id: UUID,
    connection_id: UUID,
    secrets: Mapping[str, str],
) -> bytes:
    """The secrets as the row keeps them."""
    where = place("connections", connection_id, "secret")
    return vault.seal(executor, organization_id, where, documents.write(dict(secrets)))


def opened(
    executor: Executor,
    vault: Vault,
    organization_id: UUID,
    connection_id: UUID,
    secret: bytes | None,
) -> Secrets:
    """The secrets in the clear; none where none were kept. Raises crypto.Unsealable."""
    if secret is None:
        return {}
    where = place("connections", connection_id, "secret")
    found: Secrets = documents.read(vault.open(executor, organization_id, where, secret))
    return found


def with_grant(secrets: Mapping[str, str], grant: Grant) -> Secrets:
    """The secrets after a grant: an answer without a refresh token keeps the one there was."""
    given = {"access_token": grant.access_token}
    if grant.refresh_token is not None:
        given["refresh_token"] = grant.refresh_token
    return {**secrets, **given}


def held_place(authorization_id: UUID) -> str:
    """Where what an attempt holds is sealed to."""
    return place("authorizations", authorization_id, "held")
