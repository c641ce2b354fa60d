"""A client of this installation's own web process: the API with a key, and the hooks."""

import http.client
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from wedsync.api import BASE_PATH
from wedsync.cli import Unusable
from wedsync.cli.supervisor.preflight import local_address
from wedsync.settings import Settings

_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, and the body as JSON."""

    status: int
    body: Any


class Script:
    """Asks the web process on this machine. Raises Unusable when it does not answer."""

    def __init__(self, settings: Settings, key: str) -> None:
        self._settings = settings
        self._key = key

    def get(self, path: str) -> Any:
        """The resource at a path below the API's base; raises Unusable for a refusal."""
        return self._call("GET", path, None)

    def post(self, path: str, document: Any) -> Any:
        """As `get`, with a JSON body."""
        return self._call("POST", path, document)

    def delete(self, path: str) -> Any:
        """As `get`."""
        return self._call("DELETE", path, None)

    def send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        """One request, whatever the answer."""
        connection = http.client.HTTPConnection(*local_address(self._settings), timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, _json(answer.read()))
        except (OSError, http.client.HTTPException) as error:
            raise Unusable(f"WedSync stopped answering ({type(error).__name__}).") from error
        finally:
            connection.close()

    def _call(self, method: str, path: str, document: Any) -> Any:
        body = None if document is None else orjson.dumps(document)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        answer = self.send(method, BASE_PATH + path, body, headers)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise Unusable(
                "What answers on this port works on another database: "
                "set PORT, DATABASE_URL and WEDSYNC_HOME as where it was started."
            )
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise Refusal(answer)
        return answer.body


class Refusal(Unusable):
    """The API refused something the demo needs."""

    def __init__(self, answer: Answer) -> None:
        detail = answer.body.get("detail") if isinstance(answer.body, dict) else None
        super().__init__(f"The API answered {answer.status}: {detail or 'without a reason'}")
        self.status = answer.status


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
