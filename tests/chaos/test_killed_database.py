"""PostgreSQL killed and started again: senders are asked to come again, and what they were told was
accepted is there, once."""

import pytest

from tests.chaos.installation import (
    HOOKS,
    Installation,
    each_has_one_run,
    the_books_balance,
    the_rollups_are_what_the_rows_come_to,
    the_sink_has_each,
)
from tests.workers.scene import rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_what_was_accepted_survives_a_database_that_was_killed(
    installation: Installation,
) -> None:
    here = installation
    here.partner.send(300)
    here.wait_until_in_the_middle()
    owners = {row.id for row in rows(here.app, "SELECT id FROM owners")}
    here.postgres.kill()
    here.partner.send(100)
    here.postgres.start()
    here.partner.send(HOOKS - 400)
    while here.partner.refused:
        here.partner.send_refused()
    here.finish()

    assert here.partner.statuses <= {202, 503}
    assert here.supervisor.restarts == 0
    assert owners.isdisjoint(row.id for row in rows(here.app, "SELECT id FROM owners"))
    each_has_one_run(here)
    the_sink_has_each(here)
    the_books_balance(here)
    the_rollups_are_what_the_rows_come_to(here)
