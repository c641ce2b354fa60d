"""What the tests of a shared connection need: one at the certified server, and who uses it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text

from tests.connections.ways import begin, come_back, engine_of, only
from tests.far_ends.oidc_provider import OidcProvider
from tests.page_words import words_of
from tests.personas import Persona
from tests.workers.machine import Process, environment_of
from wedsync.cli.supervisor import programs
from wedsync.platform.db import db
from wedsync.platform.embedded import process
from wedsync.settings import CHECKOUT, Settings
from wedsync.workflows.editing import service
from wedsync.workflows.running import runs


def connected(app: APIFlask, persona: Persona, provider: OidcProvider) -> UUID:
    """A connection made by consent, as a vendor makes it."""
    come_back(persona, provider.allow(begin(persona, "/connect/rest-oauth", **provider.form)))
    row = only(app, persona)
    assert row.state == "active", row.reason
    connection_id: UUID = row.id
    return connection_id


def reconnect(persona: Persona, provider: OidcProvider, connection_id: UUID) -> None:
    out = begin(persona, f"/connections/{connection_id}/reconnect", **provider.form)
    back = come_back(persona, provider.allow(out))
    assert back.status_code == 303, words_of(back)


@contextmanager
def sharing(
    settings: Settings, row: Any, folder: Path, *, processes: int, seconds: float
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Processes that share a connection, and where they say what they saw."""
    said = folder / "sharing.log"
    what = {
        "organization": str(row.organization_id),
        "connection": str(row.id),
        "processes": processes,
        "seconds": seconds,
    }
    with said.open("wb") as output:
        child = process.spawn(
            [sys.executable, "-m", "tests.chaos.sharing", json.dumps(what)],
            output=output,
            death_signal=signal.SIGKILL,
            cwd=CHECKOUT,
            environment=environment_of(settings),
        )
    try:
        yield child, said
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@contextmanager
def worker(settings: Settings, folder: Path, doom: str = "") -> Iterator[Process]:
    """A worker; with `doom` one that dies at that point (`tests.chaos.doomed_worker`)."""
    program = programs.worker("worker")
    if doom:
        argv = (sys.executable, "-m", "tests.chaos.doomed_worker", doom)
        program = replace(program, argv=argv)
    one = Process(program, settings, folder / "worker.log")
    try:
        yield one
    finally:
        one.kill()


def make_noting(app: APIFlask, persona: Persona, connection_id: UUID) -> UUID:
    """A workflow that takes a note at the far end: `{"text": …}`."""
    definition = {
        "format": 1,
        "trigger": {"kind": "manual"},
        "steps": [
            {
                "id": "note",
                "kind": "action",
                "use": "rest-oauth.request",
                "connection": str(connection_id),
                "input": {
                    "method": "POST",
                    "path": "/notes",
                    "json": {"text": {"var": "trigger.data.text"}},
                },
            }
        ],
    }
    with app.app_context():
        draft = service.create(persona.organization_id, "Take a note", definition)
        service.publish(persona.organization_id, draft.workflow.id)
        db.session.commit()
        return draft.workflow.id


def start_run(app: APIFlask, persona: Persona, workflow_id: UUID, note: str) -> UUID:
    with app.app_context():
        made = runs.start_manual_run(persona.organization_id, workflow_id, {"text": note})
        db.session.commit()
        return made.id


def run_state(app: APIFlask, run_id: UUID) -> tuple[str, str | None]:
    """What a run is doing, and what it waits for."""
    query = text("SELECT state, waiting_for ->> 'kind' FROM runs WHERE id = :id")
    with engine_of(app).connect() as database:
        state, kind = database.execute(query, {"id": run_id}).one()
    return state, kind


def notices(app: APIFlask, connection_id: UUID) -> int:
    """How many were ever given about it."""
    query = text("SELECT count(*) FROM notices WHERE about_id = :id")
    with engine_of(app).connect() as database:
        return int(database.scalar(query, {"id": connection_id}) or 0)
