"""The settings pages: your team, your security, API keys, and the organization you act in."""

from datetime import timedelta
from uuid import UUID

from flask import Response, flash, redirect, request, session, url_for
from flask_login import logout_user
from werkzeug.wrappers import Response as AnyResponse

from wedsync.accounts import api_keys, invitations, mails, organizations, people, sessions
from wedsync.accounts.forms import ROLES, ApiKeyForm, InvitationForm, PasswordForm, RoleForm
from wedsync.accounts.models import Invitation
from wedsync.accounts.routes import HOME, pages
from wedsync.errors import Conflict, FieldError, Invalid, Refused, TooMany
from wedsync.platform import clock, identity, runtime
from wedsync.platform.db import db
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.runtime import commit

# --- your team


@pages.get("/settings")
def settings() -> Response:
    return _team(InvitationForm())


@pages.post("/settings/invitations")
@requires("owner")
def invite() -> Response:
    form = InvitationForm()
    if not form.validate():
        return _team(form)
    try:
        invitation, token = invitations.invite(identity.current(), form.email.data, form.role.data)
    except (Conflict, Invalid, TooMany) as error:
        form.show(Invalid(error.detail))
        return _team(form, status=error.status if isinstance(error, TooMany) else 422)
    _send(invitation, token)
    commit("mail")
    link = runtime.settings().public_url + url_for("accounts.accept_invitation", token=token)
    return _team(InvitationForm(formdata=None), link=link, invited=invitation.email)


@pages.post("/settings/invitations/<uuid:invitation_id>/revoke")
@requires("owner")
def revoke_invitation(invitation_id: UUID) -> AnyResponse:
    revoked = invitations.revoke(identity.current(), invitation_id)
    return _done(f"The link for {revoked.email} no longer works.", "accounts.settings")


@pages.post("/settings/members/<uuid:membership_id>/role")
@requires("owner")
def change_role(membership_id: UUID) -> AnyResponse:
    form = RoleForm()
    if not form.validate():
        raise Invalid("A role is owner, editor or viewer.")
    try:
        changed = organizations.change_role(identity.current(), membership_id, form.role.data)
    except Conflict as error:
        return _team(InvitationForm(formdata=None), refusal=error)
    return _done(f"{changed.user.name} is now {_with_article(changed.role)}.", "accounts.settings")


@pages.post("/settings/members/<uuid:membership_id>/remove")
@requires("owner")
def remove_member(membership_id: UUID) -> AnyResponse:
    try:
        name = organizations.remove(identity.current(), membership_id).user.name
    except Conflict as error:
        return _team(InvitationForm(formdata=None), refusal=error)
    return _done(f"{name} is no longer in the team.", "accounts.settings")


@pages.post("/settings/organization")
@requires("viewer")
def switch_organization() -> AnyResponse:
    try:
        wanted = UUID(request.form.get("organization", ""))
    except ValueError:
        raise Invalid("Choose one of your teams.") from None
    sessions.switch(sessions.acting(identity.current()), wanted)
    commit()
    return redirect(HOME, 303)


# --- your security


@pages.get("/settings/security")
def security() -> Response:
    return _security(PasswordForm())


@pages.post("/settings/security/password")
@requires("viewer")
def change_password() -> AnyResponse:
    form = PasswordForm()
    if not form.validate():
        return _security(form)
    address = request.remote_addr or ""
    try:
        outcome = people.change_password(
            identity.current(), form.current.data, form.new.data, address=address
        )
    except Invalid as error:
        form.show(error)
        return _security(form)
    if isinstance(outcome, Refused):
        commit()
        return _wrong_password(form, outcome)
    mails.post_to(outcome, db.session, mails.password_changed(outcome.name))
    commit("mail")
    flash("Your password is changed. Other devices were signed out.", "done")
    return redirect(url_for("accounts.security"), 303)


@pages.post("/settings/sign-ins/<uuid:sign_in_id>/revoke")
@requires("viewer")
def revoke_sign_in(sign_in_id: UUID) -> AnyResponse:
    by = identity.current()
    sessions.revoke(by, sign_in_id)
    if sign_in_id != by.credential_id:
        return _done("That device is signed out.", "accounts.security")
    commit()
    logout_user()
    session.clear()
    return redirect(url_for("accounts.sign_in"), 303)


@pages.post("/settings/sign-ins/revoke-others")
@requires("viewer")
def revoke_other_sign_ins() -> AnyResponse:
    count = sessions.revoke_others(identity.current())
    words = "No other device was signed in." if not count else "Every other device is signed out."
    return _done(words, "accounts.security")


# --- API keys


@pages.get("/settings/api-keys")
@requires("owner")
def api_key_list() -> Response:
    return _api_keys(ApiKeyForm())


@pages.post("/settings/api-keys")
@requires("owner")
def create_api_key() -> Response:
    form = ApiKeyForm()
    if not form.validate():
        return _api_keys(form)
    by = identity.current()
    expires_at = clock.now() + timedelta(days=form.days) if form.days else None
    try:
        key, raw = api_keys.create(
            by.organization_id, form.name.data, form.chosen, by=by, expires_at=expires_at
        )
    except Invalid as error:
        form.show(error)
        return _api_keys(form)
    commit()
    return _api_keys(ApiKeyForm(formdata=None), made=raw, name=key.name)


@pages.post("/settings/api-keys/<uuid:key_id>/revoke")
@requires("owner")
def revoke_api_key(key_id: UUID) -> AnyResponse:
    revoked = api_keys.revoke(identity.current(), key_id)
    return _done(f"“{revoked.name}” no longer opens anything.", "accounts.api_key_list")


# --- how they are shown


def _team(
    form: InvitationForm,
    *,
    link: str = "",
    invited: str = "",
    refusal: Conflict | None = None,
    status: int = 422,
) -> Response:
    by = identity.current()
    return render(
        "accounts/team.html",
        status=refusal.status if refusal else status if form.errors else 200,
        is_sent=runtime.settings().mail_url is not None,
        refusal=refusal.detail if refusal else "",
        form=form,
        roles=ROLES,
        members=organizations.members(by.organization_id),
        invitations=invitations.open_ones(by.organization_id),
        memberships=organizations.memberships_of(sessions.acting(identity.current()).user_id),
        link=link,
        invited=invited,
        may_manage=by.has_role("owner"),
    )


def _send(invitation: Invitation, token: str) -> None:
    """Write to who is invited, in the name of who invites."""
    sign_in = sessions.acting(identity.current())
    mail = mails.invitation(
        invitation, token, inviter=sign_in.user.name, organization=sign_in.organization.name
    )
    mails.post(db.session, mail, invitation.email, organization_id=invitation.organization_id)


def _wrong_password(form: PasswordForm, refused: Refused) -> Response:
    form.show(Invalid(errors=[FieldError("/current", refused.code, refused.detail)]))
    response = _security(form, status=refused.status)
    if refused.retry_after_s is not None:
        response.headers["Retry-After"] = str(refused.retry_after_s)
    return response


def _security(form: PasswordForm, *, status: int = 422) -> Response:
    by = identity.current()
    return render(
        "accounts/security.html",
        status=status if form.errors else 200,
        form=form,
        sign_ins=sessions.live(sessions.acting(identity.current()).user_id),
        this_one=by.credential_id,
        may_manage=by.has_role("owner"),
    )


def _api_keys(form: ApiKeyForm, *, made: str = "", name: str = "") -> Response:
    return render(
        "accounts/api_keys.html",
        status=422 if form.errors else 200,
        form=form,
        keys=api_keys.live(identity.organization_id()),
        resources=api_keys.RESOURCES,
        in_words=api_keys.in_words,
        made=made,
        name=name,
        may_manage=True,
    )


def _done(words: str, endpoint: str) -> AnyResponse:
    commit()
    flash(words, "done")
    return redirect(url_for(endpoint), 303)


def _with_article(role: str) -> str:
    return f"a{'' if role == 'viewer' else 'n'} {role}"
