"""Changing a wedding: what is kept, what is refused, what is said about it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from apiflask import APIFlask

from tests.personas import Persona
from tests.weddings.couples import ahead, marry, wedding
from tests.workers.scene import rows
from wedsync.errors import Conflict, Invalid, NotFound, Stale, WedSyncError
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.weddings import policy, service
from wedsync.weddings.fields import currencies, zones
from wedsync.weddings.models import STATUSES


def do(app: APIFlask, act: Callable[..., Any], *given: Any, **named: Any) -> Any:
    with app.app_context():
        try:
            done = act(*given, **named)
            db.session.commit()
            return done
        finally:
            db.session.rollback()


def announced(app: APIFlask, owner: Persona) -> list[Any]:
    return rows(
        app,
        "SELECT type, data, wedding_id FROM events WHERE organization_id = :id ORDER BY id",
        id=owner.organization_id,
    )


def noted(app: APIFlask, owner: Persona) -> list[str]:
    found = rows(
        app,
        "SELECT action FROM audit_entries WHERE organization_id = :id AND object_kind = 'wedding'"
        " ORDER BY id",
        id=owner.organization_id,
    )
    return [row.action for row in found]


def test_adding_one_says_so_without_names(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner, partners=["Hannah Byrne", "Josef Brandt"])
    (said,) = announced(app, owner)
    assert (said.type, said.wedding_id) == ("wedding.created", couple)
    assert said.data == {
        "wedding_id": str(couple),
        "status": "booked",
        "date": ahead(365).isoformat(),
    }
    assert noted(app, owner) == ["wedding.created"]
    assert wedding(app, couple).partners == [{"name": "Hannah Byrne"}, {"name": "Josef Brandt"}]


def test_moving_a_date_says_from_when_to_when(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    do(app, service.change, owner.identity, couple, {"date": "2031-06-14", "venue": "Bath"})
    _created, moved, updated = announced(app, owner)
    assert moved.type == "wedding.date_changed"
    assert moved.data == {
        "wedding_id": str(couple),
        "changed": {"date": {"from": ahead(365).isoformat(), "to": "2031-06-14"}},
        "postponed": False,
    }
    assert updated.data["changed"] == {"venue": {"from": "Villa Serena", "to": "Bath"}}
    now = wedding(app, couple)
    assert (now.date, now.revision, now.date_generation) == (date(2031, 6, 14), 2, 0)


def test_postponing_raises_the_generation_and_forgets_what_is_not_known(
    app: APIFlask, owner: Persona
) -> None:
    couple = marry(app, owner, rsvp_deadline=ahead(300))
    do(app, service.postpone, owner.identity, couple, {"date": ahead(500)})
    now = wedding(app, couple)
    assert (now.status, now.date, now.rsvp_deadline) == ("postponed", ahead(500), None)
    assert now.date_generation == 1
    types = [row.type for row in announced(app, owner)]
    assert types == [
        "wedding.created",
        "wedding.postponed",
        "wedding.date_changed",
        "wedding.updated",
    ]
    assert announced(app, owner)[2].data["postponed"] is True
    do(app, service.postpone, owner.identity, couple, {"date": ahead(600)})
    assert wedding(app, couple).date_generation == 2
    do(app, service.postpone, owner.identity, couple, {"date": ahead(600)})
    assert wedding(app, couple).date_generation == 2, "the same once more is not another time"


def test_cancelling_and_taking_it_back(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    do(app, service.cancel, owner.identity, couple)
    do(app, service.change, owner.identity, couple, {"status": "booked"})
    assert wedding(app, couple).status == "booked"
    types = [row.type for row in announced(app, owner)]
    assert types == ["wedding.created", "wedding.cancelled", "wedding.updated", "wedding.updated"]
    assert noted(app, owner) == ["wedding.created", "wedding.cancelled", "wedding.changed"]


def test_the_other_dates_move_along(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner, rsvp_deadline=ahead(323), delivery_date=ahead(400))
    with app.app_context():
        moved = service.moved_along(wedding(app, couple), ahead(372))
    assert moved == {
        "date": ahead(372),
        "rsvp_deadline": ahead(330),
        "final_count_due": None,
        "delivery_date": ahead(407),
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": "  "}, "/title"),
        ({"title": "x" * 201}, "/title"),
        ({"title": "Hannah\x00Josef"}, "/title"),
        ({"title": 7}, "/title"),
        ({"zone": "Europe/Atlantis"}, "/zone"),
        ({"zone": "../../etc/passwd"}, "/zone"),
        ({"zone": "Europe"}, "/zone"),
        ({"currency": "XYZ"}, "/currency"),
        ({"currency": "DEM"}, "/currency"),
        ({"date": "2027-02-30"}, "/date"),
        ({"date": "12 June"}, "/date"),
        ({"date": "0001-01-01"}, "/date"),
        ({"date": "9999-12-31"}, "/date"),
        ({"date": 20270612}, "/date"),
        ({"final_count": -1}, "/final_count"),
        ({"final_count": True}, "/final_count"),
        ({"final_count": 10**9}, "/final_count"),
        ({"partners": ["a"] * 11}, "/partners"),
        ({"partners": [{"name": 3}]}, "/partners"),
        ({"status": "married"}, "/status"),
        ({"status": "completed"}, "/status"),
        ({"organization_id": "x"}, "/organization_id"),
        ({"revision": 99}, "/revision"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_changes(
    app: APIFlask, owner: Persona, given: dict[str, Any], field: str
) -> None:
    couple = marry(app, owner)
    with pytest.raises(Invalid) as refused:
        do(app, service.change, owner.identity, couple, {**given, "venue": "Bath"})
    assert [each.pointer for each in refused.value.errors] == [field]
    assert wedding(app, couple).venue == "Villa Serena"
    assert len(announced(app, owner)) == 1


def test_every_zone_and_currency_offered_can_be_kept(app: APIFlask, owner: Persona) -> None:
    assert {"Europe/London", "Asia/Kolkata", "UTC"} <= zones()
    assert {"GBP", "EUR", "JPY", "KWD", "INR"} <= currencies()
    assert not {"XXX", "DEM", ""} & currencies()


@pytest.mark.parametrize("before", STATUSES)
def test_a_status_goes_only_where_it_makes_sense(
    app: APIFlask, owner: Persona, before: str
) -> None:
    couple = marry(app, owner, date=ahead(-3))
    with app.app_context():
        wedding_row = service.get(owner.organization_id, couple)
        wedding_row.status = before
        db.session.commit()
    for after in set(STATUSES) - set(policy.NEXT[before]) - {before}:
        with pytest.raises(Conflict) as refused:
            do(app, service.change, owner.identity, couple, {"status": after})
        assert refused.value.code == "wedding_status"


def test_one_that_was_put_away_is_taken_out_before_it_changes(
    app: APIFlask, owner: Persona
) -> None:
    couple = marry(app, owner)
    do(app, service.archive, owner.identity, couple)
    with pytest.raises(Conflict):
        do(app, service.change, owner.identity, couple, {"venue": "Bath"})
    do(app, service.change, owner.identity, couple, {"status": "booked"})
    do(app, service.change, owner.identity, couple, {"venue": "Bath"})


def test_dates_that_look_wrong_are_warned_of_and_kept(app: APIFlask, owner: Persona) -> None:
    couple = marry(
        app,
        owner,
        rsvp_deadline=ahead(366),
        final_count_due=ahead(365),
        delivery_date=ahead(10),
    )
    told = policy.warnings(wedding(app, couple))
    assert len(told) == 3
    assert told[0] == "The RSVP deadline is not before the wedding."


def test_a_stranger_s_wedding_is_not_there(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    couple = marry(app, stranger)
    for wanted in (couple, ids.new_id()):
        with pytest.raises(NotFound):
            do(app, service.change, owner.identity, wanted, {"venue": "Bath"})


def test_who_read_an_older_one_is_told_what_it_is_now(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    do(app, service.change, owner.identity, couple, {"venue": "Bath"}, expected_revision=1)
    with pytest.raises(Stale) as stale:
        do(app, service.change, owner.identity, couple, {"venue": "Rome"}, expected_revision=1)
    current = stale.value.extra["current"]
    assert isinstance(current, dict)
    assert (current["venue"], current["revision"]) == ("Bath", 2)


def test_of_many_who_read_the_same_one_is_let_in(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)

    def attempt(number: int) -> str:
        try:
            given = {"venue": f"Hall {number}"}
            do(app, service.change, owner.identity, couple, given, expected_revision=1)
        except WedSyncError as error:
            return error.code
        return "kept"

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(attempt, range(6)))
    assert outcomes == ["kept", *["stale"] * 5]
    assert wedding(app, couple).revision == 2
