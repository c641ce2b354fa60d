"""The admins' pages: what waits for a decision, and one version with all there is to decide by."""

from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.catalog import cards, listing_words, posted, words
from wedsync.catalog.routes import pages
from wedsync.connectors.manifest import Manifest
from wedsync.errors import Conflict, Invalid, Stale
from wedsync.listings import differences, queries, review
from wedsync.listings.models import TO_REVIEW_STATES
from wedsync.listings.queries import Submission
from wedsync.platform import identity, wording
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires_admin
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit

_SAID: dict[str, str] = {
    "list": "It is in the marketplace. They were told.",
    "changes": "They were asked. It comes back here when they send it again.",
    "decline": "It is not listed. They were told why.",
}


@pages.get("/review")
@requires_admin
def review_queue() -> Response:
    """What waits, the longest first, and what is on the shelf."""
    return render(
        "catalog/review_queue.html",
        waiting=queries.to_review(),
        listed=queries.once_listed(),
        state_words=listing_words.STATE_WORDS,
    )


@pages.get("/review/<uuid:submission_id>")
@requires_admin
def review_version(submission_id: UUID) -> Response:
    """One version: what it asks for, what changed, what the checks found."""
    return _show(queries.submission(submission_id))


@pages.post("/review/<uuid:submission_id>/take")
@requires_admin
def take_version(submission_id: UUID) -> AnyResponse:
    """Say that this admin is reading it."""
    try:
        review.take(identity.current(), submission_id)
    except Conflict as error:
        return refused(error, _page(submission_id))
    commit()
    return done("It is yours to read.", _page(submission_id))


@pages.post("/review/<uuid:submission_id>/decide")
@requires_admin
def decide_version(submission_id: UUID) -> AnyResponse:
    """List it, ask for changes, or decline it."""
    found = queries.submission(submission_id)
    decision, reason = request.form.get("decision", ""), request.form.get("reason", "")
    if decision not in review.DECISIONS:
        more = "" if reason.strip() else ", and give a reason"
        refusal = f"Choose one of the three first{more}."
        return _show(found, refusal=refusal, reason=reason, status=422)
    try:
        review.decide(
            identity.current(),
            submission_id,
            decision,
            reason,
            revision=posted.revision(),
        )
    except (Conflict, Stale) as error:
        return refused(error, _page(submission_id))
    except Invalid as error:
        db.session.rollback()
        return _show(found, refusal=error.detail, decision=decision, reason=reason, status=422)
    commit("mail")
    return done(_SAID[decision], url_for("catalog.review_queue"))


@pages.post("/review/<uuid:submission_id>/say")
@requires_admin
def say_of_version(submission_id: UUID) -> AnyResponse:
    """Ask or tell the partner something without deciding."""
    try:
        review.say(identity.current(), submission_id, request.form.get("words", ""))
    except Invalid as error:
        return refused(error, _page(submission_id))
    commit("mail")
    return done("They were told.", _page(submission_id))


@pages.post("/review/<uuid:submission_id>/check")
@requires_admin
def check_version(submission_id: UUID) -> AnyResponse:
    """Run the automated checks once more."""
    review.check_again(submission_id)
    commit()
    return done("The checks ran.", f"{_page(submission_id)}#checks")


@pages.post("/review/<uuid:submission_id>/<any(suspend, reinstate):gesture>")
@requires_admin
def suspend_listing(submission_id: UUID, gesture: str) -> AnyResponse:
    """Take a listing off the shelf, or put it back."""
    try:
        if gesture == "suspend":
            review.suspend(identity.current(), submission_id, request.form.get("reason", ""))
        else:
            review.reinstate(identity.current(), submission_id)
    except (Conflict, Invalid) as error:
        return refused(error, _page(submission_id))
    commit("mail")
    said = "Nobody can connect it now." if gesture == "suspend" else "It is on the shelf again."
    return done(said, _page(submission_id))


def _show(
    found: Submission,
    *,
    refusal: str = "",
    decision: str = "",
    reason: str = "",
    status: int = 200,
) -> Response:
    before = queries.document_before(found.version)
    after = found.version.manifest
    old = Manifest.model_validate(before) if before else None
    new = Manifest.model_validate(after)
    checks = found.version.checks or []
    waiting = [each.version.id for each in queries.to_review()]
    return render(
        "catalog/review_version.html",
        status=status,
        found=found,
        manifest=new,
        is_first=old is None,
        permissions=words.permission_lines(old, new),
        changes=[
            change for change in differences.changes(old, new) if change.changed or old is None
        ],
        lines=differences.lines(before, after),
        checks=checks,
        passed=sum(check["passed"] for check in checks),
        talk=listing_words.talk_of(found.version),
        state_of_it=wording.State(*listing_words.STATE_WORDS[found.version.state]),
        businesses=cards.businesses_connected(found.listing.id),
        is_open=found.version.state in TO_REVIEW_STATES,
        neighbours=_neighbours(waiting, found.version.id),
        waiting=len(waiting),
        refusal=refusal,
        decision=decision,
        reason=reason,
    )


def _neighbours(waiting: list[UUID], version_id: UUID) -> tuple[int, UUID | None, UUID | None]:
    """Its place in the queue (from 1; 0: not in it), the one before it and the one after."""
    if version_id not in waiting:
        return 0, None, None
    at = waiting.index(version_id)
    before = waiting[at - 1] if at else None
    return at + 1, before, waiting[at + 1] if at + 1 < len(waiting) else None


def _page(submission_id: UUID) -> str:
    return url_for("catalog.review_version", submission_id=submission_id)
