"""One connection, fifty processes: one refresh per rotation and none of a spent token, however long
the far end takes and whatever its answers leave out.

The certified server of npm `oidc-provider` is the judge: it rotates, and withdraws the whole family
when a spent token is used again.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask

from tests.chaos.shared import connected, notices, sharing
from tests.connections.ways import row_of
from tests.far_ends.oidc_provider import OidcProvider
from tests.personas import Persona
from tests.sizes import FULL_SIZE
from wedsync.settings import Settings

PROCESSES = 50
SECONDS = 300 if FULL_SIZE else 30
SECONDS_LACKING = 300 if FULL_SIZE else 20
LIFE_S, SLOW_S = 2, 15
WHOLE = [{}, {}, {"after_s": SLOW_S}, {}, {}, {"before_s": SLOW_S}]
NO_END = {"leaves_out": ["expires_in"]}
NO_TOKEN = {"leaves_out": ["refresh_token"]}
NEITHER = {"leaves_out": ["expires_in", "refresh_token"]}
LACKING = [NO_END, NO_TOKEN, {**NEITHER, "after_s": SLOW_S}, {**NO_END, "before_s": SLOW_S}, {}]
SLOW_BY = 3


@pytest.fixture
def connection_id(
    app: APIFlask,
    empty_database: None,
    built_in_listings: None,
    editor: Persona,
    oidc_provider: OidcProvider,
) -> UUID:
    oidc_provider.steer(life_s=LIFE_S)
    return connected(app, editor, oidc_provider)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 360)
@pytest.mark.parametrize(
    ("refreshes", "seconds"),
    [(WHOLE, SECONDS), (LACKING, SECONDS_LACKING)],
    ids=["whole answers", "lacking answers"],
)
def test_fifty_processes_share_one_connection(
    app: APIFlask,
    connection_id: UUID,
    oidc_provider: OidcProvider,
    settings: Settings,
    tmp_path: Path,
    refreshes: list[dict[str, Any]],
    seconds: int,
) -> None:
    oidc_provider.steer(life_s=LIFE_S, refreshes=refreshes)
    row = row_of(app, connection_id)
    with sharing(settings, row, tmp_path, processes=PROCESSES, seconds=seconds) as (child, said):
        assert child.wait(seconds + 240) == 0
        counts = json.loads(said.read_text().splitlines()[-1])
    row, judged = row_of(app, connection_id), oidc_provider.seen()
    print(counts, judged)
    # A token may end on its way, or at an end that nobody told; that is never held against it. On a
    # busy machine an answer may come too late for one of fifty.
    assert set(counts) <= {"200", "401", "timeout"}
    assert (counts["200"] > 0, row.refused_at) == (True, None)
    only_one_at_a_time_asked(judged, row.generation)
    assert judged["refreshes_begun"] >= SLOW_BY
    assert (row.state, row.reason, notices(app, connection_id)) == ("active", None, 0)


def only_one_at_a_time_asked(judged: dict[str, Any], generation: int) -> None:
    """Each answer was kept, before anybody asked again with what it held."""
    (family,) = judged["families"]
    assert (judged["reuses"], judged["faults"], family["revoked"]) == (0, [], False)
    assert (judged["at_once"], judged["token_requests"]) == (1, generation)
    assert family["refreshes"] == generation - 1
