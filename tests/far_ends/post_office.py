"""A real mail server on this machine (aiosmtpd) that can be told to misbehave."""

import asyncio
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "imogen@rosewood.example", "pässword"


@dataclass
class Letter:
    """A message as it was taken: its envelope and what was in it."""

    sender: str
    recipients: list[str]
    content: bytes
    private: bool
    """Whether it came over TLS."""

    @property
    def message(self) -> EmailMessage:
        read = message_from_bytes(self.content, policy=default)
        assert isinstance(read, EmailMessage)
        return read

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class PostOffice:
    """What it took, and what it answers instead of yes: `refuses` by the command's name."""

    letters: list[Letter] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    password: str = PASSWORD
    hangs_up_after_the_dot: bool = False
    answers_after_s: float = 0.0
    """How long it thinks about a letter it has taken already."""
    conversations: int = 0
    port: int = 0

    # What aiosmtpd asks its handler:

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, said: list[str]
    ) -> list[str]:
        self.conversations += 1
        session.host_name = hostname
        return said

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.refuses.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.refuses.get("RCPT", self.refuses.get(address, "250 OK"))
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if "DATA" in self.refuses:
            return self.refuses["DATA"]
        content = envelope.original_content or b""
        private = server.transport.get_extra_info("ssl_object") is not None
        self.letters.append(
            Letter(str(envelope.mail_from), list(envelope.rcpt_tos), content, private)
        )
        await asyncio.sleep(self.answers_after_s)
        if self.hangs_up_after_the_dot:
            server.transport.abort()
        return "250 Taken as letter 7"


@contextmanager
def post_office(
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
    signed_in: bool = False,
    smtputf8: bool = True,
) -> Iterator[PostOffice]:
    """Open one: `tls` from the first byte, `starttls` when asked, `signed_in` people only."""
    office = PostOffice()
    options: dict[str, Any] = {"enable_SMTPUTF8": smtputf8}
    if starttls is not None:
        options |= {"tls_context": starttls}
    if signed_in:
        options |= {"authenticator": _knows, "auth_required": True, "auth_require_tls": False}
        warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
    loop = asyncio.new_event_loop()
    opening = loop.create_server(
        lambda: SMTP(office, loop=loop, hostname="post.example", **options),
        "127.0.0.1",
        0,
        ssl=tls,
    )
    server = loop.run_until_complete(opening)
    office.port = server.sockets[0].getsockname()[1]
    working = threading.Thread(target=loop.run_forever, daemon=True)
    working.start()
    try:
        yield office
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_everybody_out(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        working.join(5)
        loop.close()


async def _everybody_out() -> None:
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def _knows(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, said: object
) -> AuthResult:
    office: PostOffice = server.event_handler
    known = isinstance(said, LoginPassword) and (said.login, said.password) == (
        USER.encode(),
        office.password.encode(),
    )
    refusal = office.refuses.get("AUTH", "535 5.7.8 No such")
    return AuthResult(success=known, handled=False, message=None if known else refusal)
