"""What providers answer when they are asked for a token, read as each of them writes it.

Every answer becomes a value: a `Grant`, or a `NoGrant` that says what it means for the caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from wedsync.connections import reasons
from wedsync.connections.reasons import Reason
from wedsync.connectors import filling
from wedsync.connectors.manifest import OAuth
from wedsync.platform import clock, documents
from wedsync.platform.outbound import Answer, Outcome
from wedsync.platform.retry_after import retry_after_s

SHORTEST_LIFE_S = 2.0
"""No token is taken to live shorter, whatever its provider says."""

_UNREAD = object()
_TOO_MANY = 429
_LONGEST_LIFE_S = 10 * 365 * 86_400
_LONGEST_KEPT = 500
# That only a person can mend it is said in several words (RFC 6749, 5.2; OpenID Connect, 3.1.2.6).
_SPENT = frozenset({"invalid_grant", "interaction_required", "login_required", "consent_required"})
_CLIENT_REFUSED = frozenset({"invalid_client", "unauthorized_client"})


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gave. `scopes` is None where its answer did not say: then it is what was
    asked (RFC 6749, 5.1); the same holds for `lives_s` and the manifest's word. `kept` is what the
    manifest wants remembered of the answer (`OAuth.from_answer`)."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    lives_s: float | None = None
    scopes: tuple[str, ...] | None = None
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoGrant:
    """`spent`: the code or refresh token is not good any more · `refused`: a full refusal for
    another cause · `later`: not processed, asking again is safe · `maybe`: it may have been
    processed, and its answer is lost."""

    kind: Literal["spent", "refused", "later", "maybe"]
    reason: Reason
    retry_after_s: float | None = None


def read(name: str, oauth: OAuth, outcome: Outcome) -> Grant | NoGrant:
    """What came back of a token request to the provider that vendors know as `name`."""
    if not isinstance(outcome, Answer):
        if outcome.kind == "maybe":
            return NoGrant("maybe", reasons.no_answer(name))
        return NoGrant("later", reasons.unreachable(name))
    if outcome.status >= 500 or outcome.status == _TOO_MANY:
        return NoGrant("later", reasons.provider_failed(name), retry_after_s(outcome))
    said = _document(outcome)
    # Some providers say no with a 200, some that there is no error.
    if outcome.status >= 400 or (isinstance(said, Mapping) and said.get("error")):
        return _refusal(name, oauth, said)
    grant = _grant(oauth, said)
    return grant or NoGrant("maybe", reasons.not_understood(name))


def _document(answer: Answer) -> Any:
    try:
        return documents.read(answer.body)
    except documents.BadDocument:
        return _UNREAD


def _refusal(name: str, oauth: OAuth, said: Any) -> NoGrant:
    code = filling.reached(said, oauth.error_path)
    error = str(code) if isinstance(code, str | int) else ""
    if error in _SPENT or error in oauth.spent_errors:
        return NoGrant("spent", reasons.code_refused(name))
    if error in _CLIENT_REFUSED:
        return NoGrant("refused", reasons.client_refused(name))
    return NoGrant("refused", reasons.not_understood(name))


def _grant(oauth: OAuth, said: Any) -> Grant | None:
    token = filling.reached(said, oauth.access_token_path)
    if not isinstance(token, str) or not token:
        return None
    # What belongs to the token stands beside it.
    beside = filling.reached(said, oauth.access_token_path.rpartition(".")[0])
    if not isinstance(beside, Mapping):
        return None
    refresh = beside.get("refresh_token")
    return Grant(
        access_token=token,
        refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        lives_s=_life(oauth, beside),
        scopes=_scopes(oauth, filling.reached(beside, oauth.scopes_path)),
        kept=_kept(oauth.from_answer, said),
    )


def _kept(wanted: Mapping[str, str], said: Any) -> dict[str, str]:
    found = {name: filling.reached(said, path) for name, path in wanted.items()}
    return {name: str(value) for name, value in found.items() if can_be_kept(value)}


def can_be_kept(value: Any) -> bool:
    """Whether it is a short line that may stand in an address or a header later."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    line = str(value)
    return 0 < len(line) <= _LONGEST_KEPT and line.isprintable() and " " not in line


def _scopes(oauth: OAuth, said: Any) -> tuple[str, ...] | None:
    """Granted permissions by our names; None where the answer does not say.

    Providers that separate by commas when asked may answer with spaces.
    """
    if isinstance(said, list):
        listed = [each for each in said if isinstance(each, str)]
    elif isinstance(said, str):
        parts = said.split(oauth.scope_separator) if oauth.scope_separator else [said]
        listed = [name for part in parts for name in part.split() if name]
    else:
        return None
    meant = [
        each.name
        for each in oauth.scopes
        if each.silent or any(name in listed for name in each.granted_as)
    ]
    return tuple(dict.fromkeys([*listed, *meant]))


def _life(oauth: OAuth, beside: Mapping[str, Any]) -> float | None:
    ends = filling.reached(beside, oauth.expires_at_path) if oauth.expires_at_path else None
    return _until(ends) or _seconds(beside.get("expires_in")) or oauth.expires_in_s


def _until(said: Any) -> float | None:
    """Seconds until an instant: ISO 8601, or a number of seconds since 1970."""
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    now = clock.now()
    try:
        if isinstance(said, str) and not said.isdecimal():
            ends = datetime.fromisoformat(said)
            return _seconds(
                ((ends if ends.tzinfo else ends.replace(tzinfo=UTC)) - now).total_seconds()
            )
        return _seconds(float(said) - now.timestamp())
    except (ValueError, OverflowError):
        return None


def _seconds(said: Any) -> float | None:
    """`expires_in` in seconds: a number, or a text that holds one."""
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        seconds = float(said)
    except (ValueError, OverflowError):
        return None
    # A provider that says a thousandth of a second must not be asked a thousand times in one.
    return max(seconds, SHORTEST_LIFE_S) if 0 < seconds < _LONGEST_LIFE_S else None
