"""What people fill in to make hooks and to change them."""

from typing import Any

from wtforms import (
    Field,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional

from wedsync.platform.forms import Form
from wedsync.webhooks.hooks.service import HookFields
from wedsync.webhooks.models import Hook
from wedsync.webhooks.schemes import generic_hmac
from wedsync.webhooks.views.scheme_words import WORDS

SCHEMES = {name: words.name for name, words in WORDS.items()}
OPTIONS = {
    "hmac": ("header", "algorithm", "encoding", "prefix", "id_header", "timestamp_header"),
    "basic": ("id_header",),
    "bearer": ("header", "id_header"),
}
"""What is asked of these ways of signing; the others know it all."""


def _stripped(value: str | None) -> str:
    return (value or "").strip()


def _text(label: str, *validators: Any) -> StringField:
    return StringField(label, filters=[_stripped], validators=list(validators))


def _lines(field: Field) -> list[str]:
    """What was written, one entry a line or between commas."""
    written = (field.data or "").replace(",", "\n").splitlines()
    return [line.strip() for line in written if line.strip()]


class HookForm(Form):
    """A hook. Of the fields of the signature only those count that its way of signing has."""

    name = _text("Name", InputRequired(message="Give it a name, such as “Petal's answers”."))
    scheme = RadioField("How the sender signs", choices=SCHEMES, default="standard_webhooks")
    event_type = _text("What its events are called")
    secret = PasswordField("Secret", filters=[_stripped])
    header = _text("Header with the signature")
    # Only asked for with a signature of its own kind; the service says what does not fit.
    algorithm = SelectField("Algorithm", choices=generic_hmac.ALGORITHMS, validate_choice=False)
    encoding = SelectField("Written as", choices=generic_hmac.ENCODINGS, validate_choice=False)
    prefix = _text("Text before the signature")
    id_header = _text("Header with the event's id")
    timestamp_header = _text("Header with the time")
    sensitive = TextAreaField("Not for everybody's eyes")
    quota_per_minute = IntegerField("Requests a minute, at most", validators=[Optional()])

    @classmethod
    def of(cls, hook: Hook) -> "HookForm":
        """The form filled with what a hook says; its secret is never shown."""
        asked = OPTIONS.get(hook.scheme, ())
        options = {name: hook.options.get(name) or "" for name in asked}
        hidden = "\n".join(hook.options.get("sensitive") or ())
        return cls(
            data={
                "name": hook.name,
                "scheme": hook.scheme,
                "event_type": hook.event_type or "",
                "sensitive": hidden,
                "quota_per_minute": hook.quota_per_minute,
                **options,
            }
        )

    def fields(self, scheme: str) -> HookFields:
        """What the service is asked for."""
        written = {name: getattr(self, name).data for name in OPTIONS.get(scheme, ())}
        options: dict[str, Any] = {name: value for name, value in written.items() if value}
        if hidden := _lines(self.sensitive):
            options["sensitive"] = hidden
        return {
            "name": self.name.data,
            "scheme": scheme,
            "event_type": self.event_type.data or None,
            "secret": self.secret.data or None,
            "options": options,
            "quota_per_minute": self.quota_per_minute.data,
        }


class SecretForm(Form):
    """The secret only the sender can make."""

    secret = PasswordField(
        "Secret", filters=[_stripped], validators=[InputRequired(message="Paste the secret here.")]
    )


class HookSampleForm(Form):
    """What the sample says."""

    body = TextAreaField("Message")
