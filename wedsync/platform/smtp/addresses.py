"""Addresses as they are written on an envelope and in a header (RFC 5321, 5890, 6531)."""

import re
from dataclasses import dataclass
from email.header import Header

from email_validator import EmailNotValidError, validate_email

_SHOWN = 80
_ONE_LINE = 60
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 '-]+")


class NotWritable(ValueError):
    """Something that cannot be written into a message; says why, in a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Address:
    """`local@domain`, its domain in ASCII (`xn--…`), and the name to show beside it."""

    local: str
    domain: str
    name: str = ""

    @property
    def spec(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        return self.local.isascii()

    def written(self, header: str) -> str:
        """As it stands in `header`, folded."""
        if not self.name:
            return self.spec
        if _PLAIN_NAME.fullmatch(self.name) and len(self.name) <= _ONE_LINE:
            return f"{self.name} <{self.spec}>"
        return f"{encoded(self.name, header)}\n <{self.spec}>"


def address_of(text: str, name: str = "") -> Address:
    """One address; letters beyond ASCII before the @ stay, the server must be able to carry them.

    Whether it exists is the server's to say. Raises `NotWritable`.
    """
    try:
        read = validate_email(
            text.strip(), check_deliverability=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        raise NotWritable(f"“{_shown(text)}” is not an e-mail address.") from None
    return Address(read.local_part, read.ascii_domain, one_line(name, "A name"))


def one_line(text: str, what: str) -> str:
    """`text` when it can stand in a header; raises `NotWritable` naming `what` it is."""
    if text and not text.isprintable():
        raise NotWritable(f"{what} is one line of printable characters.")
    return text


def unstructured(text: str, header: str) -> str:
    """One line as it stands in `header`, folded; what looks like an encoded word is encoded."""
    if text.isascii() and len(text) <= _ONE_LINE and "=?" not in text:
        return text
    return encoded(text, header)


def encoded(text: str, header: str) -> str:
    """Encoded words (RFC 2047), a folded line each."""
    return Header(text, "utf-8", header_name=header).encode()


def _shown(text: str) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return printable if len(printable) <= _SHOWN else f"{printable[:_SHOWN]}…"
