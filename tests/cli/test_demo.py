"""`wedsync demo`: each hop of the main job is seen, or the missing one is named."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.cli.ports import free_port
from tests.far_ends.practice_partner import practice_beside
from tests.live_site import LiveSite, live_site
from tests.servers import Addresses
from wedsync.cli import Unusable
from wedsync.cli.demonstration.hops import Hops, MissingHop
from wedsync.cli.demonstration.receiver import listening
from wedsync.platform.embedded import process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

# Other tests may keep the machine busy; how long a hop takes is not what is tested here.
PATIENT = ("--patience", "60")
MAIN_JOB = (
    "webhook accepted, signed by standardwebhooks",
    "event external.rsvp.received fanned out",
    "run of “Seat guests who accept” started",
    "condition took “Yes”",
    "data reshaped: Nora Ashdown, 2 seats",
    "event seating.guest_added published",
    "delivery received and verified by standardwebhooks",
    "delivery recorded, at the first try",
    "sent again: accepted again, same event",
    "wrong signature: refused with 401",
)
ROUND_TRIP = (
    "Petal Practice found in the marketplace",
    "connected through its consent page: the account of Meadow Weddings",
    "Petal Practice tells us what guests answer from now on",
    "mailbox hello@lumen.example connected by its password",
    "ready-made workflow answered, and read as a sentence before it is on",
    "workflow “A guest cannot come” published",
    "Ben Carter declines at Petal Practice",
    "run took “They cannot come”, and freed the seat with the connection's token",
    "letter received: “One meal less: Ben Carter cannot come”",
    "delivery received and verified by standardwebhooks",
    "Ben Carter comes after all: “Otherwise”, nothing sent",
)


@pytest.fixture(scope="module")
def site(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    home = tmp_path_factory.mktemp("live")
    with live_site(servers, home) as running, practice_beside(running.settings):
        yield running


def test_every_hop_is_printed_with_its_time_and_nothing_stays_behind(site: LiveSite) -> None:
    shown = site.run("demo", *PATIENT)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    lines = re.findall(r"^ *(\d+) ms │ (.+)$", shown.stdout, re.MULTILINE)
    assert tuple(words for _ms, words in lines) == MAIN_JOB + ROUND_TRIP
    times = [int(ms) for ms, _words in lines]
    for part in (times[: len(MAIN_JOB)], times[len(MAIN_JOB) :]):
        assert part == sorted(part)
    urls = [endpoint["url"] for endpoint in site.api("GET", "/endpoints")["data"]]
    assert urls == ["https://kitchen.olive-and-thyme.example/webhooks"]
    with psycopg.connect(site.settings.require_libpq_url()) as connection:
        live = connection.execute(
            "SELECT count(*) FROM api_keys WHERE name = 'wedsync demo' AND revoked_at IS NULL"
        ).fetchone()
    assert live == (0,)


def test_the_round_trip_leaves_nothing_connected_and_nothing_on(site: LiveSite) -> None:
    shown = site.run("demo", *PATIENT)
    assert shown.returncode == 0, shown.stdout + shown.stderr

    def left() -> dict[str, int]:
        with psycopg.connect(site.settings.require_libpq_url()) as connection:
            rows = connection.execute(
                "SELECT 'connection', count(*) FROM connections WHERE state <> 'deleted'"
                " UNION ALL SELECT 'secret', count(*) FROM connections WHERE secret IS NOT NULL"
                " UNION ALL SELECT 'workflow', count(*) FROM workflows w JOIN organizations o"
                "  ON o.id = w.organization_id WHERE o.slug = 'lumen' AND w.state <> 'off'"
            )
            return dict(rows.fetchall())

    # A token is kept until its provider has heard that nobody needs it.
    assert process.wait_until(lambda: left()["secret"] == 0, 30)
    assert left() == {"connection": 0, "secret": 0, "workflow": 0}


def test_what_it_caused_stays_in_the_record(site: LiveSite) -> None:
    before = {run["id"] for run in site.api("GET", "/runs")["data"]}
    shown = site.run("demo", *PATIENT)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    # What another demo left waiting may have run meanwhile, too.
    caused = [run for run in site.api("GET", "/runs")["data"] if run["id"] not in before]
    assert caused
    assert caused[0]["state"] == "succeeded"


def test_a_workflow_that_is_off_is_the_hop_that_is_missing(
    site: LiveSite,
) -> None:
    workflow = site.named("workflows", "Seat guests who accept")
    site.api("POST", f"/workflows/{workflow['id']}/pause", {})
    # Long enough for the hops before it on a busy machine: it is the run that never comes.
    try:
        shown = site.run("demo", "--patience", "15")
    finally:
        site.api("POST", f"/workflows/{workflow['id']}/resume", {})
    assert shown.returncode == 1
    assert "missing │ The run came to its end: not within 15 s" in shown.stderr
    assert "wedsync doctor" in shown.stderr


def test_without_a_worker_the_fan_out_is_missing(site: LiveSite) -> None:
    site.stop("worker")
    try:
        shown = site.run("demo", "--patience", "2")
    finally:
        site.start_worker()
    assert shown.returncode == 1
    assert "missing │ The event was fanned out: not within 2 s" in shown.stderr


def test_where_nothing_runs_it_says_so_in_one_sentence(site: LiveSite) -> None:
    site.stop("web")
    try:
        shown = site.run("demo")
    finally:
        site.start_web()
    assert shown.returncode == 2
    assert shown.stderr.startswith("wedsync: WedSync is not running at 127.0.0.1 port")
    assert shown.stderr.count("\n") == 1


def test_without_the_practice_partner_it_says_how_to_start_one(site: LiveSite) -> None:
    nobody = f"http://localhost:{free_port()}"
    shown = replace(site, settings=replace(site.settings, sandbox_url=nobody)).run("demo")
    assert shown.returncode == 2
    assert "The practice partner does not answer" in shown.stderr
    assert "wedsync sandbox" in shown.stderr


def test_where_loopback_is_forbidden_it_says_so(servers: Addresses, tmp_path: Path) -> None:
    with live_site(servers, tmp_path, allow_loopback=False) as closed:
        shown = closed.run("demo")
    assert shown.returncode == 2
    assert "Deliveries may not reach this machine itself here" in shown.stderr
    assert shown.stderr.count("\n") == 1


def test_a_hop_that_never_comes_is_named() -> None:
    with pytest.raises(MissingHop, match="The event was fanned out: not within"):
        Hops(0.05).wait_for("The event was fanned out", lambda: None)


def test_the_receiver_takes_nothing_it_cannot_verify() -> None:
    with listening() as receiver:
        headers = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,AA=="}
        assert receiver.take(b"{}", headers) == 400
        receiver.secret = "whsec_" + "A" * 32
        assert receiver.take(b"{}", headers) == 400
        assert receiver.taken == {}


def test_its_exit_codes_tell_a_missing_hop_from_a_missing_installation() -> None:
    assert (MissingHop.exit_code, Unusable.exit_code) == (1, 2)
