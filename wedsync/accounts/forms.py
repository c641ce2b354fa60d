"""What people fill in to sign in, sign up, and look after their team, their keys, themselves."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    Field,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import Email, InputRequired, Length

from wedsync.accounts import api_keys
from wedsync.platform.forms import Form

ROLES = {
    "viewer": "Viewer: sees everything",
    "editor": "Editor: changes workflows too",
    "owner": "Owner: manages team and keys too",
}
KINDS = {
    "vendor": "run a wedding business",
    "partner": "build integrations for them",
}
_NAME = Length(max=120, message="Use at most 120 characters.")
_LONGEST_EMAIL = Length(max=254, message="An e-mail has at most 254 characters.")
_NEVER = "never"
_ALL = "all"


def _plain(_form: FlaskForm, field: Field) -> None:
    """Refuse what no keyboard types; PostgreSQL does not store NUL either."""
    if any(ord(character) < 32 for character in field.data or ""):
        raise ValidationError("This holds a character that cannot be used here.")


def _stripped(value: str | None) -> str | None:
    return value.strip() if value else value


def _text(label: str, missing: str, *more: Any) -> StringField:
    required = InputRequired(message=missing)
    return StringField(label, filters=[_stripped], validators=[required, _plain, *more])


def _email(missing: str) -> EmailField:
    check = Email(message="This does not look like an e-mail. Is the part after the @ there?")
    required = InputRequired(message=missing)
    validators = [required, _plain, _LONGEST_EMAIL, check]
    return EmailField("E-mail", filters=[_stripped], validators=validators)


class SignInForm(Form):
    email = EmailField(
        "E-mail",
        filters=[_stripped],
        validators=[InputRequired(message="Which e-mail do you sign in with?"), _LONGEST_EMAIL],
    )
    password = PasswordField(
        "Password", validators=[InputRequired(message="Type your password."), Length(max=1000)]
    )


class SignUpForm(Form):
    name = _text("Your name", "What should your team call you?", _NAME)
    business = _text("Your business", "What is your business called?", _NAME)
    kind = RadioField("You", choices=KINDS, default="vendor")
    email = _email("We need an e-mail to sign you in with.")
    password = PasswordField("Password", validators=[InputRequired(message="Choose a password.")])


class AcceptForm(Form):
    """Somebody new takes an invitation; the e-mail is the invited one."""

    name = _text("Your name", "What should your team call you?", _NAME)
    password = PasswordField("Password", validators=[InputRequired(message="Choose a password.")])


class InvitationForm(Form):
    email = _email("Whom do you invite?")
    role = SelectField("Role", choices=ROLES, default="editor")


class RoleForm(Form):
    role = SelectField("Role", choices=ROLES)


class PasswordForm(Form):
    current = PasswordField(
        "Your password now", validators=[InputRequired(message="Type the one you have now.")]
    )
    new = PasswordField("A new password", validators=[InputRequired(message="Choose a new one.")])


class ForgottenForm(Form):
    email = _email("Which e-mail do you sign in with?")


class NewPasswordForm(Form):
    """Somebody with a link sets a password without the old one."""

    new = PasswordField("A new password", validators=[InputRequired(message="Choose a new one.")])


class ApiKeyForm(Form):
    name = _text("What it is for", "Name it, so that you know it again.", _NAME)
    reach = RadioField(
        "It may",
        choices={
            "chosen": "only what you choose below",
            _ALL: "see and change everything but the rules for messages to couples",
        },
        default="chosen",
    )
    scopes = SelectMultipleField("What it may do", choices=api_keys.all_scopes())
    lasts = RadioField(
        "It works for",
        choices={
            "30": "30 days",
            "90": "90 days",
            "365": "a year",
            _NEVER: "as long as nobody revokes it",
        },
        default="90",
    )

    @property
    def chosen(self) -> list[str]:
        """The scopes that were chosen."""
        return [api_keys.EVERYTHING] if self.reach.data == _ALL else list(self.scopes.data)

    @property
    def days(self) -> int | None:
        """How long it works; None: until it is revoked."""
        return None if self.lasts.data == _NEVER else int(self.lasts.data)
