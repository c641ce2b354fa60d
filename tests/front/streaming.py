"""A live stream, opened and read as a browser does it."""

import http.client
from dataclasses import dataclass

from tests.front.conftest import FrontServer
from tests.personas import Persona

Event = dict[str, str]


@dataclass
class Stream:
    """One open stream, read as a browser reads it (WHATWG HTML, 9.2.6)."""

    connection: http.client.HTTPConnection
    answer: http.client.HTTPResponse

    @property
    def status(self) -> int:
        return self.answer.status

    def next(self) -> Event:
        """The next event; comments are passed over. Empty at the end."""
        event: Event = {}
        while line := self.answer.readline():
            text = line.decode().rstrip("\n")
            if not text and event:
                return event
            if text and not text.startswith(":"):
                name, _, value = text.partition(": ")
                event[name] = value
        return event

    def line(self) -> bytes:
        return self.answer.readline()

    def close(self) -> None:
        self.connection.close()


def opened(front: FrontServer, path: str, by: Persona | None = None, **headers: str) -> Stream:
    """The stream at `/live/<path>`, as this person sees it."""
    connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if by is not None:
        cookie = by.browser.get_cookie("session")
        assert cookie is not None
        sent["cookie"] = f"session={cookie.value}"
    connection.request("GET", f"/live/{path}", headers=sent)
    return Stream(connection, connection.getresponse())
