"""What a client of the API filled in to connect, held to the fields that the manifest names.

The form of the pages (`views.forms`) asks for the same; here a field may also be a number or a
switch of JSON, and what is left out takes its default.
"""

from collections.abc import Collection, Mapping
from typing import Any

from wedsync.connectors.manifest import ConnectField, Manifest
from wedsync.errors import FieldError, Invalid
from wedsync.platform import smtp
from wedsync.platform.vault import MASK

LONGEST = 4_000
_EMPTY = (None, "")
_LARGEST = 10**11


def read(
    manifest: Manifest, given: Mapping[str, Any], *, kept: Collection[str] = ()
) -> dict[str, Any]:
    """What was filled in, by the names of the manifest; `kept` are the secrets there are already.

    Raises Invalid with every field that cannot be used.
    """
    fields = {each.name: each for each in manifest.auth.fields}
    errors = [
        FieldError(f"/{name}", "unknown_field", f"{manifest.name} has no field of this name.")
        for name in given
        if name not in fields
    ]
    typed = {name: _stripped(given.get(name)) for name in fields}
    for name, each in fields.items():
        problem = _problem(each, typed[name], each.name in kept)
        if problem is not None:
            errors.append(FieldError(f"/{name}", *problem))
    if errors:
        raise Invalid(errors[0].message if len(errors) == 1 else "", errors=errors)
    return {name: _kept_as(fields[name], value) for name, value in typed.items()}


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _problem(field: ConnectField, value: Any, is_kept: bool) -> tuple[str, str] | None:
    """The code and the sentence of what is wrong with a value; None where nothing is."""
    if value in _EMPTY:
        needed = field.required and not is_kept and field.default is None
        return ("missing", f"{field.title} is needed.") if needed else None
    if field.kind == "secret" and value == MASK:
        return None if is_kept else ("missing", f"{field.title} is needed.")
    if field.kind == "switch":
        return None if isinstance(value, bool) else ("wrong_type", "It is true or false.")
    if field.kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return None if 0 <= value < _LARGEST else ("wrong_value", _NUMBER)
    if not isinstance(value, str):
        return "wrong_type", "It is a text."
    return _problem_of_text(field, value)


_NUMBER = "Write a whole number, such as 587."


def _problem_of_text(field: ConnectField, value: str) -> tuple[str, str] | None:
    # Keys may be pasted with line breaks inside.
    allowed = "\r\n\t" if field.kind == "secret" else "\t"
    if any(ord(sign) < 32 and sign not in allowed for sign in value):
        return "wrong_value", "This holds a character that cannot be used here."
    if len(value) > LONGEST:
        return "wrong_value", f"Use at most {LONGEST} characters."
    if field.kind == "number" and not (value.isascii() and value.isdigit() and len(value) < 12):
        return "wrong_value", _NUMBER
    if field.kind == "choice" and value not in field.choices:
        return "wrong_value", f"It is one of {', '.join(field.choices)}."
    if field.kind == "email":
        try:
            smtp.address_of(value)
        except smtp.NotWritable:
            return "wrong_value", "Write one e-mail address."
    return None


def _kept_as(field: ConnectField, value: Any) -> Any:
    """As the form keeps it: numbers as they are written."""
    is_number = field.kind == "number" and isinstance(value, int)
    return str(value) if is_number else value
