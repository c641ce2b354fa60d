"""A partner with a list that grows, and workflows that look at it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from apiflask import APIFlask

from tests.far_ends.rest_service import Asked, Prepared, RestService
from tests.workers.scene import note, rows
from tests.workflows.clockwork.ticking import timers_of
from tests.workflows.connected import seating
from wedsync.connectors.manifest import Manifest

NOTE = note("note", guest={"var": "trigger.data.name"}, type={"var": "trigger.type"})


@dataclass
class GuestBook(RestService):
    """A list that grows: `GET /entries?since=&limit=` or, by page, `&page=`."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    refusing: Prepared | None = None

    def add(self, *names: str, at: str = "2026-03-01T10:00:00Z") -> None:
        for name in names:
            number = len(self.entries)
            self.entries.append({"id": f"e{number}", "name": name, "at": at})

    def answer_to(self, asked: Asked) -> Prepared:
        self.asked.append(asked)
        if self.refusing is not None:
            return self.refusing
        query = asked.query()
        since, limit = query.get("since", ""), int(query.get("limit", "50"))
        begin = int(query.get("page", "0")) * limit
        found = [each for each in self.entries if each["at"] >= since]
        page = found[begin : begin + limit]
        more = str(begin // limit + 1) if len(found) > begin + limit else None
        body = orjson.dumps({"entries": page, "next": more})
        return Prepared(200, {"Content-Type": "application/json"}, body)


def reading(
    book: GuestBook, slug: str, *, limits: dict[str, Any] | None = None, **fields: Any
) -> Manifest:
    """A connector with the guest book as its stream."""
    stream = {
        "key": "entries",
        "label": "Entries",
        "sentence": "Look for new entries",
        "event_type": "guestbook.entry_added",
        "request": {
            "method": "GET",
            "path": "/entries",
            "query": {"since": "{cursor.at}", "limit": "50", "page": "{cursor.page}"},
        },
        "records": "entries",
        "at_path": "at",
        **fields,
    }
    other = {**stream, "key": "others", "starts": "all"}
    limited = {"limits": limits} if limits else {}
    return seating(book, slug, streams=[stream, other], **limited)


def every(connection_id: UUID, stream: str = "entries", every_s: int = 300) -> dict[str, Any]:
    about = {"connection": str(connection_id), "stream": stream, "every_s": every_s}
    return {"kind": "poll", **about}


def guests(app: APIFlask, workflow_id: UUID) -> list[str]:
    """Whom a workflow's runs are about, oldest first."""
    query = (
        "SELECT e.data ->> 'name' AS name FROM runs r JOIN events e ON e.id = r.event_id"
        " WHERE r.workflow_id = :id ORDER BY e.id"
    )
    return [row.name for row in rows(app, query, id=workflow_id)]


def timer(app: APIFlask, workflow_id: UUID) -> Any:
    (found,) = timers_of(app, workflow_id).values()
    return found
