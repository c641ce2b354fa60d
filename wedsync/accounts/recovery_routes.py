"""Links that come by e-mail: a new password for who forgot theirs, and one's e-mail confirmed.

Opening a link shows a page with a button; only the button spends it.
"""

from flask import Response, flash, redirect, request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from wedsync.accounts import knocks, person_links, recovery, sessions
from wedsync.accounts.forms import ForgottenForm, NewPasswordForm
from wedsync.accounts.models import PersonLink
from wedsync.accounts.routes import HOME, local_path, pages
from wedsync.errors import Invalid, Refused, TooMany
from wedsync.platform import identity, runtime
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.runtime import commit


@pages.route("/forgotten", methods=["GET", "POST"])
def forgotten() -> Response:
    """The same answer, in the same time, whether the e-mail has an account or not."""
    form = ForgottenForm()
    if not form.validate_on_submit():
        return _forgotten(form, status=422 if form.errors else 200)
    knock = knocks.remember("forgotten", form.email.data, request.remote_addr or "")
    commit()
    refused = knocks.refusal("forgotten", knock.email, knock.address)
    if refused is not None:
        form.form_errors.append(refused.detail)
        response = _forgotten(form, status=refused.status)
        response.headers["Retry-After"] = str(refused.retry_after_s)
        return response
    knocks.ask_for_answer(knock)
    commit("recovery")
    return _forgotten(form, asked=True)


@pages.route("/new-password/<token>", methods=["GET", "POST"])
def reset_password(token: str) -> AnyResponse:
    link = person_links.read(token, "reset_password")
    if isinstance(link, Refused):
        return _spent(link, "accounts.forgotten", "Ask for a new link")
    form = NewPasswordForm()
    if not form.validate_on_submit():
        return _new_password(form, link)
    is_first = recovery.is_first_proof(recovery.person_of(link))
    try:
        outcome = recovery.reset_password(token, form.new.data)
    except Invalid as error:
        form.show(error)
        return _new_password(form, link)
    if isinstance(outcome, Refused):
        return _spent(outcome, "accounts.forgotten", "Ask for a new link")
    commit("mail")
    flash("Your new password is set. Sign in with it; you were signed out everywhere.", "done")
    if is_first:
        _flash_who_was_let_in()
    return redirect(url_for("accounts.sign_in"), 303)


@pages.route("/confirm-email/<token>", methods=["GET", "POST"])
def confirm_email(token: str) -> AnyResponse:
    link = person_links.read(token, "confirm_email")
    if isinstance(link, Refused):
        return _spent(link, "accounts.security", "Send a new link from your settings")
    if request.method != "POST":
        return render("accounts/confirm_email.html", "form", link=link)
    is_first = recovery.is_first_proof(recovery.person_of(link))
    outcome = recovery.confirm_email(token)
    if isinstance(outcome, Refused):
        return _spent(outcome, "accounts.security", "Send a new link from your settings")
    commit()
    flash(f"Thank you, {outcome.email} is confirmed.", "done")
    if is_first:
        _flash_who_was_let_in()
    return redirect(HOME if current_user.is_authenticated else url_for("accounts.sign_in"), 303)


@pages.post("/settings/confirm-email")
@requires("viewer")
def send_confirmation() -> AnyResponse:
    user = sessions.acting(identity.current()).user
    knock = knocks.remember("confirm_email", user.email, request.remote_addr or "")
    commit()
    refused = knocks.refusal("confirm_email", knock.email, knock.address)
    if refused is not None:
        raise TooMany(refused.detail, retry_after_s=refused.retry_after_s)
    if user.email_confirmed_at is None:
        recovery.send_confirmation(user)
    commit("mail")
    flash(f"A new link is on its way to {user.email}.", "done")
    came_from = request.form.get("next") or url_for("accounts.security")
    return redirect(local_path(came_from), 303)


def _flash_who_was_let_in() -> None:
    """Whoever signed up with somebody else's e-mail must not stay in by what they made there."""
    words = Markup(
        "Before that, people or keys were let into your team. Look at "
        '<a href="{team}">your team</a> and <a href="{keys}">your API keys</a>, and take out what '
        "you do not know."
    )
    team, keys = url_for("accounts.settings"), url_for("accounts.api_key_list")
    flash(words.format(team=team, keys=keys), "needs")


def _forgotten(form: ForgottenForm, *, status: int = 200, asked: bool = False) -> Response:
    return render(
        "accounts/forgotten.html",
        "form",
        status=status,
        form=form,
        asked=asked,
        can_write=runtime.settings().mail_url is not None,
    )


def _new_password(form: NewPasswordForm, link: PersonLink) -> Response:
    status = 422 if form.errors else 200
    return render("accounts/new_password.html", "form", status=status, form=form, link=link)


def _spent(refused: Refused, endpoint: str, words: str) -> Response:
    return render(
        "accounts/link_gone.html",
        "form",
        status=refused.status,
        gone=refused,
        action_url=url_for(endpoint),
        action_label=words,
    )
