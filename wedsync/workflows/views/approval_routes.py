"""The pages of questions: all of them, each one, and the one an e-mailed link leads to."""

from collections.abc import Sequence
from typing import cast, get_args
from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Forbidden, Invalid
from wedsync.platform import identity, wording
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.platform.wording import Wording
from wedsync.workflows.questions import approval_people, approval_queries, approvals
from wedsync.workflows.questions.approval_queries import (
    STATES,
    ApprovalLine,
    ApprovalState,
    OpenedLink,
)
from wedsync.workflows.questions.approval_story import news, tell
from wedsync.workflows.questions.approvals import Answer
from wedsync.workflows.views.approval_forms import AnswerForm
from wedsync.workflows.views.routes import pages
from wedsync.workflows.words.step_lines import step_name

_OPEN_SHOWN, _OVER_SHOWN = 100, 20
_OVER = [state for state in STATES if state != "open"]
_SAID = {
    "approved": "You said yes. It goes on with that.",
    "refused": "You said no. It goes on with that.",
}


@pages.get("/approvals", endpoint="approval_list")
def list_of_approvals() -> Response:
    """What waits for a yes or a no, and what was answered lately."""
    organization_id = identity.organization_id()
    run_id = request.args.get("run", type=UUID)

    def some(states: Sequence[ApprovalState], limit: int) -> list[ApprovalLine]:
        return approval_queries.latest(organization_id, states=states, run_id=run_id, limit=limit)

    open_ones, over = some(["open"], _OPEN_SHOWN), some(_OVER, _OVER_SHOWN)
    return render(
        "approvals/list.html",
        news=news(open_ones),
        open_ones=[tell(line, wording.here()) for line in open_ones],
        over=[tell(line, wording.here()) for line in over],
        run_id=run_id,
    )


@pages.get("/approvals/<uuid:approval_id>")
def approval(approval_id: UUID) -> Response:
    """One question; whoever was asked can answer it here."""
    line = approval_queries.get(identity.organization_id(), approval_id)
    return _page(line, AnswerForm())


@pages.post("/approvals/<uuid:approval_id>")
@requires("viewer")
def answer_approval(approval_id: UUID) -> AnyResponse:
    """Say yes or no as a member of the team; a viewer can be asked too."""
    me, form = identity.current(), AnswerForm()
    here = url_for("workflows.approval", approval_id=approval_id)
    line = approval_queries.get(me.organization_id, approval_id)
    answer = _answer()
    try:
        approvals.decide(me, approval_id, answer, note=form.note.data)
    except (Conflict, Forbidden) as error:
        return refused(error, here)
    except Invalid as error:
        form.show(error)
        return _page(line, form, status=422)
    commit("runs")
    return done(_SAID[answer], here)


@pages.route("/approvals/<token>", methods=["GET", "POST"])
def approval_by_link(token: str) -> AnyResponse:
    """What an e-mailed link leads to. Opening it decides nothing; the button does, once."""
    opened = approval_queries.by_token(token)
    form = AnswerForm()
    if request.method != "POST":
        return _link_page(opened, form)
    answer = _answer()
    try:
        approvals.decide_by_link(opened, answer, note=form.note.data)
    except Conflict as error:
        db.session.rollback()
        return _link_page(approval_queries.by_token(token), form, told=error.detail, status=409)
    except Invalid as error:
        form.show(error)
        return _link_page(opened, form, status=422)
    commit("runs")
    return _link_page(approval_queries.by_token(token), form, told=_SAID[answer])


def _answer() -> Answer:
    said = request.form.get("answer", "")
    if said not in get_args(Answer):
        raise Invalid("Say yes or no.")
    return cast(Answer, said)


def _page(line: ApprovalLine, form: AnswerForm, *, status: int = 200) -> Response:
    me = identity.current()
    return render(
        "approvals/approval.html",
        status=status,
        story=tell(line, wording.here(), step_name),
        form=form,
        may_answer=approval_people.may_answer(db.session, me, line.asked_of),
    )


def _link_page(
    opened: OpenedLink, form: AnswerForm, *, told: str = "", status: int = 200
) -> Response:
    words = Wording(opened.organization.zone)
    response = render(
        "approvals/by_link.html",
        "form",
        status=status,
        story=tell(opened.line, words, for_outsiders=True),
        organization=opened.organization.name,
        email=opened.link.email,
        form=form,
        told=told,
    )
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
