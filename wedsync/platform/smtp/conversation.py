"""smtplib, with sockets from the door, an end in time and nothing it would look up by itself."""

import base64
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from wedsync.platform import outbound
from wedsync.platform.deadline import Deadline
from wedsync.platform.outbound import Failure
from wedsync.platform.outbound.addresses import is_loopback
from wedsync.platform.smtp.servers import Server

_GOODBYE_S = 1.0
# More than any server says in one conversation.
_MOST_SAID = 262_144

Reply = tuple[int, bytes]


class Ended(Exception):
    """The conversation came to an end that can be told."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure = Failure("not_sent", code, message)


class Conversation(smtplib.SMTP):
    """One connection to one server, until a deadline.

    Whatever goes wrong on it comes as an OSError: smtplib's own exceptions are OSErrors too.
    """

    def __init__(self, server: Server, until: Deadline) -> None:
        # Without a host nothing is connected to yet; without a name of ours it would look one up.
        super().__init__(local_hostname="[127.0.0.1]")
        self._host = server.host  # whose certificate STARTTLS asks for
        self._server = server
        self._until = until
        self._is_here = False

    def open(self) -> Reply:
        """Connect and hear the greeting."""
        return self.connect(self._server.host, self._server.port)

    @property
    def is_private(self) -> bool:
        """Whether nobody in between can read what is said."""
        return isinstance(self.sock, ssl.SSLSocket) or self._is_here

    def secure(self) -> None:
        """STARTTLS, the certificate verified as the door does."""
        try:
            self.starttls(context=outbound.tls_context())
        except (ssl.SSLError, ValueError) as error:
            raise Ended("tls_failed", outbound.tls_problem(error)) from None
        except smtplib.SMTPResponseException:
            raise Ended("tls_failed", "The mail server offers TLS and then refuses it.") from None

    def authenticate(self) -> Reply:
        """AUTH PLAIN, else LOGIN (RFC 4616, 4954), in UTF-8; the one last reply of it.

        smtplib's own tries every mechanism with a wrong password, which locks accounts, and none
        with one that is not in ASCII.
        """
        user, password = self._server.user, self._server.password
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            return self.docmd("AUTH", "PLAIN " + _base64(f"\0{user}\0{password}"))
        if "LOGIN" not in offered:
            raise Ended("auth_refused", "The mail server offers no way to sign in that we know.")
        reply = self.docmd("AUTH", "LOGIN")
        for said in (user, password):
            if reply[0] != 334:
                break
            reply = self.docmd(_base64(said))
        return reply

    def leave(self) -> None:
        """Say goodbye, if there is still somebody to hear it, and hang up."""
        self._until = Deadline.after(_GOODBYE_S)
        with suppress(OSError):
            self.docmd("QUIT")
        self.close()

    def send(self, s: bytes | str) -> None:  # type: ignore[override]  # typeshed takes any buffer
        if self.sock is not None:
            self.sock.settimeout(self._left())
        super().send(s)

    def getreply(self) -> Reply:
        if self.file is None and self.sock is not None:
            self.file = _Lines(self.sock, self._left)
        return super().getreply()

    def _left(self) -> float:
        return self._until.left()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        server = self._server
        made = outbound.connect(
            host,
            port,
            timeout_s=self._left(),
            tls=server.security == "implicit",
            ours=server.ours,
        )
        try:
            self._introduce(str(made.getsockname()[0]), str(made.getpeername()[0]))
        except OSError:  # gone already
            made.close()
            raise
        return made

    def _introduce(self, ours: str, theirs: str) -> None:
        self.local_hostname = f"[IPv6:{ours}]" if ":" in ours else f"[{ours}]"  # RFC 5321, 4.1.3
        self._is_here = is_loopback(theirs)


class _Lines:
    """What the server says, line by line, within what is left of the time."""

    def __init__(self, connected: socket.socket, left: Callable[[], float]) -> None:
        self._socket = connected
        self._left = left
        self._heard = b""
        self._room = _MOST_SAID

    def readline(self, most: int) -> bytes:
        """The next whole line, b"" when the connection ends before it does."""
        while b"\n" not in self._heard:
            self._socket.settimeout(self._left())
            chunk = self._socket.recv(4096)
            self._room -= len(chunk)
            if not chunk or self._room < 0 or len(self._heard) >= most:
                return b""
            self._heard += chunk
        line, _, self._heard = self._heard.partition(b"\n")
        return line + b"\n" if len(line) < most else b""

    def close(self) -> None:
        """The socket is the conversation's to close."""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
