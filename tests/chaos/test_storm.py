"""Everything at once: a random worker killed every second, Redis emptied twice, the database
restarted, while events come in. One finished run each, and effects exactly once where the far end
honours keys; where somebody chose twice rather than not at all, every double can be seen.

A worker takes about a second of a core to start, so at the small size the storm passes after half
a minute; at full size it rages to the end.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis import Redis

from tests.chaos.installation import Installation, installed
from tests.personas import make_persona
from tests.sizes import FULL_SIZE
from tests.workers.scene import Sink, call, make_workflow, note, on_hook, rows, tell

EVENTS = 10_000 if FULL_SIZE else 1_000
_EVERY = 10
_KILL_EVERY_S = 1.0
_STORM_S = 120 if FULL_SIZE else 20
_KILLS = 1_000_000 if FULL_SIZE else 30
_WORKERS = 4
_SECONDS = 1_500 if FULL_SIZE else 240

pytestmark = [pytest.mark.slow, pytest.mark.timeout(_SECONDS * 2)]


def six_steps(sink: Sink) -> list[Any]:
    """Choose, note, an effect that fails at first, a wait, an event of ours, an effect."""
    soon = {"attempts": 6, "first_delay_s": 0.5, "factor": 1, "max_delay_s": 60}
    coming = {
        "label": "Yes",
        "when": {"==": [{"var": "trigger.data.status"}, "accepted"]},
        "steps": [
            note("shape", guest={"var": "trigger.data.guest"}),
            call("seat", sink.url("/flaky/1/seated"), on_error={"retry": soon, "then": "stop"}),
            {"id": "breathe", "kind": "wait", "seconds": 1},
            tell("tell", "seating.guest_added", {"guest": {"var": "steps.shape.guest"}}),
            call("file", sink.url("/ok/filed"), on_error={"retry": soon, "then": "stop"}),
        ],
    }
    return [{"id": "coming", "kind": "choose", "branches": [coming]}]


def make_risky_workflow(here: Installation) -> UUID:
    """For every tenth guest, something that is done again when nobody knows whether it was done."""
    send = call("send", "", key=False, on_unsure="retry")
    send["input"]["url"] = {
        "cat": [here.sink.url("/ok/risked/"), {"substr": [{"var": "trigger.data.guest"}, 6]}]
    }
    tenth = {"ends_with": [{"var": "trigger.data.guest"}, "0"]}
    steps = [{"id": "tenth", "kind": "filter", "when": tenth}, send]
    return make_workflow(here.app, here.organization, on_hook(here.partner.hook), *steps)


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[Installation]:
    many = 1_000_000
    with installed(
        tmp_path, workers=_WORKERS, steps=six_steps, recoveries_before_parking=many
    ) as made:
        yield made


class Killer(threading.Thread):
    """Ends a random worker every second, as a power cut would; a supervisor starts it again."""

    def __init__(self, here: Installation, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self._here = here
        self._chance = chance
        self._stopping = threading.Event()
        self.kills = 0

    def run(self) -> None:
        while self.kills < _KILLS and not self._stopping.wait(_KILL_EVERY_S):
            self._chance.choice(self._here.workers).kill()
            self.kills += 1

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def test_one_finished_run_each_and_effects_once_whatever_dies(storm: Installation) -> None:
    here = storm
    risky = make_risky_workflow(here)
    killer = Killer(here, random.Random())
    killer.start()
    send_through_trouble(here)
    try:
        here.finish(_SECONDS)
    finally:
        killer.stop()

    doubles = doubles_of(here)
    print(f"{EVENTS} events, {killer.kills} kills, {doubles} doubles where they were accepted")
    assert killer.kills >= 10
    every_event_has_one_finished_run_of_each(here, risky)
    every_effect_with_a_key_was_done_once(here)
    every_double_is_on_the_page_of_its_run(here, risky)


def send_through_trouble(here: Installation) -> None:
    """The events in four parts, and between them what goes wrong beside the kills."""
    part, pace = EVENTS // 4, EVENTS / _STORM_S
    here.partner.send(part, per_second=pace)
    Redis.from_url(here.redis.url).flushall()
    here.partner.send(part, per_second=pace)
    here.postgres.kill()
    here.partner.send(20)
    here.postgres.start()
    here.partner.send(part - 20, per_second=pace)
    Redis.from_url(here.redis.url).flushall()
    here.partner.send(EVENTS - 3 * part, per_second=pace)
    while here.partner.refused:
        here.partner.send_refused()


def every_event_has_one_finished_run_of_each(here: Installation, risky: UUID) -> None:
    accepted = {UUID(event) for status, event in here.partner.answers if status == 202}
    assert len(accepted) == EVENTS
    found = rows(here.app, "SELECT workflow_id, event_id, state FROM runs")
    states = Counter((row.workflow_id == risky, row.state) for row in found)
    tenths = EVENTS // _EVERY
    assert states == {
        (False, "succeeded"): EVENTS,
        (True, "succeeded"): tenths,
        (True, "filtered"): EVENTS - tenths,
    }
    for one_is_risky in (True, False):
        events = {row.event_id for row in found if (row.workflow_id == risky) == one_is_risky}
        assert events == accepted


def every_effect_with_a_key_was_done_once(here: Installation) -> None:
    """A far end that honours keys did each once: it saw every key there is, and no other."""
    tried = rows(
        here.app,
        "SELECT run_id, step_id, array_agg(DISTINCT idempotency_key) AS keys FROM step_attempts"
        " WHERE step_id IN ('seat', 'file') GROUP BY 1, 2",
    )
    assert len(tried) == 2 * EVENTS
    assert all(len(row.keys) == 1 for row in tried)
    told = {str(row.event_id) for row in rows(here.app, "SELECT event_id FROM deliveries")}
    assert len(told) == EVENTS
    seen = set(here.sink.keys()) - {""}
    assert seen == {row.keys[0] for row in tried} | told


def doubles_of(here: Installation) -> int:
    """How often something was done once more than once, as the far end counted."""
    return sum(came - 1 for came in risked(here).values())


def risked(here: Installation) -> dict[str, int]:
    """How often the far end was asked for each tenth guest."""
    paths = here.sink.paths()
    return {path: came for path, came in paths.items() if path.startswith("/ok/risked/")}


def every_double_is_on_the_page_of_its_run(here: Installation, risky: UUID) -> None:
    came = risked(here)
    assert len(came) == EVENTS // _EVERY
    owner = make_persona(here.app, here.organization, name="Ana")
    query = (
        "SELECT r.id, count(*) AS tries, count(*) FILTER (WHERE a.outcome = 'lost') AS lost,"
        " s.input ->> 'url' AS url FROM runs r JOIN step_attempts a ON a.run_id = r.id"
        " JOIN run_steps s ON s.run_id = r.id AND s.step_id = 'send'"
        " WHERE r.workflow_id = :risky GROUP BY r.id, s.input"
    )
    for run in rows(here.app, query, risky=risky):
        path = "/ok" + run.url.partition("/ok")[2]
        assert 1 <= came[path] <= run.tries == run.lost + 1
        if came[path] > 1:
            page = owner.browser.get(f"/runs/{run.id}").get_data(as_text=True)
            assert page.count("We were interrupted and do not know") >= came[path] - 1
