"""What people fill in to correct what a step was given: a field for each single value."""

from collections.abc import Sequence
from typing import Any, cast

from wtforms import BooleanField, Field, StringField, TextAreaField, ValidationError
from wtforms.form import BaseForm

from wedsync.platform.forms import Form
from wedsync.workflows.running.repairing import RepairField

_LONG = 80
_LONGEST_NUMBER = 30


def repair_form(fields: Sequence[RepairField]) -> Form:
    """A form of these fields, filled with what there is now."""
    named = {f"value_{number}": _field(each) for number, each in enumerate(fields)}
    return cast(Form, type("RepairForm", (Form,), named)())


def changed(form: Form, fields: Sequence[RepairField]) -> dict[tuple[str, ...], Any]:
    """What was filled in, by where it lies; only what differs from what was there."""
    found: dict[tuple[str, ...], Any] = {}
    for number, each in enumerate(fields):
        value = _value(each, form[f"value_{number}"].data)
        if value != each.value or type(value) is not type(each.value):
            found[each.path] = value
    return found


def _field(each: RepairField) -> Any:
    if each.kind == "yes_no":
        return BooleanField(each.label, default=each.value)
    said = "" if each.value is None else str(each.value)
    if each.kind == "number":
        return StringField(each.label, default=said, validators=[_number])
    is_long = len(said) > _LONG or "\n" in said
    return (TextAreaField if is_long else StringField)(each.label, default=said)


def _number(form: BaseForm, field: Field) -> None:
    if _as_number(field.data) is None:
        raise ValidationError("This has to be a number, such as 12 or 2.5.")


def _as_number(written: Any) -> int | float | None:
    text = str(written or "").strip().replace(",", "")
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        return int(text)
    except ValueError:
        pass  # perhaps it has a part after the point
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _value(each: RepairField, written: Any) -> Any:
    if each.kind == "yes_no":
        return bool(written)
    if each.kind == "number":
        return _as_number(written)
    text = (written or "").replace("\r\n", "\n")
    return None if each.value is None and not text else text
