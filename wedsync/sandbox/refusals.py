"""What the practice partner says no to, and how it reads what it is given."""

import re
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any

_LONGEST = 2_000
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Refusal(Exception):
    """A request that is not done; `message` is a sentence for a person."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def unknown(what: str) -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, "not_found", f"There is no such {what} here.")


def wrong(message: str) -> Refusal:
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", message)


def text(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text that is there, or the default."""
    value = given.get(name)
    if value is None or value == "":
        if default is None:
            raise wrong(f"{name} is missing.")
        return default
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise wrong(f"{name} should be a text of up to {_LONGEST} characters.")
    return value.strip()


def email(given: Mapping[str, Any], name: str) -> str:
    value = text(given, name)
    if not _EMAIL.fullmatch(value):
        raise wrong(f"{name} should be an e-mail address.")
    return value


def whole(given: Mapping[str, Any], name: str, default: int | None, most: int) -> int:
    """A whole number from 0; forms bring it as text."""
    value = given.get(name)
    if value is None or value == "":
        if default is None:
            raise wrong(f"{name} is missing.")
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise wrong(f"{name} should be a whole number from 0 to {most}.")
    return value


def choice(given: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = text(given, name)
    if value not in choices:
        raise wrong(f"{name} should be one of {', '.join(choices)}.")
    return value


def day(value: str) -> date:
    """A date such as 2027-06-12."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise wrong("A date is written as 2027-06-12.") from None
