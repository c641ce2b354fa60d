"""The couples of the demo, and what is known of their weddings."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from wedsync.cli.demo_data.guests import households
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.weddings import service
from wedsync.weddings.models import Guest, Household, Wedding

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Couple:
    """A couple who marry on a Saturday about `weeks_ahead` weeks from now.

    `locales` are those of the two families' names, `guests` how many people come.
    """

    partners: tuple[str, str]
    weeks_ahead: int
    venue: str
    zone: str
    currency: str
    locales: tuple[str, str]
    guests: int
    seed: int

    @property
    def title(self) -> str:
        return " & ".join(partner.partition(" ")[0] for partner in self.partners)


HANNAH_AND_JOSEF = Couple(
    partners=("Hannah Lindqvist", "Josef Marek"),
    weeks_ahead=6,
    venue="The Walled Garden, Bath",
    zone="Europe/London",
    currency="GBP",
    locales=("sv_SE", "cs_CZ"),
    guests=74,
    seed=6,
)
AMARA_AND_DANIEL = Couple(
    partners=("Amara Obi", "Daniel Conti"),
    weeks_ahead=22,
    venue="Villa Serena, Florence",
    zone="Europe/Rome",
    currency="EUR",
    locales=("en_NG", "it_IT"),
    guests=108,
    seed=22,
)
PRIYA_AND_TOM = Couple(
    partners=("Priya Raghavan", "Tom Ashdown"),
    weeks_ahead=39,
    venue="Jag Niwas, Udaipur",
    zone="Asia/Kolkata",
    currency="GBP",
    locales=("en_IN", "en_GB"),
    guests=46,
    seed=39,
)
COUPLES = (HANNAH_AND_JOSEF, AMARA_AND_DANIEL, PRIYA_AND_TOM)


def book(by: Identity, couple: Couple, today: date) -> UUID:
    """Write down a couple's wedding and everybody they invite; returns the wedding's id."""
    wedding = service.create(
        by,
        {
            "title": couple.title,
            "partners": [{"name": partner} for partner in couple.partners],
            "date": saturday_after(today + timedelta(weeks=couple.weeks_ahead)).isoformat(),
            "zone": couple.zone,
            "venue": couple.venue,
            "currency": couple.currency,
        },
    )
    _invite(wedding, couple)
    return wedding.id


def saturday_after(day: date) -> date:
    """The first Saturday on or after `day`."""
    return day + timedelta(days=(_SATURDAY - day.weekday()) % 7)


def _invite(wedding: Wedding, couple: Couple) -> None:
    for invited in households(couple.seed, couple.locales, couple.guests):
        household = Household(
            id=ids.new_id(),
            organization_id=wedding.organization_id,
            wedding_id=wedding.id,
            name=invited.name,
        )
        db.session.add(household)
        db.session.flush()
        db.session.add_all(
            Guest(
                organization_id=wedding.organization_id,
                wedding_id=wedding.id,
                household_id=household.id,
                name=person.name,
                email=person.email,
                kind=person.kind,
            )
            for person in invited.people
        )
    db.session.flush()
