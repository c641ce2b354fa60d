"""Bad days of far ends, from the switch over there to the sentence on the owner's page."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.cli.ports import free_port
from tests.far_ends.troubles import Troubles, connect_the_partner, troubles
from tests.servers import Addresses
from tests.workers.scene import (
    make_workflow,
    note,
    on_event,
    one,
    publish,
    retrying,
    rows,
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def business(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troubles]:
    with troubles(servers, tmp_path_factory.mktemp("trouble")) as made:
        yield made


@pytest.fixture(autouse=True)
def a_good_morning(business: Troubles) -> Iterator[None]:
    yield
    business.partner.call("DELETE", "/faults")
    business.office.refuses.clear()
    business.office.hangs_up_after_the_dot = False
    business.office.answers_after_s = 0.0


# --- e-mail


def test_a_mail_server_that_is_busy_is_tried_again_and_the_page_says_when(
    business: Troubles,
) -> None:
    business.office.refuses["RCPT"] = "451 Come back a little later"
    run = business.writing("Busy mail server", **retrying(3, delay_s=2))
    page = business.reaches(run, "waiting", kind="retry")
    assert "Come back a little later" in page
    assert "Trying again" in page
    business.office.refuses.clear()
    assert "Done" in business.reaches(run, "succeeded")
    assert len(business.office.letters) >= 1


def test_a_mail_server_nobody_answers_at_is_tried_again_and_the_letter_leaves_once(
    business: Troubles,
) -> None:
    before = len(business.office.letters)
    _move_mailbox(business, free_port())
    run = business.writing("Mail server down", **retrying(3, delay_s=2))
    page = business.reaches(run, "waiting", kind="retry")
    assert "“Tell the kitchen” has not worked yet. Nothing for you to do." in page
    assert "Nothing is listening at this address." in page
    assert "We tried once and try again at" in page
    _move_mailbox(business, business.office.port)
    business.reaches(run, "succeeded")
    assert len(business.office.letters) == before + 1


def _move_mailbox(business: Troubles, port: int) -> None:
    query = (
        "UPDATE connections SET settings = settings || jsonb_build_object('port', CAST(:port AS"
        " text)) WHERE id = :id RETURNING id"
    )
    assert rows(business.app, query, port=port, id=UUID(business.connections["smtp"]))


def test_a_letter_whose_connection_was_lost_after_the_final_dot_is_asked_about(
    business: Troubles,
) -> None:
    before = len(business.office.letters)
    business.office.hangs_up_after_the_dot = True
    run = business.writing("Lost after the dot")
    page = business.reaches(run, "needs_attention")
    assert "“Tell the kitchen” may have happened" in page
    assert "Needs you" in page
    assert len(business.office.letters) == before + 1
    assert "needs you" in business.owner.visit("/").text.lower()
    assert "Needs you" in business.owner.visit("/health").text
    business.office.hangs_up_after_the_dot = False
    answer = business.decide(run, "treat_as_done")
    assert answer.status == 200, answer.text
    business.reaches(run, "succeeded")
    assert len(business.office.letters) == before + 1


def test_a_worker_killed_while_a_letter_leaves_asks_and_sends_no_second_by_itself(
    business: Troubles,
) -> None:
    before = len(business.office.letters)
    business.office.answers_after_s = 20.0
    run = business.writing("Killed while it leaves")
    wait_until(lambda: len(business.office.letters) == before + 1, 20)
    worker = business.site.processes.pop("worker")
    worker.kill()
    worker.wait()
    business.office.answers_after_s = 0.0
    business.site.start_worker()
    page = business.reaches(run, "needs_attention", seconds=40)
    assert "“Tell the kitchen” may have happened" in page
    time.sleep(2)  # time enough for a second letter, were there one
    assert len(business.office.letters) == before + 1
    answer = business.decide(run, "send_again")
    assert answer.status == 200, answer.text
    business.reaches(run, "succeeded")
    assert len(business.office.letters) == before + 2


# --- the practice partner


def test_a_web_page_instead_of_data_is_said_and_tried_again(business: Troubles) -> None:
    business.partner.faults(api_answers="html", api_times=1, api_path="/seats")
    run = business.freeing_a_seat("A web page", **retrying(3, delay_s=3))
    page = business.reaches(run, "waiting", kind="retry")
    assert "They answered with a web page instead of data (200)." in page
    assert "Done" in business.reaches(run, "succeeded")


def test_too_many_requests_waits_as_long_as_they_ask_and_says_until_when(
    business: Troubles,
) -> None:
    business.partner.faults(api_answers="429", api_times=1, api_path="/seats", retry_after_s=6)
    began = time.monotonic()
    run = business.freeing_a_seat("Too many requests", **retrying(3, delay_s=1))
    page = business.reaches(run, "waiting", kind="limit")
    assert "They ask us to slow down (429)." in page
    assert "it goes on at" in page
    business.reaches(run, "succeeded")
    assert time.monotonic() - began > 6


def test_denied_consent_leads_back_with_words_and_nobody_is_called(business: Troubles) -> None:
    owner = business.owner
    onwards = owner.submit(owner.visit("/connect/sandbox"), "/connect/sandbox")
    consent = owner.visit(onwards.link("/oauth/authorize"))
    page = owner.submit(consent, "/oauth/authorize", decision="deny")
    assert "it was not allowed, so nothing was connected" in page.text
    assert "You can try again whenever you like." in page.text


def test_a_withdrawn_permission_is_said_on_every_page_until_it_is_mended(
    business: Troubles,
) -> None:
    business.partner.faults(revoke_grants=True)
    run = business.freeing_a_seat("Withdrawn permission")
    page = business.reaches(run, "waiting", kind="connection")
    wait_until(lambda: _state(business) == "needs_reauth", 20)
    page = business.owner.visit(f"/runs/{run}").text
    assert "Waiting for Petal Practice (Meadow Weddings): it does not know us any more" in page
    assert "Reconnect it and this goes on by itself." in page
    page = business.connection_page("sandbox")
    assert "the permission was withdrawn or has run out" in page
    assert "Connect again; what waits for it goes on by itself." in page
    wait_until(lambda: "Petal Practice" in business.owner.visit("/").text, 10)
    assert "needs you" in business.owner.visit("/health").text.lower()
    mended = business.reconnect()
    assert "is connected" in mended.text
    assert "Done" in business.reaches(run, "succeeded")
    assert "does not know us any more" not in business.connection_page("sandbox")
    assert "permission was withdrawn" not in business.owner.visit("/").text


def _state(business: Troubles) -> str:
    query = "SELECT state FROM connections WHERE id = :id"
    return str(one(business.app, query, id=UUID(business.connections["sandbox"])).state)


def test_a_partner_that_hangs_holds_up_nobody_elses_runs(business: Troubles) -> None:
    business.partner.faults(api_slow_s=8, api_path="/seats")
    for number in range(6):
        business.freeing_a_seat(f"Slow {number}")
    lumen = one(business.app, "SELECT id FROM organizations WHERE slug = 'lumen'").id
    trigger = on_event("trouble.other", source="any")
    workflow = make_workflow(business.app, lumen, trigger, note("only", a=1))
    began = time.monotonic()
    publish(business.app, lumen, "trouble.other", {"a": 1})
    query = "SELECT state FROM runs WHERE workflow_id = :id"
    wait_until(
        lambda: [row.state for row in rows(business.app, query, id=workflow)] == ["succeeded"]
    )
    assert time.monotonic() - began < 5


# --- two tabs at once


def test_two_tabs_that_press_at_once_end_in_one_state_and_never_in_a_fault(
    business: Troubles,
) -> None:
    connection = connect_the_partner(business.owner)
    reconnect = f"/connections/{connection}/reconnect"
    form = business.owner.visit(reconnect)
    gate = threading.Barrier(4)

    def press(_number: int) -> int:
        gate.wait(10)
        return business.owner.submit(form, reconnect).status

    with ThreadPoolExecutor(4) as tabs:
        statuses = list(tabs.map(press, range(4)))
    assert set(statuses) <= {200, 409}, statuses
    assert "is connected" in business.reconnect(connection).text

    form = business.owner.visit(f"/connections/{connection}/disconnect")
    gate.reset()

    def leave(_number: int) -> int:
        gate.wait(10)
        return business.owner.submit(form, "/disconnect").status

    with ThreadPoolExecutor(4) as tabs:
        statuses = list(tabs.map(leave, range(4)))
    assert set(statuses) <= {200, 404, 409}, statuses
    assert 200 in statuses
    ended = rows(
        business.app,
        "SELECT type FROM events WHERE type = 'connection.disconnected'"
        " AND data->>'connection_id' = :id",
        id=connection,
    )
    assert len(ended) == 1
