"""What one process has one of: its settings, its vault, its bells, who is there."""

from dataclasses import dataclass

from flask import current_app

from wedsync.platform.db import db
from wedsync.platform.presence import Presence
from wedsync.platform.vault import Vault
from wedsync.platform.wake import Wake
from wedsync.settings import Settings


@dataclass(frozen=True, slots=True)
class Runtime:
    settings: Settings
    vault: Vault
    wake: Wake
    presence: Presence


def runtime() -> Runtime:
    """The running app's settings, vault and bells."""
    found: Runtime = current_app.extensions["wedsync"]
    return found


def settings() -> Settings:
    return runtime().settings


def vault() -> Vault:
    return runtime().vault


def commit(*lanes: str) -> None:
    """The boundary of a request or a job: commit once, then wake the drains of `lanes`."""
    db.session.commit()
    runtime().wake.ring(*lanes)


def commit_keeping(row: object, *lanes: str) -> None:
    """The same for who goes on to show `row`: it stays as it was left, and is not read anew."""
    db.session.flush()
    db.session.expunge(row)
    commit(*lanes)
