"""Ways through the door that several tests take."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.personas import PASSWORD, Browser, Persona
from wedsync.audit.models import AuditEntry

Result = TypeVar("Result")


def sign_in(browser: Browser, email: str, password: str = PASSWORD, to: str = "") -> TestResponse:
    """Fill in the sign-in form; `to` is where the person was going."""
    where = f"/sign-in?next={to}" if to else "/sign-in"
    return browser.post(where, data={"email": email, "password": password})


def invite(by: Persona, email: str, role: str = "editor") -> str:
    """Have an owner make a link; the path of it."""
    answer = by.browser.post("/settings/invitations", data={"email": email, "role": role})
    found = re.search(r"/invitations/wsi_\w+", answer.text)
    assert found, answer.text
    return found.group()


def audited(database: Session, organization_id: UUID, object_id: UUID | None = None) -> list[str]:
    """What the audit log of an organization says was done, in order."""
    entries = select(AuditEntry.action).where(AuditEntry.organization_id == organization_id)
    if object_id is not None:
        entries = entries.where(AuditEntry.object_id == object_id)
    return list(database.scalars(entries.order_by(AuditEntry.id)))


def at_once(*acts: Callable[[], Result]) -> list[Result]:
    """Do all of them at the same moment, each in a thread; their results in order."""
    barrier = Barrier(len(acts))

    def wait_and(act: Callable[[], Result]) -> Result:
        barrier.wait(timeout=10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(wait_and, acts))


def sign_up(browser: Browser, email: str, **changed: str) -> TestResponse:
    form = {"name": "Imogen Hart", "business": "Rosewood Weddings", "password": PASSWORD}
    return browser.post("/sign-up", data={**form, "email": email, **changed})
