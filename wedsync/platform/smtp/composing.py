"""Writing a message, so that what somebody typed stays where it was put."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from io import BytesIO
from types import MappingProxyType

from wedsync.platform import clock
from wedsync.platform.smtp.addresses import (
    Address,
    NotWritable,
    address_of,
    one_line,
    unstructured,
)

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_LINE_ENDS_HERE = re.compile(r"\r|\n(?![ \t])")
_ANY_BREAK = re.compile(rb"\r\n|\r|\n")


class _AsWritten(EmailPolicy):
    """Keeps headers as they are given, folded and encoded already.

    The library's own parser decodes what looks like an encoded word, even within an address, and
    writes a line break that was hidden in one as a line break: a header of somebody else's.
    """

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        if _LINE_ENDS_HERE.search(value):
            raise NotWritable(f"The header {name} is one line.")
        return name, value


# Seven bits: every server carries those, whatever it says it could.
_SEVEN_BITS = _AsWritten(linesep="\r\n", cte_type="7bit", refold_source="none")
_UTF8 = _SEVEN_BITS.clone(utf8=True)


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A message in its envelope. `id` is its `Message-ID`, with the brackets."""

    sender: Address
    recipients: tuple[Address, ...]
    id: str
    content: EmailMessage

    @property
    def needs_utf8(self) -> bool:
        """Whether an address is not in ASCII, which not every server can carry."""
        return not all(address.is_ascii for address in (self.sender, *self.recipients))

    def flat(self) -> bytes:
        """Its lines, each ended by CRLF and by nothing else."""
        written = BytesIO()
        policy = _UTF8 if self.needs_utf8 else _SEVEN_BITS
        BytesGenerator(written, policy=policy).flatten(self.content)
        lines = _ANY_BREAK.sub(b"\r\n", written.getvalue())
        return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def compose(
    *,
    sender: Address,
    to: Sequence[str],
    subject: str,
    text: str,
    message_id: str,
    html: str | None = None,
    reply_to: str | None = None,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Message:
    """A message in plain text, with `html` as the other way to show it.

    `message_id` is the part of its `Message-ID` before the @, the sender's domain stands behind;
    it and `headers` are ours, not typed by anybody. Raises `NotWritable`.
    """
    recipients = tuple(address_of(address) for address in to)
    if not recipients:
        raise NotWritable("An e-mail goes to at least one address.")
    message = Message(
        sender, recipients, f"<{message_id}@{sender.domain}>", EmailMessage(_SEVEN_BITS)
    )
    content = message.content
    content["From"] = sender.written("From")
    content["To"] = ",\n ".join(address.spec for address in recipients)
    if reply_to:
        content["Reply-To"] = address_of(reply_to).spec
    content["Subject"] = unstructured(one_line(subject, "A subject"), "Subject")
    content["Date"] = format_datetime(clock.now())
    content["Message-ID"] = message.id
    for name, value in headers.items():
        content[name] = value
    content.set_content(_body(text))
    if html is not None:
        content.add_alternative(_body(html), subtype="html")
    return message


def _body(text: str) -> str:
    """`text` as it can be encoded; ends with a line break, as a body does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotWritable("A text consists of whole characters.") from None
    if "\x00" in text:
        raise NotWritable("A text contains no NUL character.")
    return text if text.endswith("\n") else f"{text}\n"
