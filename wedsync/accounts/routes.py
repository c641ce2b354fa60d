"""The door: signing in, signing up, taking an invitation, signing out."""

from flask import Blueprint, Response, redirect, request, session, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from wedsync.accounts import (
    devices,
    invitations,
    knocks,
    organizations,
    people,
    recovery,
    sessions,
)
from wedsync.accounts.forms import AcceptForm, SignInForm, SignUpForm
from wedsync.accounts.models import Invitation, Organization, SignIn, User
from wedsync.errors import Gone, Invalid, Refused
from wedsync.platform import identity
from wedsync.platform.forms import Form
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.runtime import commit

pages = Blueprint("accounts", __name__)

HOME = "/"


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> AnyResponse:
    if current_user.is_authenticated:
        return _go_on()
    form = SignInForm()
    if not form.validate_on_submit():
        return _door("sign_in", form)
    outcome = sessions.sign_in(
        form.email.data, form.password.data, device=_device(), address=_address()
    )
    commit()
    if isinstance(outcome, Refused):
        return _refused("sign_in", form, outcome)
    return _enter(outcome)


@pages.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> AnyResponse:
    if current_user.is_authenticated:
        return _go_on()
    form = SignUpForm()
    if not form.validate_on_submit():
        return _door("sign_up", form)
    refused = _too_many_sign_ups(form.email.data)
    if refused is not None:
        return _refused("sign_up", form, refused)
    try:
        user, organization = organizations.sign_up(
            name=form.name.data,
            email=form.email.data,
            password=form.password.data,
            business=form.business.data,
            kind=form.kind.data,
        )
    except Invalid as error:
        form.show(error)
        return _door("sign_up", form)
    return _begin(user, organization)


@pages.route("/invitations/<token>", methods=["GET", "POST"])
@requires("viewer")
def accept_invitation(token: str) -> AnyResponse:
    invitation = invitations.read(token)
    if isinstance(invitation, Refused):
        return _spent(invitation)
    if current_user.is_authenticated:
        return _accept_signed_in(token, invitation)
    if people.find(invitation.email):
        return _invitation_page(invitation, None)
    return _accept_as_new(token, invitation)


@pages.post("/sign-out")
@requires("viewer")
def sign_out() -> AnyResponse:
    sessions.sign_out(identity.current())
    commit()
    logout_user()
    session.clear()
    answer = redirect(url_for("accounts.sign_in"), 303)
    # Nothing of what was seen or typed stays with the browser (OWASP ASVS 5.0, 14.3.1).
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def local_path(wanted: str | None) -> str:
    """`wanted` when it is a path of this site, else the home page.

    Browsers read `//host` and `/\\host` as another site, and skip tabs and newlines.
    """
    path = wanted or HOME
    other_site = not path.startswith("/") or path.startswith(("//", "/\\"))
    if other_site or any(ord(character) <= 32 for character in path):
        return HOME
    return path


def _accept_signed_in(token: str, invitation: Invitation) -> AnyResponse:
    if request.method != "POST":
        return _invitation_page(invitation, None)
    sign_in = sessions.acting(identity.current())
    outcome = invitations.accept_as(token, sign_in.user)
    if isinstance(outcome, Refused):
        return _spent(outcome)
    sessions.switch(sign_in, outcome.id)
    commit()
    return redirect(HOME, 303)


def _accept_as_new(token: str, invitation: Invitation) -> AnyResponse:
    form = AcceptForm()
    if not form.validate_on_submit():
        return _invitation_page(invitation, form)
    try:
        outcome = invitations.accept_as_new(token, form.name.data, form.password.data)
    except Invalid as error:
        form.show(error)
        return _invitation_page(invitation, form)
    if isinstance(outcome, Refused):
        return _spent(outcome)
    return _begin(*outcome)


def _too_many_sign_ups(email: str) -> Refused | None:
    knocks.remember("sign_up", email, _address())
    commit()
    return knocks.refusal("sign_up", email, _address())


def _begin(user: User, organization: Organization) -> AnyResponse:
    """Somebody new comes in, and is asked by e-mail whether it is theirs."""
    started = sessions.begin(user, organization, device=_device(), address=_address())
    recovery.send_confirmation(user)
    commit("mail")
    return _enter(started)


def _enter(started: SignIn) -> AnyResponse:
    """Give the browser a fresh cookie: nothing of the one it came with is kept."""
    session.clear()
    session.permanent = True
    login_user(started)
    return _go_on()


def _go_on() -> AnyResponse:
    return redirect(local_path(request.args.get("next")), 303)


def _door(name: str, form: Form, *, status: int | None = None) -> Response:
    found = status or (422 if form.errors else 200)
    return render(f"accounts/{name}.html", "form", status=found, form=form)


def _refused(name: str, form: Form, refused: Refused) -> Response:
    form.form_errors.append(refused.detail)
    response = _door(name, form, status=refused.status)
    if refused.retry_after_s is not None:
        response.headers["Retry-After"] = str(refused.retry_after_s)
    return response


def _invitation_page(invitation: Invitation, form: AcceptForm | None) -> Response:
    return render(
        "accounts/invitation.html",
        "form",
        status=422 if form and form.errors else 200,
        form=form,
        invitation=invitation,
        organization=invitations.organization_of(invitation),
    )


def _spent(refused: Refused) -> Response:
    commit()
    raise Gone(f"{refused.detail} Ask the person who sent it for a new one.", code=refused.code)


def _device() -> str:
    return devices.described(request.headers.get("User-Agent", ""))


def _address() -> str:
    return request.remote_addr or ""
