"""Connections in words: how one stands, what it may do, when somebody last looked."""

from wedsync.connections.models import Authorization, Connection
from wedsync.connections.reasons import (
    CREDENTIALS_REFUSED,
    REFRESH_INTERRUPTED,
    REFUSED,
    REFUSED_AGAIN,
)
from wedsync.connectors.manifest import Manifest
from wedsync.platform.wording import State, Wording, in_words, listing

_ASKING = ("to_exchange", "exchanging")


_STATES = {
    "pending": State("needs", "Not connected yet"),
    "active": State("ready", "Connected"),
    "paused": State("paused", "Paused"),
    "degraded": State("retrying", "Connected, with trouble"),
    "needs_reauth": State("needs", "Needs you"),
}


def state_of(connection: Connection, *, asking: bool = False) -> State:
    """How a connection stands, in a word or two."""
    return State("running", "Still asking") if asking else _STATES[connection.state]


def is_asking(attempt: Authorization | None) -> bool:
    """Whether an attempt is being carried out right now."""
    return attempt is not None and attempt.outcome in _ASKING


def is_looking(connection: Connection) -> bool:
    """Whether we are finding out if a refusal lasts."""
    return _code(connection) in (REFUSED, REFUSED_AGAIN)


def list_title(connections: list[Connection]) -> str:
    """The news of the list."""
    needing = [each for each in connections if each.state == "needs_reauth"]
    if len(needing) == 1:
        return f"{needing[0].name} needs you"
    if needing:
        return f"{in_words(len(needing)).capitalize()} connections need you"
    return "Connections"


def news(connection: Connection, words: Wording) -> str:
    """One or two sentences on how it stands."""
    reason = connection.reason or {}
    if connection.state == "degraded" and _code(connection) == REFRESH_INTERRUPTED:
        until = connection.access_expires_at
        ends = f" It works until {words.moment(until)}." if until else ""
        return f"{reason['message']}{ends}"
    if connection.state in ("degraded", "needs_reauth", "pending") and reason:
        return str(reason["message"])
    if connection.state == "pending":
        return f"You were on the way to {connection.name}. Nothing is connected yet."
    whose = f" It answers as {connection.account_name}." if connection.account_name else ""
    return f"Everything is well.{whose}"


def checked(connection: Connection, words: Wording) -> str:
    """When somebody last looked, and what was found."""
    if connection.checked_at is None:
        return "Nobody has looked at the account yet."
    if connection.state == "needs_reauth" and _code(connection) == CREDENTIALS_REFUSED:
        return f"We last asked {words.ago(connection.state_since)}. It did not know us any more."
    found = connection.check_result
    if found is not None:
        return f"We last looked {words.ago(connection.checked_at)}. {found['words']}"
    connected = f"It was connected {words.ago(connection.checked_at)}"
    if connection.account_name:
        return f"{connected} and answered as {connection.account_name}."
    return f"{connected}. We have not looked since."


def line(connection: Connection, words: Wording) -> str:
    """A connection in the list: its account, and what somebody should know."""
    if connection.state in ("needs_reauth", "pending", "degraded"):
        return news(connection, words)
    return checked(connection, words)


def failure(connection: Connection, attempt: Authorization | None) -> str | None:
    """Why the last attempt came to nothing, where the connection itself does not say so."""
    if attempt is None or attempt.outcome != "failed" or not attempt.reason:
        return None
    newer = connection.connected_at is None or attempt.created_at > connection.connected_at
    return str(attempt.reason["message"]) if newer and connection.state != "pending" else None


def permissions(connection: Connection, manifest: Manifest) -> list[tuple[bool, str]]:
    """What it may do: each permission in plain words, and whether it was given."""
    oauth = manifest.auth.oauth
    if oauth is None or not oauth.scopes:
        shelf = manifest.shelf
        return [(True, words) for words in (shelf.permissions if shelf else ())]
    return [(scope.name in connection.scopes, scope.words) for scope in oauth.scopes]


def asked_for(manifest: Manifest) -> list[str]:
    """What it will be allowed to do, before anybody agrees to it."""
    shelf, oauth = manifest.shelf, manifest.auth.oauth
    if shelf and shelf.permissions:
        return list(shelf.permissions)
    return [scope.words for scope in oauth.scopes] if oauth else []


def renewal(connection: Connection, manifest: Manifest, words: Wording) -> str | None:
    """How long the permission lasts, where it has to be renewed."""
    if manifest.auth.oauth is None or connection.state not in ("active", "degraded"):
        return None
    said = []
    if connection.refreshed_at:
        said.append(f"last {words.ago(connection.refreshed_at)}")
    if connection.refresh_due_at and connection.refresh_due_at > words.now:
        said.append(f"next {words.at(connection.refresh_due_at)}")
    return f"by itself, {listing(said)}" if said else "by itself"


def _code(connection: Connection) -> str | None:
    code: str | None = (connection.reason or {}).get("code")
    return code
