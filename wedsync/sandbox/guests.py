"""Guests and their answers: every change tells those who subscribed."""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from wedsync.sandbox import refusals
from wedsync.sandbox.hooks import Sender
from wedsync.sandbox.refusals import Refusal
from wedsync.sandbox.store import Store

STATUSES = ("invited", "accepted", "declined")
ANSWERS = ("accepted", "declined")
_LARGEST_PARTY = 20
_MOST_MEALS = 5_000
_MEALS_LOCK = timedelta(days=14)
_SHOWN = ("id", "name", "email", "household", "status", "party_size", "meal", "allergy", "seat")
_COUNTED = ("status", "party_size", "meal")


class GuestList:
    """The weddings and guests of all accounts."""

    def __init__(self, store: Store, sender: Sender, today: Callable[[], date]) -> None:
        self._store = store
        self._sender = sender
        self._today = today

    def account(self, account_id: str) -> dict[str, Any]:
        """Id, name and wedding; raises `Refusal`."""
        row = self._store.row("SELECT * FROM accounts WHERE id = ?", account_id)
        if row is None:
            raise refusals.unknown("account")
        return {"id": row["id"], "name": row["name"], "wedding": _wedding(row)}

    def accounts(self) -> list[dict[str, Any]]:
        rows = self._store.rows("SELECT id FROM accounts ORDER BY rowid")
        return [self.account(row["id"]) for row in rows]

    def wedding(self, account_id: str) -> dict[str, Any]:
        wedding: dict[str, Any] = self.account(account_id)["wedding"]
        return wedding

    def couple_email(self, account_id: str) -> str:
        row = self._store.row("SELECT email FROM accounts WHERE id = ?", account_id)
        return str(row["email"]) if row else ""

    def guests(self, account_id: str, **wanted: str | None) -> list[dict[str, Any]]:
        """In the order of the list; `status` and `household` narrow it."""
        rows = self._store.rows(
            "SELECT * FROM guests WHERE account_id = ? ORDER BY position", account_id
        )
        asked = {name: value for name, value in wanted.items() if value}
        return [_guest(row) for row in rows if all(row[name] == asked[name] for name in asked)]

    def guest(self, account_id: str, guest_id: str) -> dict[str, Any]:
        row = self._store.row(
            "SELECT * FROM guests WHERE account_id = ? AND id = ?", account_id, guest_id
        )
        if row is None:
            raise refusals.unknown("guest")
        return _guest(row)

    def accepted(self, account_id: str) -> int:
        """How many people come, counted by party."""
        row = self._store.row(
            "SELECT coalesce(sum(party_size), 0) AS people FROM guests "
            "WHERE account_id = ? AND status = 'accepted'",
            account_id,
        )
        return int(row["people"]) if row else 0

    def answer(self, account_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """A guest answers: `{"id", "guest"}` of the answer."""
        guest_id = refusals.text(given, "guest_id")
        changes = {**given, "status": refusals.choice(given, "status", ANSWERS)}
        return {
            "id": self._change(account_id, guest_id, changes),
            "guest": self.guest(account_id, guest_id),
        }

    def change(self, account_id: str, guest_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody corrects a guest's answer."""
        self._change(account_id, guest_id, given)
        return self.guest(account_id, guest_id)

    def answers(self, account_id: str, since: str, most: int) -> list[dict[str, Any]]:
        """Answers from an instant on, oldest first: `{"id", "answered_at", "guest", …}`."""
        rows = self._store.rows(
            "SELECT body FROM records WHERE account_id = ? AND kind = 'answer' "
            "AND json_extract(body, '$.answered_at') >= ? ORDER BY number LIMIT ?",
            account_id,
            since,
            most,
        )
        return [json.loads(row["body"]) for row in rows]

    def release_seat(self, account_id: str, guest_id: str) -> dict[str, Any]:
        seat = self.guest(account_id, guest_id)["seat"]
        self._store.write(
            "UPDATE guests SET seat = NULL WHERE account_id = ? AND id = ?", account_id, guest_id
        )
        return {"guest_id": guest_id, "released": seat}

    def meals(self, account_id: str, day: date) -> dict[str, Any]:
        """How many meals are ordered for that day; raises `Refusal` on any other day."""
        wedding = self.wedding(account_id)
        if day.isoformat() != wedding["date"]:
            raise refusals.unknown("wedding day")
        row = self._store.row(
            "SELECT count FROM meals WHERE account_id = ? AND date = ?", account_id, wedding["date"]
        )
        return {
            "date": wedding["date"],
            "count": row["count"] if row else None,
            "locked": self._today().isoformat() > wedding["meals_lock_date"],
            "meals_lock_date": wedding["meals_lock_date"],
        }

    def order_meals(self, account_id: str, day: date, given: Mapping[str, Any]) -> dict[str, Any]:
        count = refusals.whole(given, "count", None, _MOST_MEALS)
        if self.meals(account_id, day)["locked"]:
            message = "The kitchen has its numbers; meals cannot be changed any more."
            raise Refusal(HTTPStatus.CONFLICT, "meals_locked", message)
        self._store.write(
            "INSERT INTO meals (account_id, date, count) VALUES (?, ?, ?) "
            "ON CONFLICT (account_id, date) DO UPDATE SET count = excluded.count",
            account_id,
            day.isoformat(),
            count,
        )
        return self.meals(account_id, day)

    # --- parts

    def _change(self, account_id: str, guest_id: str, given: Mapping[str, Any]) -> str:
        """Keep what changed and tell; the id of the answer."""
        with self._store.transaction():
            before = self.guest(account_id, guest_id)
            people = self.accepted(account_id)
            after = {**before, **_changes(before, given)}
            self._store.write(
                "UPDATE guests SET status = ?, party_size = ?, meal = ?, allergy = ? "
                "WHERE account_id = ? AND id = ?",
                *(after[name] for name in (*_COUNTED, "allergy")),
                account_id,
                guest_id,
            )
            return self._tell(account_id, before, after, people)

    def _tell(
        self, account_id: str, before: dict[str, Any], after: dict[str, Any], people: int
    ) -> str:
        wedding = self.wedding(account_id)
        answer_id = f"rsvp_{secrets.token_hex(6)}"
        if any(before[name] != after[name] for name in _COUNTED):
            self._keep_answer(account_id, answer_id, after)
            data = {
                "rsvp_id": answer_id,
                "guest": _named(after),
                **{name: after[name] for name in _COUNTED},
                "people_coming": self.accepted(account_id),
                "wedding": wedding,
            }
            first = before["status"] == "invited"
            if not first:
                data["before"] = {name: before[name] for name in _COUNTED}
            self._sender.announce(account_id, "rsvp.received" if first else "rsvp.changed", data)
        if after["allergy"] and after["allergy"] != before["allergy"]:
            data = {"guest": _named(after), "wedding": wedding}
            self._sender.announce(account_id, "allergy.reported", data)
        self._tell_count(account_id, wedding, people)
        return answer_id

    def _keep_answer(self, account_id: str, answer_id: str, after: dict[str, Any]) -> None:
        answer = {
            "id": answer_id,
            "answered_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "guest": _named(after),
            **{name: after[name] for name in _COUNTED},
        }
        body = json.dumps(answer)
        self._store.add("records", account_id=account_id, kind="answer", body=body)

    def _tell_count(self, account_id: str, wedding: dict[str, Any], before: int) -> None:
        now = self.accepted(account_id)
        if now != before:
            data = {
                "accepted": now,
                "before": before,
                "meals_open": self._today().isoformat() <= wedding["meals_lock_date"],
                "wedding": wedding,
            }
            self._sender.announce(account_id, "count.changed", data)


def _changes(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    status = refusals.choice({"status": before["status"], **given}, "status", STATUSES)
    coming = status == "accepted"
    usual = max(before["party_size"], 1)
    party = refusals.whole(given, "party_size", usual, _LARGEST_PARTY)
    meal = refusals.text(given, "meal", before["meal"] or "")
    allergy = refusals.text(given, "allergy", before["allergy"] or "")
    return {
        "status": status,
        "party_size": party if coming else 0 if status == "declined" else usual,
        "meal": (meal or None) if coming else None,
        "allergy": allergy or None,
    }


def _wedding(row: Mapping[str, Any]) -> dict[str, Any]:
    lock = date.fromisoformat(row["wedding_date"]) - _MEALS_LOCK
    return {
        "id": "w_" + row["id"].removeprefix("acct_"),
        "couple": row["couple"],
        "date": row["wedding_date"],
        "meals_lock_date": lock.isoformat(),
    }


def _guest(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _SHOWN}


def _named(guest: Mapping[str, Any]) -> dict[str, Any]:
    """A guest as events name one; the allergy only where there is one."""
    named = {name: guest[name] for name in ("id", "name", "email", "household")}
    return {**named, "allergy": guest["allergy"]} if guest["allergy"] else named
