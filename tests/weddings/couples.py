"""Weddings as tests need them."""

import os
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from apiflask import APIFlask

from tests.personas import Persona
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.weddings import service
from wedsync.weddings.models import Wedding


def marry(app: APIFlask, persona: Persona, **fields: Any) -> UUID:
    """A wedding in a year's time in Florence, unless the fields say otherwise."""
    given = {
        "title": "Hannah & Josef",
        "date": ahead(365),
        "zone": "Europe/Rome",
        "venue": "Villa Serena",
        **fields,
    }
    with app.app_context():
        made = service.create(persona.identity, given)
        db.session.commit()
        return made.id


def change(app: APIFlask, persona: Persona, wedding_id: UUID, **given: Any) -> None:
    with app.app_context():
        service.change(persona.identity, wedding_id, given)
        db.session.commit()


def ahead(days: int) -> date:
    """A day so many after the one on which this test first asked, midnight or not, where the
    businesses of tests are."""
    return _today(os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0]) + timedelta(days=days)


@cache
def _today(_test: str) -> date:
    return clock.now().astimezone(ZoneInfo("Europe/London")).date()


def wedding(app: APIFlask, wedding_id: UUID) -> Wedding:
    """The row as it is now."""
    with app.app_context():
        return db.session.get_one(Wedding, wedding_id)
