"""Connections in words: how one stands, what it may do, when somebody last looked."""

from collections.abc import Sequence

from wedsync.connections.checking import Looked
from wedsync.connections.models import KEPT_STATES, Authorization, Connection
from wedsync.connections.permissions import permissions_of
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
    "revoked": State("off", "Disconnected"),
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


def list_title(connections: Sequence[Connection]) -> str:
    """The news of the list."""
    needing = [each for each in connections if each.state == "needs_reauth"]
    if len(needing) == 1:
        return f"{needing[0].name} needs you"
    if needing:
        return f"{in_words(len(needing)).capitalize()} connections need you"
    return "Connections"


def news(connection: Connection, partner: str, words: Wording) -> str:
    """One or two sentences on how it stands; `partner` is what its connector is called."""
    reason = connection.reason or {}
    if connection.state == "degraded" and _code(connection) == REFRESH_INTERRUPTED:
        until = connection.access_expires_at
        ends = f" It works until {words.moment(until)}." if until else ""
        return f"{reason['message']}{ends}"
    if connection.state == "needs_reauth" and connection.paused_at:
        return f"{reason.get('message', '')} It was paused, and stays so until you let it go on."
    if connection.state in ("degraded", "needs_reauth", "pending") and reason:
        return str(reason["message"])
    if connection.state == "pending":
        return f"You were on the way to {partner}. Nothing is connected yet."
    if connection.state == "paused":
        return (
            "You paused it: nothing uses it, and what needs it waits and goes on in order. "
            "Our permission is kept alive meanwhile."
        )
    if connection.state == "revoked":
        return (
            f"It is disconnected: {partner} does not let us in, and we keep no key. "
            "What needs it waits until you connect it again."
        )
    whose = f", and it answers as {connection.account_name}" if connection.account_name else ""
    return f"{partner} lets us in{whose}."


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
    if connection.state == "active":
        return checked(connection, words)
    if connection.state == "paused":
        return f"Paused {words.ago(connection.state_since)}. What needs it waits."
    if connection.state == "revoked":
        return f"Disconnected {words.ago(connection.state_since)}. What needs it waits."
    return news(connection, connection.name, words)


def looked(connection: Connection, looked: Looked | None, words: Wording) -> str:
    """What became of a look that somebody asked for; None, where there was no room to ask."""
    if looked is None:
        return "We are looking; this page says what we find."
    if looked == "put_off" and connection.check_due_at is not None:
        when = words.at(connection.check_due_at)
        return f"Other work needs what calls {connection.name} allows. We look {when}."
    return line(connection, words)


def failure(connection: Connection, attempt: Authorization | None) -> str | None:
    """Why the last attempt came to nothing, where the connection itself does not say so."""
    if attempt is None or attempt.outcome != "failed" or not attempt.reason:
        return None
    newer = connection.connected_at is None or attempt.created_at > connection.connected_at
    if not newer or connection.state == "pending":
        return None
    if attempt.scopes is not None and attempt.reason["code"] == "consent_denied":
        return "The new permissions were not given. Everything stays as it was."
    said = str(attempt.reason["message"]).replace("Nothing was connected.", "Nothing has changed.")
    return said.replace("so nothing was connected.", "so nothing has changed.")


def sureties(manifest: Manifest) -> list[str]:
    """What it may do where nobody gives each permission by itself."""
    oauth, shelf = manifest.auth.oauth, manifest.shelf
    return list(shelf.permissions) if shelf and not (oauth and oauth.scopes) else []


def asked_for(manifest: Manifest) -> list[str]:
    """What it will be allowed to do, before anybody agrees to it."""
    shelf, oauth = manifest.shelf, manifest.auth.oauth
    if shelf and shelf.permissions:
        return list(shelf.permissions)
    return [scope.words for scope in oauth.scopes] if oauth else []


def asked_anew(connection: Connection, attempt: Authorization, manifest: Manifest) -> list[str]:
    """What an attempt asks for beside what was given, where that is what it is for."""
    if attempt.scopes is None:
        return []
    known = permissions_of(connection.scopes, manifest)
    return [each.words for each in known if each.name in attempt.scopes and not each.is_given]


def renewal(connection: Connection, manifest: Manifest, words: Wording) -> str | None:
    """How long the permission lasts, where it has to be renewed."""
    if manifest.auth.oauth is None or connection.state not in KEPT_STATES:
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
