"""What a posted form says beside its fields."""

from flask import request

_LONGEST = 8


def revision() -> int:
    """The revision a form was opened at; 0, which none ever is, for anything else."""
    written = request.form.get("revision", "")
    is_number = written.isascii() and written.isdecimal() and len(written) <= _LONGEST
    return int(written) if is_number else 0
