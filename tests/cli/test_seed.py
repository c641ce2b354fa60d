"""`wedsync seed demo`: a believable demo, made once, through the services people use."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from tests.workers.scene import Worker
from wedsync.accounts import organizations, passwords
from wedsync.accounts.models import Membership, Organization, User
from wedsync.audit.models import AuditEntry
from wedsync.cli.demo_data import (
    automations,
    businesses,
    couples,
    guests,
    listings,
    season,
    seeding,
    webhooks,
)
from wedsync.cli.installation.logins import DEMO_PASSWORD, LOGINS
from wedsync.listings import queries
from wedsync.migrations import tables
from wedsync.platform.db import db
from wedsync.settings import CHECKOUT, Settings
from wedsync.webhooks.models import Endpoint, Hook
from wedsync.weddings.models import Guest, Household, Wedding
from wedsync.workflows.models import Workflow, WorkflowVersion
from wedsync.workflows.run_models import Run
from wedsync.workflows.waiting_models import Approval

TODAY = date(2027, 3, 3)


@pytest.fixture
def bare(app: APIFlask, empty_database: None) -> Iterator[None]:
    """An empty database, left empty: the demo's slugs are everybody's."""
    yield
    names = ", ".join(f'"{table.name}"' for table in tables().sorted_tables)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} CASCADE"))


@pytest.fixture
def seeded(app: APIFlask, bare: None) -> None:
    """The demo, and nothing else."""
    with app.app_context():
        seeding.plant(TODAY)
        db.session.commit()


def rosewood(database: Session) -> UUID:
    found = database.scalar(select(Organization.id).where(Organization.slug == "rosewood"))
    assert found is not None
    return found


def rows_by_table(database: Session) -> dict[str, int]:
    return {
        table.name: database.scalar(select(func.count()).select_from(table)) or 0
        for table in tables().sorted_tables
    }


def test_it_makes_two_vendors_a_partner_and_an_admin(seeded: None, database: Session) -> None:
    made = {one.slug: one for one in database.scalars(select(Organization))}
    assert made["rosewood"].kind == made["lumen"].kind == "vendor"
    assert (made["rosewood"].trade, made["lumen"].trade) == ("planner", "photographer")
    assert made["petal"].kind == "partner"
    admins = database.scalars(select(User.email).where(User.is_admin)).all()
    assert admins == ["ada@wedsync.example"]


def test_everybody_who_is_listed_can_sign_in(seeded: None, database: Session) -> None:
    for login in LOGINS:
        user = database.scalars(select(User).where(User.email == login.email)).one()
        assert passwords.matches(user.password_hash, DEMO_PASSWORD)
        membership = database.scalars(select(Membership).where(Membership.user_id == user.id)).one()
        assert membership.role == login.role
        assert membership.organization.slug == login.organization


def test_three_couples_marry_on_saturdays_ahead(seeded: None, database: Session) -> None:
    weddings = database.scalars(select(Wedding).order_by(Wedding.date)).all()
    assert [one.title for one in weddings] == ["Hannah & Josef", "Amara & Daniel", "Priya & Tom"]
    assert {one.zone for one in weddings} == {"Europe/London", "Europe/Rome", "Asia/Kolkata"}
    for wedding, couple in zip(weddings, couples.COUPLES, strict=True):
        assert wedding.date is not None
        assert wedding.date.strftime("%A") == "Saturday"
        about = TODAY + timedelta(weeks=couple.weeks_ahead)
        assert timedelta(0) <= wedding.date - about < timedelta(days=7)


def test_every_couple_has_the_guests_it_wants_in_households(
    seeded: None, database: Session
) -> None:
    for couple in couples.COUPLES:
        wedding = database.scalars(select(Wedding).where(Wedding.title == couple.title)).one()
        invited = database.scalars(select(Guest).where(Guest.wedding_id == wedding.id)).all()
        assert len(invited) == couple.guests
        kept = database.scalars(
            select(Household.id).where(Household.wedding_id == wedding.id)
        ).all()
        assert {guest.household_id for guest in invited} == set(kept)
        assert {guest.kind for guest in invited} >= {"adult", "child"}


def test_one_seed_gives_the_same_guests_every_time() -> None:
    once, again = (list(guests.households(6, ("sv_SE", "cs_CZ"), 74)) for _ in range(2))
    assert once == again
    assert list(guests.households(7, ("sv_SE", "cs_CZ"), 74)) != once


@pytest.mark.parametrize("number", [1, 2, 3, 40, 110])
def test_a_guest_list_has_exactly_the_people_asked_for(number: int) -> None:
    made = guests.households(3, ("en_GB", "it_IT"), number)
    people = [person for household in made for person in household.people]
    assert len(people) == number
    assert all(person.email is None or person.email.isascii() for person in people)


def test_the_hooks_can_be_used_and_stripe_s_waits_for_its_secret(
    seeded: None, database: Session
) -> None:
    made = {hook.name: hook for hook in database.scalars(select(Hook))}
    assert made[webhooks.PETAL_HOOK].scheme == "standard_webhooks"
    assert made[webhooks.PETAL_HOOK].state == "on"
    assert made[webhooks.STRIPE_HOOK].state == "needs_secret"
    assert made[webhooks.ENQUIRIES_HOOK].event_type == "enquiry.received"


def test_the_workflows_are_live(seeded: None, database: Session) -> None:
    live = database.execute(
        select(Workflow.name, Workflow.state, WorkflowVersion.number).join(
            WorkflowVersion, Workflow.live_version_id == WorkflowVersion.id
        )
    )
    assert {tuple(row) for row in live} == {
        (automations.SEAT_GUESTS, "on", 1),
        (automations.THANK_FOR_PAYMENTS, "on", 1),
        (season.THANK_COUPLES, "on", 1),
        (season.ASK_FOR_COUNT, "on", 1),
        (season.ORDER_FLOWERS, "on", 1),
    }


def test_each_couple_is_waited_for_and_the_flowers_are_asked_about(
    seeded: None, worker: Worker, database: Session
) -> None:
    worker.work()
    assert states(database, season.THANK_COUPLES) == ["waiting"] * 3
    assert states(database, season.ORDER_FLOWERS) == ["waiting"]
    items = select(func.count()).where(Run.parent_run_id.is_not(None), Run.state == "succeeded")
    assert database.scalar(items) == 3
    [question] = database.scalars(select(Approval.ask)).all()
    assert question == "Shall we order these flowers?"


def states(database: Session, workflow: str) -> list[str]:
    """How the runs of this workflow stand, items of loops left out."""
    wanted = (Workflow.name == workflow, Run.parent_run_id.is_(None))
    return list(
        database.scalars(
            select(Run.state).join(Workflow, Run.workflow_id == Workflow.id).where(*wanted)
        )
    )


def test_a_partner_s_listing_waits_for_an_admin(seeded: None, app: APIFlask) -> None:
    with app.app_context():
        [waiting] = queries.to_review()
        assert (waiting.maker, waiting.listing.slug) == ("Petal RSVP", listings.SLUG)
        assert all(check["passed"] for check in waiting.version.checks)


def test_nothing_is_sent_anywhere_until_somebody_says_so(seeded: None, database: Session) -> None:
    assert database.scalars(select(Endpoint.state)).all() == ["off"]


def test_the_audit_says_who_did_what(seeded: None, database: Session) -> None:
    entries = database.scalars(
        select(AuditEntry).where(AuditEntry.organization_id == rosewood(database))
    ).all()
    imogen = database.scalar(select(User.id).where(User.email == "imogen@rosewood.example"))
    assert {entry.actor_id for entry in entries} == {imogen}
    actions = [entry.action for entry in entries]
    assert actions.count("wedding.created") == 3
    assert actions.count("hook.created") == 3
    assert actions.count("workflow.published") == 5


def test_a_second_run_changes_nothing(seeded: None, app: APIFlask, database: Session) -> None:
    before = rows_by_table(database)
    with app.app_context():
        assert seeding.plant(TODAY + timedelta(days=400)) == []
        db.session.commit()
    assert rows_by_table(database) == before


def test_a_business_that_is_there_is_left_alone(app: APIFlask, bare: None) -> None:
    with app.app_context():
        organizations.create("Rosewood & Daughters", slug="rosewood")
        made = [business.slug for business in seeding.plant(TODAY)]
        db.session.rollback()
    assert made == [businesses.LUMEN, businesses.PETAL, businesses.PLATFORM]


def test_the_command_says_what_it_did(bare: None, settings: Settings) -> None:
    first = seed(settings)
    assert "Made Rosewood Weddings." in first
    assert seed(settings) == "The demo is here already; nothing was changed.\n"


def seed(settings: Settings) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": settings.libpq_url or "",
        "REDIS_URL": settings.redis_url or "",
        "WEDSYNC_HOME": str(settings.home),
    }
    return subprocess.run(
        [sys.executable, "-m", "wedsync", "seed", "demo"],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
