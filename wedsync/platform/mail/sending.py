"""Carrying the outbox out: one message at a time, until the server takes it.

A message that may have left already (the connection ended after its final dot, a worker died)
is handed over again under the same `Message-ID`: our own mail does no harm twice, and most
servers and mail programs show it once. A message is tried again for two days, then given up.
"""

import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from wedsync.platform import documents, echoes, smtp
from wedsync.platform.crypto import Unsealable
from wedsync.platform.mail.dressing import html_of
from wedsync.platform.mail.outbox import content_place
from wedsync.platform.outbound import Failure
from wedsync.platform.smtp import Address, Refusal, Sent, Server
from wedsync.platform.vault import Vault
from wedsync.settings import Settings

SENDING_S = 20.0
# Waits between attempts; together two days. Counted by attempts and not by the clock, so that
# what waited a week for MAIL_URL is not given up at its first try.
RETRY_AFTER_S = (15, 60, 300, 900, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400)
PAUSE_S = 10.0

_LEASE_S = 3 * SENDING_S
_NAME = "WedSync"
# No absence note answers it (RFC 3834).
_HEADERS = {"Auto-Submitted": "auto-generated"}
_WORTH_ANOTHER_TRY = "sender_refused"  # MAIL_FROM, which the operator may put right

log = logging.getLogger(__name__)

# The time is asked once: an index finds what is due before a moment, not before a moving one.
_CLAIM = text(
    "UPDATE mail_messages SET state = 'sending', attempts = attempts + 1,"
    "  due_at = clock_timestamp() + :lease"
    " WHERE id = (SELECT id FROM mail_messages"
    "  WHERE state IN ('due', 'sending') AND due_at <= (SELECT clock_timestamp())"
    "  ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, to_address, content, attempts"
)
# That it was sent is true whoever holds the message now; the rest is said by its holder only.
_SENT = text(
    "UPDATE mail_messages SET state = 'sent', content = NULL, last_error = NULL,"
    "  sent_at = clock_timestamp()"
    " WHERE id = :id AND state IN ('due', 'sending')"
)
_AGAIN = text(
    "UPDATE mail_messages SET state = 'due', due_at = clock_timestamp() + :wait,"
    "  last_error = CAST(:error AS jsonb)"
    " WHERE id = :id AND state = 'sending' AND attempts = :attempts"
)
_GIVEN_UP = text(
    "UPDATE mail_messages SET state = 'given_up', content = NULL,"
    "  last_error = CAST(:error AS jsonb)"
    " WHERE id = :id AND state = 'sending' AND attempts = :attempts"
)


@dataclass(frozen=True, slots=True, repr=False)
class _Claimed:
    id: UUID
    to_address: str
    content: bytes
    attempts: int


class MailSender:
    """Sends what is due. Without a `mail_url`, or an address to send from, everything waits."""

    def __init__(self, engine: Engine, vault: Vault, settings: Settings) -> None:
        self._engine = engine
        self._vault = vault
        self._server = Server.from_url(settings.mail_url) if settings.mail_url else None
        self._sender = sender_of(settings)
        self._public_url = settings.public_url
        self._paused_until = 0.0
        self._trouble = ""

    def work(self, stopping: threading.Event) -> None:
        """One round: until nothing is due, or the server is in trouble."""
        if self._server is None or self._sender is None:
            return
        while not stopping.is_set() and time.monotonic() >= self._paused_until:
            claimed = self._claim()
            if claimed is None:
                return
            self._record(claimed, self._carried(claimed, self._server, self._sender))

    def _claim(self) -> _Claimed | None:
        with self._engine.begin() as connection:
            row = connection.execute(_CLAIM, {"lease": timedelta(seconds=_LEASE_S)}).one_or_none()
        return None if row is None else _Claimed(*row)

    def _carried(
        self, claimed: _Claimed, server: Server, sender: Address
    ) -> Sent | Refusal | Failure:
        try:
            message = self._message(claimed, sender)
        except smtp.NotWritable as error:
            return Refusal("not_writable", str(error))
        except Unsealable:
            said = "This message was sealed under another master key than this installation has."
            return Failure("not_sent", "unsealable", said)
        outcome = _without_the_password(smtp.send(server, message, timeout_s=SENDING_S), server)
        self._notice_trouble(outcome)
        return outcome

    def _message(self, claimed: _Claimed, sender: Address) -> smtp.Message:
        place = content_place(claimed.id)
        content = documents.read(self._vault.open_for_platform(place, claimed.content))
        return smtp.compose(
            sender=sender,
            to=[claimed.to_address],
            subject=content["subject"],
            text=content["text"],
            html=html_of(content["subject"], content["text"], self._public_url),
            message_id=str(claimed.id),
            headers=_HEADERS,
        )

    def _notice_trouble(self, outcome: Sent | Refusal | Failure) -> None:
        """A server that takes nothing is left alone for a while; said when it begins and ends."""
        trouble = ""
        if isinstance(outcome, Failure) and outcome.kind == "not_sent":
            trouble = "" if outcome.code == "try_later" else outcome.message
        if trouble:
            self._paused_until = time.monotonic() + PAUSE_S
        if trouble and not self._trouble:
            log.warning("E-mail waits: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("E-mail leaves again.")
        self._trouble = trouble

    def _record(self, claimed: _Claimed, outcome: Sent | Refusal | Failure) -> None:
        row: dict[str, Any] = {"id": claimed.id, "attempts": claimed.attempts}
        if isinstance(outcome, Sent):
            statement = _SENT
        else:
            error = {"code": outcome.code, "message": outcome.message}
            row["error"] = documents.write(error).decode()
            wait_s = _wait_s(claimed.attempts, outcome)
            row["wait"] = timedelta(seconds=wait_s or 0)
            statement = _AGAIN if wait_s is not None else _GIVEN_UP
        with self._engine.begin() as connection:
            connection.execute(statement, row)


def sender_of(settings: Settings) -> Address | None:
    """Whom our own e-mail comes from; None, and a word in the log, when MAIL_FROM is no address."""
    try:
        return smtp.address_of(settings.mail_from, _NAME)
    except smtp.NotWritable as error:
        log.warning("E-mail waits, because of MAIL_FROM: %s", error)
        return None


def _without_the_password(
    outcome: Sent | Refusal | Failure, server: Server
) -> Sent | Refusal | Failure:
    """A server may quote what it was sent; nothing of that is kept or logged."""
    if isinstance(outcome, Sent):
        return outcome
    forms = echoes.forms_of([server.password])
    return replace(outcome, message=echoes.text_without(outcome.message, forms))


def _wait_s(attempts: int, outcome: Refusal | Failure) -> float | None:
    """How long until the next attempt; None when there is none."""
    if isinstance(outcome, Refusal) and outcome.code != _WORTH_ANOTHER_TRY:
        return None
    return RETRY_AFTER_S[attempts - 1] if attempts <= len(RETRY_AFTER_S) else None
