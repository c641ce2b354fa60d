"""Addresses as they are written on an envelope and in a header (RFC 5321, 5890, 6531)."""

import re
import string
import unicodedata
from dataclasses import dataclass
from email.header import Header

from wedsync.platform.outbound.urls import UrlRefused, host_of

_SHOWN = 80
_LONGEST = 254
_LONGEST_LOCAL = 64
_ATOM = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~")
_ONE_LINE = 60
# Controls, halves of characters, and what ends a line: nothing of it belongs into a header.
_NEVER_IN_A_LINE = frozenset({"Cc", "Cs", "Zl", "Zp"})
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
    local, at, domain = unicodedata.normalize("NFC", text.strip()).rpartition("@")
    if not at or len(local.encode(errors="replace")) > _LONGEST_LOCAL or not _is_local(local):
        raise _none(text)
    try:
        host, _ = host_of(domain)
    except UrlRefused:
        raise _none(text) from None
    if ":" in host or len(host) > _LONGEST - len(local):
        raise _none(text)
    return Address(local, host, one_line(name, "A name"))


def _is_local(text: str) -> bool:
    """Atoms with dots between them (RFC 5321, 4.1.2), of any script (RFC 6531, 3.3)."""
    return all(
        part and all(sign in _ATOM or (sign > "\x7f" and sign.isprintable()) for sign in part)
        for part in text.split(".")
    )


def _none(text: str) -> NotWritable:
    return NotWritable(f"“{_shown(text)}” is not an e-mail address.")


def one_line(text: str, what: str) -> str:
    """`text` when it can stand in a header; raises `NotWritable` naming `what` it is."""
    if any(_breaks_a_line(sign) for sign in text):
        raise NotWritable(f"{what} is one line of printable characters.")
    return text


def as_one_line(text: str) -> str:
    """`text` with a space for whatever could not stand in a header."""
    return " ".join("".join(" " if _breaks_a_line(sign) else sign for sign in text).split())


def _breaks_a_line(sign: str) -> bool:
    return unicodedata.category(sign) in _NEVER_IN_A_LINE


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
