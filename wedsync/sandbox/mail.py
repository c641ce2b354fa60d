"""The inbox: an SMTP server that takes every mail and passes none on."""

import asyncio
import re
import secrets
import threading
from collections import deque
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from wedsync.sandbox.faults import Switches

PASSWORD = "practice"  # noqa: S105 - written on the inbox page, for everyone
_KEPT = 500
# Without the full stop or bracket of the sentence around it.
_LINK = re.compile(r"(https?://[^\s<>\"]*[^\s<>\".,;:!?)\]])")


class Inbox:
    """The newest mails, in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def put(self, envelope: Envelope, user: str | None) -> None:
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        mail = {
            "id": secrets.token_hex(8),
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "from": envelope.mail_from,
            "to": list(envelope.rcpt_tos),
            "user": user,
            "raw": raw,
            **_read(raw),
        }
        with self._lock:
            self._mails.appendleft(mail)

    def all(self, to: str = "") -> list[dict[str, Any]]:
        """The newest first, without the raw bytes."""
        with self._lock:
            mails = [mail for mail in self._mails if not to or to in mail["to"]]
        return [_shown(mail) for mail in mails]

    def find(self, mail_id: str) -> dict[str, Any] | None:
        with self._lock:
            return next((_shown(mail) for mail in self._mails if mail["id"] == mail_id), None)

    def raw(self, mail_id: str) -> bytes | None:
        with self._lock:
            return next((mail["raw"] for mail in self._mails if mail["id"] == mail_id), None)

    def empty(self) -> None:
        with self._lock:
            self._mails.clear()


def linked(text: str) -> list[tuple[str, bool]]:
    """A text in pieces: (piece, whether it is an address to follow)."""
    return [(piece, number % 2 == 1) for number, piece in enumerate(_LINK.split(text)) if piece]


def listen(inbox: Inbox, switches: Switches, port: int) -> Controller:
    """Begin to take mails on this port of this machine. The controller's thread is a daemon."""
    controller = Controller(
        _Handler(inbox, switches),
        hostname="127.0.0.1",
        port=port,
        authenticator=_Door(switches),
        auth_require_tls=False,
        ident="Petal Practice",
    )
    controller.start()
    return controller


class _Door:
    """Any user, one password."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def __call__(
        self, _server: SMTP, session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        known = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
        refused = self._switches.now.smtp_answers == "auth" and self._switches.take("smtp")
        if not known or refused:
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=given.login.decode(errors="replace"))


class _Handler:
    def __init__(self, inbox: Inbox, switches: Switches) -> None:
        self._inbox = inbox
        self._switches = switches

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self._switches.now.smtp_answers in {"busy", "refuse"}:
            answer = self._switches.take("smtp")
            if answer == "busy":
                return "451 4.7.1 Petal Practice is busy, try again later"
            if answer == "refuse":
                return "550 5.1.1 Petal Practice does not take mail for this address"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self._inbox.put(envelope, session.auth_data)
        if self._switches.now.smtp_answers == "drop" and self._switches.take("smtp"):
            transport = server.transport
            if isinstance(transport, asyncio.Transport):
                transport.abort()
            await asyncio.sleep(0)
        return "250 2.0.0 Kept"


def _read(raw: bytes) -> dict[str, Any]:
    message = message_from_bytes(raw, policy=policy.default)
    return {
        "subject": str(message.get("Subject", "")),
        "text": _body(message, "plain"),
        "html": _body(message, "html"),
        "headers": {name: str(value) for name, value in message.items()},
        "attachments": [
            {
                "name": part.get_filename(),
                "type": part.get_content_type(),
                "size": len(part.get_payload(decode=True) or b""),
            }
            for part in message.iter_attachments()
        ],
    }


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else None


def _shown(mail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in mail.items() if name != "raw"}
