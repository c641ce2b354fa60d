"""What a provider sends back with the person, judged before anything of it is used.

It counts once, within ten minutes, for the sign-in, the organization and the connector that began
it (RFC 6749, 10.12), and from the issuer and about the account that were meant (RFC 9207). What is
refused is noted, and what the provider refused is kept as the attempt's reason. Nothing it says of
its own is ever shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from wedsync.audit import service as audit
from wedsync.connections import callbacks, reasons
from wedsync.connections.connecting import attempts
from wedsync.connections.models import Authorization, Connection
from wedsync.connections.reasons import Reason
from wedsync.connections.token_answers import can_be_kept
from wedsync.connectors import filling
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Refused
from wedsync.listings import manifests
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import settings

_NOT_ALLOWED = frozenset({"access_denied", "consent_required", "interaction_required"})
_SETUP = frozenset(
    {"invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope"}
)
_REFUSALS = {
    "state_unknown": "We did not begin this, or not with this browser.",
    "state_foreign": "This was begun with another sign-in or for another tool.",
    "state_other_team": "You began this for another team of yours.",
    "state_used": "This answer was used before, and each counts once.",
    "state_expired": "This took longer than ten minutes.",
    "answer_malformed": "This is not an answer that can be read.",
}
_TO_DO = {
    "state_used": "Look at your connections: it may be there already. Else start again.",
    "state_other_team": "Change to that team, then start again there. Nothing was connected.",
}
_START_AGAIN = "Nothing was connected; please start again."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider sent back with the person (RFC 6749, 4.1.2; RFC 9207).

    `beside` are its other parameters by name, `service` what its address says of whom it is from
    (`callbacks`). `is_readable`: each parameter came once, and of a usual length (RFC 6749, 3.1).
    """

    state: str
    code: str
    error: str
    issuer: str
    beside: Mapping[str, str] = field(default_factory=dict)
    service: str = ""
    is_readable: bool = True


def come_back(by: Identity, slug: str, answer: Answer) -> Authorization | Refused:
    """Take what a provider sent back; the attempt is then to be exchanged, or has failed.

    A state that is unknown, spent, too old, of another sign-in, organization or connector is
    Refused, and remembered; so is what cannot be read.
    """
    attempt = _locked(answer.state)
    code = _wrong_with(by, slug, attempt, answer)
    if attempt is None or code is not None:
        return _refused(by, attempt, code or "state_unknown")
    connection = _connection_of(attempt)
    manifest = manifests.of(db.session, _version_of(attempt))
    attempt.used_at = clock.now()
    held = attempts.open_held(attempt)
    failure = _failure(manifest, answer, held["typed"])
    if failure is not None:
        attempts.fail(attempt, connection, failure, by=by)
    else:
        del held["state"]
        typed = {**held["typed"], **_kept(manifest, answer)}
        attempts.hold(attempt, held | {"typed": typed, "code": answer.code})
        attempt.outcome = "to_exchange"
    db.session.flush()
    return attempt


def _locked(state: str) -> Authorization | None:
    """The attempt of this state; its connection is locked before it, as whoever ends it does."""
    is_it = Authorization.state_hash == attempts.hash_of(state)
    place = db.session.execute(
        select(Authorization.organization_id, Authorization.connection_id).where(is_it)
    ).first()
    if place is None:
        return None
    db.session.execute(
        select(Connection.id)
        .where(
            Connection.organization_id == place.organization_id,
            Connection.id == place.connection_id,
        )
        .with_for_update()
    )
    return db.session.scalar(select(Authorization).where(is_it).with_for_update())


def _connection_of(attempt: Authorization) -> Connection:
    return db.session.scalars(
        select(Connection).where(
            Connection.organization_id == attempt.organization_id,
            Connection.id == attempt.connection_id,
        )
    ).one()


def _wrong_with(
    by: Identity, slug: str, attempt: Authorization | None, answer: Answer
) -> str | None:
    """The code of what is wrong with an answer, None when its state is good."""
    if attempt is None:
        return "state_unknown" if answer.is_readable else "answer_malformed"
    if attempt.organization_id != by.organization_id:
        same = attempt.sign_in_id == by.credential_id
        return "state_other_team" if same else "state_unknown"
    if attempt.sign_in_id != by.credential_id or _connection_of(attempt).slug != slug:
        return "state_foreign"
    if attempt.used_at is None and attempt.expires_at <= clock.now():
        return "state_expired"
    if attempt.used_at is not None or attempt.outcome is not None:
        return "state_used"
    if answer.service != _service_of(attempt):
        return "state_foreign"
    return None if answer.is_readable else "answer_malformed"


def _service_of(attempt: Authorization) -> str:
    """Whose answer was meant to come, where a connector has an address for each service."""
    manifest = manifests.of(db.session, _version_of(attempt))
    return callbacks.service_of(manifest, attempts.open_held(attempt)["typed"])


def _version_of(attempt: Authorization) -> UUID:
    return attempt.listing_version_id or _connection_of(attempt).listing_version_id


def _refused(by: Identity, attempt: Authorization | None, code: str) -> Refused:
    """Note it; a state that reached the wrong hands is good for nothing any more."""
    words = f"{_REFUSALS[code]} {_TO_DO.get(code, _START_AGAIN)}"
    ours = attempt if attempt and attempt.organization_id == by.organization_id else None
    if ours is not None and ours.outcome is None:
        attempts.end(ours, _connection_of(ours), Reason(code, words))
    audit.record(
        "connection.answer_refused",
        "connection",
        ours.connection_id if ours else None,
        organization_id=by.organization_id,
        by=by,
        facts={"code": code},
    )
    return Refused(code, words)


def _failure(manifest: Manifest, answer: Answer, typed: Mapping[str, Any]) -> Reason | None:
    """Why the provider's answer holds nothing to exchange, if so."""
    name, roots = manifest.name, {"sandbox": settings().sandbox_url, "settings": typed}
    issuer = _issuer(manifest, roots)
    if issuer and answer.issuer != issuer:
        return reasons.issuer_mismatch(name)
    if answer.error in _NOT_ALLOWED:
        return reasons.consent_denied(name)
    if answer.error in _SETUP:
        return reasons.consent_refused(name)
    if answer.error or not answer.code:
        return reasons.consent_failed(name)
    if not _is_about(manifest, answer, roots):
        return reasons.account_mismatch(name)
    if len(_kept(manifest, answer)) < len(_wanted(manifest)):
        return reasons.account_unsaid(name)
    return None


def _issuer(manifest: Manifest, roots: filling.Roots) -> str:
    """Who must have answered, where the manifest or the vendor says (RFC 9207, 2.4)."""
    oauth = manifest.auth.oauth
    return (filling.text(oauth.issuer, roots) or "") if oauth and oauth.issuer else ""


def _is_about(manifest: Manifest, answer: Answer, roots: filling.Roots) -> bool:
    """Whether it names the account that the vendor named, where the manifest wants that."""
    oauth = manifest.auth.oauth
    return all(
        answer.beside.get(parameter, "").casefold() == (filling.text(line, roots) or "").casefold()
        for parameter, line in (oauth.callback_matches if oauth else {}).items()
    )


def _wanted(manifest: Manifest) -> Mapping[str, str]:
    return manifest.auth.oauth.from_callback if manifest.auth.oauth else {}


def _kept(manifest: Manifest, answer: Answer) -> dict[str, str]:
    """What the manifest wants remembered of the address that led back."""
    found = {name: answer.beside.get(each, "") for name, each in _wanted(manifest).items()}
    return {name: value for name, value in found.items() if can_be_kept(value)}
