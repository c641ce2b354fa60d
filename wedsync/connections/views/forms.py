"""What people fill in to connect: the fields the connector's manifest names."""

from collections.abc import Collection, Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    PasswordField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import PasswordInput

from wedsync.connectors.manifest import ConnectField, Manifest
from wedsync.platform import smtp
from wedsync.platform.forms import Form
from wedsync.platform.vault import MASK

_LONGEST = 4_000
_OURS = "typed_"
_ON = frozenset({"1", "true", "yes", "on"})


def _stripped(value: str | None) -> str | None:
    return value.strip() if value else value


def _plain(_form: FlaskForm, field: Field) -> None:
    """Refuse what no keyboard types; keys may be pasted with line breaks inside."""
    if any(ord(sign) < 32 and sign not in "\r\n\t" for sign in field.data or ""):
        raise ValidationError("This holds a character that cannot be used here.")
    if len(field.data or "") > _LONGEST:
        raise ValidationError(f"Use at most {_LONGEST} characters.")


def _one_line(form: FlaskForm, field: Field) -> None:
    _plain(form, field)
    if any(sign in "\r\n" for sign in field.data or ""):
        raise ValidationError("Write this on one line.")


def _number(_form: FlaskForm, field: Field) -> None:
    text = field.data or ""
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise ValidationError("Write a whole number, such as 587.")


def _email(_form: FlaskForm, field: Field) -> None:
    try:
        smtp.address_of(field.data or "")
    except smtp.NotWritable:
        raise ValidationError("Write one e-mail address.") from None


class NameForm(Form):
    """What a connection is called."""

    name = StringField("Name", validators=[InputRequired(message="A name is needed.")])


class SecretField(PasswordField):
    """A secret is never sent back: a mask stands for the one that is kept."""

    widget = PasswordInput(hide_value=False)
    kept = False

    def _value(self) -> str:
        return MASK if self.kept else ""


class ConnectForm(Form):
    """The fields of one manifest; made by `form_of`."""

    names: tuple[str, ...] = ()
    help: Mapping[str, str] = {}

    @property
    def shown(self) -> list[tuple[Field, str]]:
        """Each field with its help."""
        return [(self._fields[_OURS + name], self.help[name]) for name in self.names]

    @property
    def typed(self) -> dict[str, Any]:
        """What was filled in, by the manifest's names."""
        return {name: self._fields[_OURS + name].data for name in self.names}

    def field_of(self, name: str) -> Field | None:
        return self._fields.get(_OURS + name)


def form_of(
    manifest: Manifest, *, typed: Mapping[str, Any] | None = None, kept: Collection[str] = ()
) -> ConnectForm:
    """The form of a connector; `typed` fills it, `kept` names the secrets there are already."""
    fields = {_OURS + each.name: _field(each, each.name in kept) for each in manifest.auth.fields}
    names = tuple(each.name for each in manifest.auth.fields)
    helps = {each.name: each.help for each in manifest.auth.fields}
    made = type("ConnectForm", (ConnectForm,), {**fields, "names": names, "help": helps})
    data = {_OURS + name: value for name, value in (typed or {}).items()}
    form: ConnectForm = made(data=data)
    for name in kept:
        form._fields[_OURS + name].kept = True
    return form


def _field(each: ConnectField, kept: bool) -> Field:
    required = each.required and not kept
    needed = InputRequired(message=f"{each.title} is needed.") if required else Optional()
    given: dict[str, Any] = {"name": each.name, "validators": [needed, _one_line]}
    if each.kind == "switch":
        return BooleanField(each.title, name=each.name, default=(each.default or "") in _ON)
    if each.kind == "choice":
        choices = list(each.choices)
        return SelectField(each.title, name=each.name, choices=choices, default=each.default)
    if each.kind == "secret":
        given["validators"] = [needed, _plain]
        return SecretField(each.title, filters=[_stripped], **given)
    if each.kind == "email":
        given["validators"] = [needed, _one_line, _email]
        return EmailField(each.title, filters=[_stripped], default=each.default, **given)
    if each.kind == "number":
        given["validators"] = [needed, _number]
    return StringField(each.title, filters=[_stripped], default=each.default, **given)
