"""What the admins do: take a version up, talk, decide with a reason, take a listing off the shelf.

The inbound check made sure that whoever calls this is an admin. The audit entry stands in the log
of the organization that made the listing, which is told of every decision by page and e-mail.
"""

from typing import Literal
from uuid import UUID

from wedsync.audit import service as audit
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Conflict, FieldError, Invalid, Stale
from wedsync.listings import checks, drafts, queries
from wedsync.listings.built_in import supersede
from wedsync.listings.models import TO_REVIEW_STATES, Listing, ListingVersion, ReviewMessage
from wedsync.listings.queries import Submission
from wedsync.notices import service as notices
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import settings, vault

Decision = Literal["list", "changes", "decline"]
DECISIONS: tuple[Decision, ...] = ("list", "changes", "decline")
CHANGES_ASKED, DECLINED, LISTED, SUSPENDED = "changes_asked", "declined", "listed", "suspended"


def take(by: Identity, version_id: UUID) -> Submission:
    """Say that this admin is looking at it. Raises NotFound, Conflict once it is decided."""
    found = _locked(version_id)
    _require_undecided(found.version)
    found.version.state = "in_review"
    found.version.reviewer_id = by.user_id
    db.session.flush()
    _record("listing.taken_up", by, found)
    return found


def decide(
    by: Identity, version_id: UUID, decision: Decision, reason: str, *, revision: int
) -> Submission:
    """List it, ask for changes, or decline it; `revision` is the one that was read.

    Raises NotFound, Conflict when somebody decided before, Stale when it was taken back and sent
    again meanwhile, Invalid without a reason.
    """
    found = _locked(version_id)
    _require_undecided(found.version)
    if found.version.revision != revision:
        raise Stale("They changed it since you opened it. Look at it once more.")
    found.version.reason = _reason(reason)
    found.version.reviewer_id, found.version.decided_at = by.user_id, clock.now()
    _END[decision](by, found)
    db.session.flush()
    return found


def say(by: Identity, version_id: UUID, words: str) -> ReviewMessage:
    """Ask or tell the partner something; they are told. Raises NotFound, Invalid."""
    found = _locked(version_id)
    said = drafts.say(by, found.version, words, by_admin=True)
    _tell(found, f"message:{said.id}", f"A word about {found.name}", said.words, stays=False)
    return said


def check_again(version_id: UUID) -> Submission:
    """Run the automated checks once more. Raises NotFound."""
    found = _locked(version_id)
    found.version.checks = checks.as_stored(checks.run(found.listing, found.version.manifest))
    db.session.flush()
    return found


def suspend(by: Identity, version_id: UUID, reason: str) -> Submission:
    """Take a listing off the shelf: nobody connects it anew. Raises NotFound, Conflict, Invalid."""
    found = _locked(version_id)
    if found.listing.state == "suspended" or found.listing.built_in:
        raise Conflict("This cannot be taken off the shelf.")
    words = _reason(reason)
    found.listing.state = "suspended"
    db.session.flush()
    _record("listing.suspended", by, found)
    news = f"Nobody can connect it until an admin puts it back. The reason: {words}"
    _tell(found, SUSPENDED, f"{found.name} was taken out of the marketplace", news)
    return found


def reinstate(by: Identity, version_id: UUID) -> Submission:
    """Put a suspended listing back. Raises NotFound, Conflict."""
    found = _locked(version_id)
    if found.listing.state != "suspended":
        raise Conflict("This is not suspended.")
    found.listing.state = "open"
    db.session.flush()
    _record("listing.reinstated", by, found)
    _close(found.listing, SUSPENDED)
    return found


def _list_it(by: Identity, found: Submission) -> None:
    """Approve and publish: the version before steps back, and what pinned it stays with it."""
    Manifest.model_validate(found.version.manifest)
    found.version.state = "approved"
    _record("listing.approved", by, found)
    supersede(found.listing, found.version)
    _record("listing.published", by, found)
    _close(found.listing, CHANGES_ASKED)
    news = f"Vendors find it from now on. The admin wrote: {found.version.reason}"
    _tell(found, LISTED, f"{found.name} is in the marketplace", news, stays=False)


def _ask_changes(by: Identity, found: Submission) -> None:
    found.version.state = "changes_asked"
    _record("listing.changes_asked", by, found)
    news = f"What they would like changed: {found.version.reason}"
    _close(found.listing, CHANGES_ASKED)
    _tell(found, CHANGES_ASKED, f"{found.name} needs a change before it is listed", news)


def _decline(by: Identity, found: Submission) -> None:
    found.version.state = "withdrawn"
    _record("listing.declined", by, found)
    _close(found.listing, CHANGES_ASKED)
    news = f"The reason: {found.version.reason} You can answer on the listing's page."
    _tell(found, DECLINED, f"{found.name} was not listed", news, stays=False)


_END = {"list": _list_it, "changes": _ask_changes, "decline": _decline}


def _locked(version_id: UUID) -> Submission:
    """The version, its listing locked first, as its makers lock it too."""
    found = queries.submission(version_id)
    queries.get_listing(found.listing.organization_id, found.listing.id, for_update=True)
    db.session.refresh(found.version)
    return found


def _require_undecided(version: ListingVersion) -> None:
    if version.state not in TO_REVIEW_STATES:
        raise Conflict("This is not waiting for a decision any more.", code="decided")


def _reason(words: str) -> str:
    written = words.strip()
    problem = None
    if not written:
        problem = "Give a reason: it goes to them, and into the record."
    elif len(written) > drafts.LONGEST_WORDS:
        problem = f"This is longer than {drafts.LONGEST_WORDS:,} characters."
    if problem:
        raise Invalid(problem, errors=[FieldError("/reason", "reason", problem)])
    return written


def _tell(found: Submission, code: str, title: str, words: str, *, stays: bool = True) -> None:
    """Write to the partner; `stays` where the page goes on saying it until it is mended."""
    listing = found.listing
    path = f"/listings/{listing.id}"
    notices.tell(
        db.session,
        vault(),
        settings(),
        listing.organization_id,
        "listing",
        listing.id,
        code,
        title=title,
        words=words,
        path=path,
    )
    if not stays:
        _close(listing, code)


def _close(listing: Listing, code: str) -> None:
    notices.close(db.session, listing.organization_id, "listing", listing.id, code)


def _record(action: str, by: Identity, found: Submission) -> None:
    audit.record(
        action,
        "listing",
        found.listing.id,
        organization_id=found.listing.organization_id,
        by=by,
        facts={"version": found.version.number},
    )
