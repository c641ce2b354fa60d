"""The rest of a planner's desk: the diary, enquiries, favourites, requests and tasks."""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from wedsync.sandbox import refusals
from wedsync.sandbox.guests import GuestList
from wedsync.sandbox.hooks import Sender
from wedsync.sandbox.refusals import Refusal
from wedsync.sandbox.store import Store

_LONGEST_HOLD_DAYS = 90
_USUAL_HOLD_DAYS = 7
_USUAL_ALBUM = 60
_MOST = 10_000


class Desk:
    """One desk per account."""

    def __init__(
        self, store: Store, guest_list: GuestList, sender: Sender, today: Callable[[], date]
    ) -> None:
        self._store = store
        self._guests = guest_list
        self._sender = sender
        self._today = today

    # --- the diary

    def day(self, account_id: str, day: date) -> dict[str, Any]:
        """Whether it is free, and if not, why."""
        held = self._hold(account_id, day)
        wedding = self._guests.wedding(account_id)
        reason = None
        if wedding["date"] == day.isoformat():
            reason = f"{wedding['couple']} marry that day."
        elif held is not None:
            reason = f"It is held for {held['held_for']}."
        elif day < self._today():
            reason = "It is past."
        return {
            "date": day.isoformat(),
            "free": reason is None,
            "reason": reason,
            "held_for": held["held_for"] if held else None,
            "held_until": held["held_until"] if held else None,
        }

    def hold(self, account_id: str, day: date, given: Mapping[str, Any]) -> dict[str, Any]:
        """Hold a free day; asked again for the same name it changes nothing."""
        name = refusals.text(given, "for")
        days = refusals.whole(given, "days", _USUAL_HOLD_DAYS, _LONGEST_HOLD_DAYS)
        with self._store.transaction():
            found = self.day(account_id, day)
            if found["held_for"] != name:
                if not found["free"]:
                    raise Refusal(HTTPStatus.CONFLICT, "date_taken", found["reason"])
                until = self._today() + timedelta(days=days)
                self._store.add(
                    "holds",
                    account_id=account_id,
                    date=day.isoformat(),
                    held_for=name,
                    email=refusals.text(given, "email", ""),
                    held_until=until.isoformat(),
                )
            held = self.day(account_id, day)
        return {"date": held["date"], "for": name, "held_until": held["held_until"]}

    def release(self, account_id: str, day: date) -> None:
        query = "DELETE FROM holds WHERE account_id = ? AND date = ?"
        if not self._store.write(query, account_id, day.isoformat()):
            raise refusals.unknown("hold")

    def holds(self, account_id: str) -> list[dict[str, Any]]:
        return self._store.rows(
            "SELECT date, held_for, held_until FROM holds WHERE account_id = ? "
            "AND held_until >= ? ORDER BY date",
            account_id,
            self._today().isoformat(),
        )

    # --- what is kept as it came

    def enquire(self, account_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        enquiry = {
            "enquiry_id": f"enq_{secrets.token_hex(6)}",
            "name": refusals.text(given, "name"),
            "email": refusals.email(given, "email"),
            "date": refusals.day(refusals.text(given, "date")).isoformat(),
            "guests": refusals.whole(given, "guests", 0, _MOST) or None,
            "message": refusals.text(given, "message", ""),
        }
        return self._announced(account_id, "enquiry", "enquiry.received", enquiry)

    def choose(self, account_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The couple choose their pictures."""
        chosen = refusals.whole(given, "chosen", None, _MOST)
        needed = refusals.whole(given, "needed", _USUAL_ALBUM, _MOST)
        favourites = {
            "chosen": chosen,
            "needed": needed,
            "enough": chosen >= needed,
            "email": self._guests.couple_email(account_id),
            "wedding": self._guests.wedding(account_id),
        }
        return self._announced(account_id, "favourites", "favourites.submitted", favourites)

    def ask_acknowledgement(self, account_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        guest = self._guests.guest(account_id, refusals.text(given, "guest_id"))
        return self._kept(
            account_id,
            "acknowledgement",
            {
                "id": f"ack_{secrets.token_hex(6)}",
                "guest_id": guest["id"],
                "from": refusals.text(given, "from"),
                "text": refusals.text(given, "text", ""),
                "state": "asked",
            },
        )

    def acknowledge(self, account_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody confirms that they have read it."""
        wanted = refusals.text(given, "id")
        with self._store.transaction():
            for record in self.records(account_id, "acknowledgement"):
                if record["id"] == wanted:
                    confirmed = {**record, "state": "given"}
                    self._store.write(
                        "UPDATE records SET body = ? WHERE body = ?",
                        json.dumps(confirmed),
                        json.dumps(record),
                    )
                    return confirmed
        raise refusals.unknown("request")

    def add_task(self, account_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        due = refusals.text(given, "due", "")
        return self._kept(
            account_id,
            "task",
            {
                "id": f"task_{secrets.token_hex(6)}",
                "title": refusals.text(given, "title"),
                "due": refusals.day(due).isoformat() if due else None,
                "state": "open",
            },
        )

    def records(self, account_id: str, kind: str) -> list[dict[str, Any]]:
        rows = self._store.rows(
            "SELECT body FROM records WHERE account_id = ? AND kind = ? ORDER BY number",
            account_id,
            kind,
        )
        return [json.loads(row["body"]) for row in rows]

    # --- parts

    def _announced(
        self, account_id: str, kind: str, event_type: str, record: dict[str, Any]
    ) -> dict[str, Any]:
        with self._store.transaction():
            self._kept(account_id, kind, record)
            self._sender.announce(account_id, event_type, record)
        return record

    def _kept(self, account_id: str, kind: str, record: dict[str, Any]) -> dict[str, Any]:
        self._store.add("records", account_id=account_id, kind=kind, body=json.dumps(record))
        return record

    def _hold(self, account_id: str, day: date) -> dict[str, Any] | None:
        today = self._today().isoformat()
        self._store.write("DELETE FROM holds WHERE held_until < ?", today)
        return self._store.row(
            "SELECT held_for, held_until FROM holds WHERE account_id = ? AND date = ?",
            account_id,
            day.isoformat(),
        )
