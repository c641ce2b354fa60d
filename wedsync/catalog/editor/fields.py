"""What the editor's forms have in common: the revision they were opened at, and their fields."""

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
from wtforms import Field, IntegerField, StringField, TextAreaField
from wtforms.fields.core import UnboundField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from wedsync.errors import FieldError, Invalid
from wedsync.platform.forms import Form

LONGEST_LINE, LONGEST_TEXT = 300, 8_000

_NAMED = {
    "categories": "goals",
    "id_path": "account_id",
    "name_path": "account_name",
    "fields.0.title": "key_title",
    "fields.0.help": "key_help",
}


class PartForm(Form):
    """A part of the manifest. `of` reads it from a document, `into` gives a changed copy.

    `place` is the number of the entry where the part is one of many, None for a new one.
    """

    template: ClassVar[str]
    title: ClassVar[str]

    revision = IntegerField(widget=HiddenInput(), validators=[InputRequired()])

    @classmethod
    def of(cls, document: Mapping[str, Any], place: int | None = None) -> "PartForm":
        raise NotImplementedError

    def into(self, document: Mapping[str, Any], place: int | None = None) -> dict[str, Any]:
        raise NotImplementedError

    @classmethod
    def label_of(cls, path: str) -> str:
        """What the field is called that says what stands at a problem's path; empty for none."""
        last = path.rpartition(".")[2]
        named = _NAMED.get(path.removeprefix("auth."), _NAMED.get(last, last))
        field = getattr(cls, named, None)
        return str(field.args[0]) if isinstance(field, UnboundField) and field.args else ""


def line(label: str, missing: str = "") -> StringField:
    """One line of text; `missing` is what is asked where it is needed and empty."""
    too_long = Length(max=LONGEST_LINE, message=f"Use at most {LONGEST_LINE} characters.")
    required = [InputRequired(message=missing)] if missing else []
    return StringField(label, filters=[stripped], validators=[*required, too_long])


def text(label: str, longest: int = LONGEST_TEXT) -> TextAreaField:
    """Several lines."""
    too_long = Length(max=longest, message=f"Use at most {longest:,} characters.")
    return TextAreaField(label, filters=[stripped], validators=[too_long])


def stripped(value: str | None) -> str:
    return (value or "").replace("\r\n", "\n").strip()


def lines_of(field: Field) -> list[str]:
    """What was written, an entry a line."""
    return [entry.strip() for entry in (field.data or "").splitlines() if entry.strip()]


def commas_of(field: Field) -> list[str]:
    """What was written between commas or on lines of its own."""
    written = (field.data or "").replace("\n", ",").split(",")
    return [entry.strip() for entry in written if entry.strip()]


def json_of(field: Field) -> Any:
    """The JSON that was written; None where nothing was. Raises Invalid beside the field."""
    if not field.data:
        return None
    try:
        return orjson.loads(field.data)
    except orjson.JSONDecodeError as error:
        words = f"This is not JSON: {error.msg}, line {error.lineno}."
        raise Invalid(words, errors=[FieldError(f"/{field.name}", "json", words)]) from error


def shown_json(value: Any) -> str:
    """A value as somebody edits it; empty for None."""
    if value is None:
        return ""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
