"""Planting the demo: each business whole, or left as it is when it is there already."""

from datetime import date

from wedsync.cli.demo_data import automations, couples, listings, season, webhooks
from wedsync.cli.demo_data.businesses import (
    BUSINESSES,
    PETAL,
    ROSEWOOD,
    Business,
    is_open,
    open_business,
)
from wedsync.platform.identity import Identity


def plant(today: date) -> list[Business]:
    """Make what is missing; returns the businesses that were made. The caller commits."""
    missing = [business for business in BUSINESSES if not is_open(business)]
    for business in missing:
        _furnish(business, open_business(business), today)
    return missing


def _furnish(business: Business, owner: Identity, today: date) -> None:
    """Give Rosewood its work and Petal its listing; the others begin with nothing, as a new
    business does."""
    if business.slug == PETAL:
        listings.offer(owner)
    if business.slug != ROSEWOOD:
        return
    for couple in couples.COUPLES:
        couples.book(owner, couple, today)
    automations.automate(owner, webhooks.connect(owner))
    season.plan(owner, couples.COUPLES[0].title)
    webhooks.tell_the_kitchen(owner)
