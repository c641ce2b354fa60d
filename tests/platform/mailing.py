"""Short ways to hand a message over, and a mail server that says exactly what a test tells it."""

from collections.abc import Callable
from typing import Any

from tests.platform.conftest import Connection
from wedsync.platform import smtp
from wedsync.platform.outbound import Failure
from wedsync.platform.smtp import Message, Refusal, Sent, Server

US = smtp.address_of("hello@rosewood.example", "Rosewood Weddings")


def letter(**changes: Any) -> Message:
    parts = {"sender": US, "to": ["ana@florist.example"], "subject": "Hello", "text": "Hi Ana."}
    return smtp.compose(**{**parts, "message_id": "run.7", **changes})


def here(port: int, **changes: Any) -> Server:
    return Server("127.0.0.1", port, **{"security": "none", **changes})


def send(server: Server, timeout_s: float = 5.0, **changes: Any) -> Sent | Refusal | Failure:
    return smtp.send(server, letter(**changes), timeout_s=timeout_s)


def failed(outcome: object) -> tuple[str, str]:
    assert isinstance(outcome, Failure), outcome
    return outcome.kind, outcome.code


def refused(outcome: object) -> str:
    assert isinstance(outcome, Refusal), outcome
    return outcome.code


DIALOGUE = {
    b"": b"220 post.example ready\r\n",
    b"ehlo": b"250-post.example\r\n250 8BITMIME\r\n",
    b"mail": b"250 ok\r\n",
    b"rcpt": b"250 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b".": b"250 taken\r\n",
    b"QUIT": b"221 bye\r\n",
}


def scripted(
    answers: dict[bytes, bytes | None],
    *,
    seen: list[bytes] | None = None,
    rudely: bool = False,
) -> Callable[[Connection], None]:
    """A server that answers lines by how they begin; None: it hangs up there instead, b"": it
    falls silent."""

    def behave(connection: Connection) -> None:
        lines = connection.socket.makefile("rb")
        said, in_data = b"", False
        while True:
            found = next(key for key in sorted(answers, reverse=True) if said.startswith(key))
            if not in_data or said == b".":
                answer = answers[found]
                if answer is None:
                    return connection.reset() if rudely else None
                connection.send(answer)
                in_data = found == b"DATA"
            heard = lines.readline()
            if not heard:
                return None
            said = heard.rstrip(b"\r\n")
            if seen is not None and not in_data:
                seen.append(said)

    return behave
