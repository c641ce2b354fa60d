"""Somebody publishes, pauses, resumes and goes back to older versions at random while hooks keep
coming in: every hook is one run of each workflow, on a version that was live just then, to the
end; and the hook's address stays what it was."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.chaos.installation import Installation, installed
from tests.sizes import FULL_SIZE
from tests.workers.scene import (
    Sink,
    make_workflow,
    note,
    on_hook,
    one,
    rows,
    tell,
    wait_until,
)
from wedsync.platform.runtime import commit
from wedsync.workflows import queries
from wedsync.workflows.editing import drafts, service
from wedsync.workflows.editing.draft_operations import Change

HOOKS = 5_000 if FULL_SIZE else 800
_PER_SECOND = 80
_SLICES = 10
_CHANGES_A_SLICE = 6
_SECONDS = 300 if FULL_SIZE else 120

pytestmark = [pytest.mark.slow, pytest.mark.timeout(_SECONDS * 3)]

_RUNS = """
SELECT r.id, r.event_id, r.state, r.created_at, v.number, e.created_at AS accepted_at,
       v.created_at AS published_at, v.definition #>> '{steps,0,values,round}' AS wanted,
       s.output ->> 'round' AS noted
  FROM runs r
  JOIN workflow_versions v ON v.id = r.version_id
  JOIN events e ON e.id = r.event_id
  LEFT JOIN run_steps s ON s.run_id = r.id AND s.step_id = 'version'
 WHERE r.workflow_id = :workflow
"""


def two_steps(sink: Sink) -> list[Any]:
    return [note("version", round=0), tell("tell", "seating.guest_added")]


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path, workers=2, steps=two_steps) as made:
        yield made


class Editor:
    """Somebody who cannot leave a workflow alone, until told to stop.

    `live_from` says of each version from when on it was live for certain.
    """

    def __init__(self, here: Installation) -> None:
        self._here = here
        self._chance = random.Random(7)
        self.live_from: dict[int, datetime] = {}
        self.did: Counter[str] = Counter()
        self.stopped = threading.Event()

    def run(self) -> None:
        round_ = 0
        while not self.stopped.wait(self._chance.uniform(0.02, 0.15)):
            round_ += 1
            what = self._chance.choice(("publish", "publish", "roll back", "pause", "resume"))
            with self._here.app.app_context():
                self._do(what, round_)
            self.did[what] += 1
        with self._here.app.app_context():
            service.resume(self._here.organization, self._here.workflow)
            commit("runs")

    def wait_for(self, changes: int) -> None:
        """Until that much was done, however busy the machine is."""
        wait_until(lambda: self.did.total() >= changes, _SECONDS)

    def _do(self, what: str, round_: int) -> None:
        organization, workflow_id = self._here.organization, self._here.workflow
        if what in ("pause", "resume"):
            change = service.pause if what == "pause" else service.resume
            change(organization, workflow_id)
            commit("runs")
            return
        if what == "publish":
            self._edit(round_)
            version = service.publish(organization, workflow_id)
        else:
            number = self._chance.randint(1, max(self.live_from, default=1))
            version = service.rollback(organization, workflow_id, number)
        found = version.number
        commit("runs")
        self.live_from.setdefault(found, datetime.now(UTC))

    def _edit(self, round_: int) -> None:
        organization, workflow_id = self._here.organization, self._here.workflow
        revision = queries.get_workflow(organization, workflow_id).draft_revision
        change = Change("version", "values.round", round_)
        drafts.edit(organization, workflow_id, [change], expected_revision=revision)


def test_every_hook_is_one_run_on_a_version_that_was_live(busy: Installation) -> None:
    here = busy
    steady = make_workflow(
        here.app, here.organization, on_hook(here.partner.hook), note("seen", it=True)
    )
    address = one(here.app, "SELECT token FROM hooks WHERE id = :id", id=here.partner.hook.id)
    editor = Editor(here)
    editing = threading.Thread(target=editor.run)
    editing.start()
    for slices in range(1, _SLICES + 1):
        here.partner.send(HOOKS // _SLICES, per_second=_PER_SECOND)
        editor.wait_for(slices * _CHANGES_A_SLICE)
    editor.stopped.set()
    editing.join()
    here.finish(_SECONDS)

    assert here.partner.statuses == {202}
    assert all(editor.did[what] >= 5 for what in ("publish", "roll back", "pause", "resume"))
    accepted = {UUID(event_id) for _, event_id in here.partner.answers}
    assert len(accepted) == HOOKS
    for workflow in (here.workflow, steady):
        runs = rows(here.app, _RUNS, workflow=workflow)
        assert Counter(run.event_id for run in runs) == Counter(accepted)
        assert {run.state for run in runs} == {"succeeded"}
    runs = rows(here.app, _RUNS, workflow=here.workflow)
    assert len({run.number for run in runs}) >= 10
    each_is_pinned(runs, editor.live_from)
    now = one(here.app, "SELECT token FROM hooks WHERE id = :id", id=here.partner.hook.id)
    assert now == address


def each_is_pinned(runs: Any, live_from: dict[int, datetime]) -> None:
    """It ran what its version says, and that version was live between the hook's arrival and the
    run's beginning."""
    for run in runs:
        assert run.noted == run.wanted
        assert run.published_at <= run.created_at
        replaced_by = [
            number
            for number, at in live_from.items()
            if number > run.number and at <= run.accepted_at
        ]
        assert not replaced_by, (run.number, replaced_by)
