"""Workers killed with SIGKILL, Redis emptied and Redis gone: nothing accepted is lost, nothing is
done twice but what was under way when a process died."""

import pytest
from redis import Redis

from tests.chaos.installation import (
    Installation,
    each_has_one_run,
    the_books_balance,
    the_rollups_are_what_the_rows_come_to,
    the_sink_has_each,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_every_accepted_hook_has_one_run_and_reaches_the_partner(
    installation: Installation,
) -> None:
    here = installation
    here.partner.send(300)
    here.wait_until_in_the_middle()
    for worker in here.workers:
        worker.kill()
    here.partner.send(200)
    Redis.from_url(here.redis.url).flushall()
    here.partner.send(200)
    here.redis.stop()
    here.partner.send(200, per_second=20)
    here.redis.start()
    here.partner.send(100)
    here.finish()

    assert here.partner.statuses == {202}
    assert here.supervisor.restarts == 2
    each_has_one_run(here)
    the_sink_has_each(here)
    the_books_balance(here)
    the_rollups_are_what_the_rows_come_to(here)
