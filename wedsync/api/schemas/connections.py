"""Connections, as the API tells them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from wedsync.api.schemas.base import Answer, Body, Page, PageQuery, Resource
from wedsync.connections import service
from wedsync.connections.limits import queries as limits
from wedsync.connections.models import Authorization, Connection
from wedsync.connectors.manifest import Manifest
from wedsync.platform import clock
from wedsync.platform.runtime import settings
from wedsync.platform.vault import MASK
from wedsync.workflows.editing.connection_users import User, Waiting

State = Literal["pending", "active", "paused", "degraded", "needs_reauth", "revoked"]
AttemptState = Literal[
    "waits_for_person", "at_provider", "asking", "connected", "failed", "other_account", "too_late"
]
_FIELDS: Any = Field(
    default={},
    max_length=20,
    description=(
        "What the connector asks for, by the names of its fields; a refusal says which are missing "
        "or unknown. Secrets are sealed and never shown again: a mask stands for one that is kept, "
        "and sent back it keeps it."
    ),
    examples=[{"api_key": "the-key-they-gave-you"}],
)


class ConnectionQuery(PageQuery):
    connector: str | None = Field(
        default=None, min_length=1, max_length=60, description="Only those of this connector."
    )
    state: State | None = Field(default=None, description="Only those that stand like this.")


class ConnectionIn(Body):
    connector: str = Field(
        min_length=1, max_length=60, description="The slug of its listing.", examples=["stripe"]
    )
    fields: dict[str, str | int | bool | None] = _FIELDS


class ReconnectionIn(Body):
    fields: dict[str, str | int | bool | None] = _FIELDS


class ConnectionPatch(Body):
    """Only what is named changes."""

    name: str = Field(default="", max_length=500, examples=["The office's calendar"])


class ReasonOut(Answer):
    code: str = Field(description="Stable, and documented.", examples=["credentials_refused"])
    message: str = Field(description="What happened and what to do, for people.")


class AccountOut(Answer):
    id: str
    name: str | None


class PermissionOut(Answer):
    name: str = Field(examples=["guests:read"])
    words: str = Field(examples=["See the guests and their answers"])
    required: bool
    given: bool


class CheckOut(Answer):
    at: datetime
    well: bool
    words: str


class AttemptOut(Answer):
    state: AttemptState = Field(
        description=(
            "`waits_for_person`: a person has to open `authorize_url`. `asking`: we ask the far "
            "end; look again. `other_account`: a person has to say on the page which is meant."
        )
    )
    reason: ReasonOut | None
    expires_at: datetime


class ConnectionOut(Resource):
    connector: str = Field(examples=["stripe"])
    name: str
    state: State
    state_since: datetime
    reason: ReasonOut | None = Field(description="Why it is not what it should be.")
    account: AccountOut | None
    fields: dict[str, Any] = Field(description="What was filled in; secrets are masked.")
    permissions: list[PermissionOut] = Field(description="What was asked for, and what was given.")
    attempt: AttemptOut | None = Field(description="The last attempt to connect it.")
    authorize_url: str | None = Field(
        description=(
            "Where an editor of your team, signed in, goes on to agree at the provider; null where "
            "nothing waits for that."
        )
    )
    connected_at: datetime | None
    access_expires_at: datetime | None
    next_refresh_at: datetime | None
    last_check: CheckOut | None
    next_check_at: datetime | None


class ConnectionPage(Page):
    data: list[ConnectionOut]


class UseOut(Answer):
    workflow_id: str
    name: str
    state: str = Field(description="Whether the workflow is on.", examples=["on"])
    is_live: bool = Field(description="False where only its draft names it.")
    starts: bool = Field(description="What happens there starts it.")
    looks: bool = Field(description="It looks there now and then for what is new.")
    steps: list[str] = Field(description="The steps that use it, as people call them.")
    stops_without: bool = Field(description="Whether it would go wrong without the connection.")


class ConnectionUses(Answer):
    data: list[UseOut]
    waiting_runs: int = Field(description="How many runs wait for it now.")
    waiting_since: datetime | None


class Budget(Answer):
    """What nobody knows is null."""

    limit: int | None = Field(
        description="How many calls it may get within `seconds`, or until `resets_at`."
    )
    seconds: int | None
    remaining: int | None = Field(description="How many of them are left now.")
    resets_at: datetime | None = Field(description="As the far end said.")
    held_until: datetime | None = Field(description="The far end asked for nothing before.")
    waiting: int = Field(description="How many actions wait for their turn.")
    goes_on_at: datetime | None = Field(description="About when the next of them goes on.")
    done_at: datetime | None = Field(description="About when the last of them does.")


def connection_out(
    connection: Connection, manifest: Manifest, attempt: Authorization | None
) -> ConnectionOut:
    """The connection with its last attempt."""
    check = connection.check_result
    checked_at = connection.checked_at
    return ConnectionOut.model_validate(
        {
            "id": connection.id,
            "created_at": connection.created_at,
            "connector": connection.slug,
            "name": connection.name,
            "state": connection.state,
            "state_since": connection.state_since,
            "reason": connection.reason,
            "account": _account(connection),
            "fields": _fields(connection, manifest),
            "permissions": _permissions(connection, manifest),
            "attempt": _attempt(attempt),
            "authorize_url": _authorize_url(connection, attempt),
            "connected_at": connection.connected_at,
            "access_expires_at": connection.access_expires_at,
            "next_refresh_at": connection.refresh_due_at,
            "last_check": {"at": checked_at, **check} if check and checked_at else None,
            "next_check_at": connection.check_due_at,
        }
    )


def budget_out(budget: limits.Budget | None) -> Budget:
    if budget is None:
        return Budget(
            limit=None,
            seconds=None,
            remaining=None,
            resets_at=None,
            held_until=None,
            waiting=0,
            goes_on_at=None,
            done_at=None,
        )
    return Budget.model_validate(asdict(budget))


def uses_out(users: tuple[User, ...], waiting: Waiting) -> ConnectionUses:
    return ConnectionUses(
        data=[
            UseOut(
                workflow_id=str(each.workflow.id),
                name=each.workflow.name,
                state=each.workflow.state,
                is_live=each.is_live,
                starts=each.starts,
                looks=each.looks,
                steps=list(each.steps),
                stops_without=each.would_stop,
            )
            for each in users
        ],
        waiting_runs=waiting.n,
        waiting_since=waiting.since,
    )


def _account(connection: Connection) -> dict[str, Any] | None:
    if connection.account_id is None:
        return None
    return {"id": connection.account_id, "name": connection.account_name}


def _fields(connection: Connection, manifest: Manifest) -> dict[str, Any]:
    """What was typed, of what the manifest asks for; a mask for each secret that may be kept."""
    is_kept = connection.secret is not None and connection.state != "revoked"
    shown = {}
    for field in manifest.auth.fields:
        if field.kind == "secret":
            shown[field.name] = MASK if is_kept else None
        else:
            shown[field.name] = connection.settings.get(field.name)
    return shown


def _permissions(connection: Connection, manifest: Manifest) -> list[dict[str, Any]]:
    scopes = manifest.auth.oauth.scopes if manifest.auth.oauth else ()
    return [
        {
            "name": each.name,
            "words": each.words,
            "required": each.required,
            "given": each.name in connection.scopes,
        }
        for each in scopes
    ]


def _attempt(attempt: Authorization | None) -> dict[str, Any] | None:
    if attempt is None:
        return None
    return {
        "state": attempt_state(attempt),
        "reason": attempt.reason,
        "expires_at": attempt.expires_at,
    }


def attempt_state(attempt: Authorization) -> AttemptState:
    """How an attempt stands, in a word."""
    if attempt.outcome in ("to_exchange", "exchanging"):
        return "asking"
    if attempt.outcome is None:
        if attempt.expires_at <= clock.now():
            return "too_late"
        return "waits_for_person" if attempt.sign_in_id is None else "at_provider"
    settled: dict[str, AttemptState] = {
        "connected": "connected",
        "failed": "failed",
        "other_account": "other_account",
    }
    return settled[attempt.outcome]


def _authorize_url(connection: Connection, attempt: Authorization | None) -> str | None:
    if attempt is None or attempt_state(attempt) != "waits_for_person":
        return None
    return f"{settings().public_url}/connections/{connection.id}/authorize"


def typed_before(connection: Connection, manifest: Manifest) -> dict[str, Any]:
    """What was typed that is no secret: who connects again names only what changes."""
    names = [field.name for field in manifest.auth.fields if field.kind != "secret"]
    return {name: connection.settings[name] for name in names if name in connection.settings}


def manifest_of(connection: Connection) -> Manifest:
    """The manifest it pins."""
    return service.manifest_of(connection)
