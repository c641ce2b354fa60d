"""A vendor watches the main job happen, step by step, on the run's own page."""

import secrets

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from tests.browser.looking import look_at
from tests.browser.main_job import new_petal, publish, run_of, tell_the_kitchen
from tests.far_ends.payments import started_localstripe
from tests.live_site import LiveSite
from tests.workers.scene import Sink
from wedsync.platform.embedded import process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PATIENCE_S = 20


def stay(page: Page) -> None:
    """From here on the page must change by itself: a reload would forget this."""
    page.evaluate("() => { window.neverLeft = true; }")


def never_left(page: Page) -> bool:
    return bool(page.evaluate("() => window.neverLeft === true"))


def subscriber(site: LiveSite, url: str, event_type: str) -> str:
    """An endpoint for one kind of event; returns its secret."""
    made = site.api("POST", "/endpoints", {"url": url, "event_types": [event_type]})
    return str(made["secret"])


def first_try_is_over(site: LiveSite, event_id: str) -> bool:
    deliveries = site.api("GET", f"/deliveries?event={event_id}")["data"]
    return any(attempt["status"] for each in deliveries for attempt in each["attempts"])


def test_a_signed_answer_runs_a_workflow_while_its_owner_watches(
    site: LiveSite, imogen: Page, sink: Sink
) -> None:
    petal, hook_id = new_petal(site)
    name = f"Tell the kitchen {secrets.token_hex(2)}"
    workflow_id = publish(
        site, name, tell_the_kitchen(hook_id, sink.url("/flaky/1/kitchen"), tries=3)
    )
    secret = subscriber(site, sink.url("/flaky/1/told"), "kitchen.guest_added")

    imogen.get_by_role("link", name="Workflows").first.click()
    imogen.get_by_role("link", name=name).click()
    expect(imogen.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(imogen.get_by_text("Is the guest coming?").first).to_be_visible()
    look_at(imogen, "workflow")

    event_id = petal.answer("Nora Ashdown", "accepted")
    run_id = run_of(site, event_id, workflow_id)
    imogen.goto(f"/runs/{run_id}")
    stay(imogen)
    kitchen = imogen.locator("#step-kitchen")
    expect(imogen.locator("#step-coming")).to_contain_text("Took Yes")
    expect(imogen.locator("#step-shape")).to_contain_text("Nora Ashdown")
    expect(kitchen).to_contain_text("Trying again at")
    expect(kitchen).to_contain_text("503")
    expect(imogen.locator("#step-tell")).to_contain_text("Not yet")

    expect(imogen.locator("#step-tell")).to_contain_text("Done")
    expect(kitchen).to_contain_text("Done")
    expect(imogen.locator("#last-change")).not_to_contain_text("follows along")
    assert never_left(imogen)
    look_at(imogen, "run-done")
    kitchen_key = f"{run_id}:kitchen:-:0"
    assert sink.keys()[kitchen_key] == 2

    published = site.api("GET", f"/runs/{run_id}")["steps"][-1]["output"]["event_id"]
    assert process.wait_until(lambda: sink.keys().get(published) == 2, PATIENCE_S)
    told = [each for each in sink.requests() if each["path"] == "/flaky/1/told"]
    for each in told:
        document = Webhook(secret).verify(each["body"], each["headers"])
        assert document["data"] == {"guest": "Nora Ashdown", "seats": 2}
    imogen.goto(f"/events/{event_id}")
    look_at(imogen, "event")


def test_a_step_that_failed_shows_its_error_and_is_tried_again_by_hand(
    site: LiveSite, imogen: Page, sink: Sink
) -> None:
    petal, hook_id = new_petal(site)
    name = f"Ask the kitchen once {secrets.token_hex(2)}"
    workflow_id = publish(
        site, name, tell_the_kitchen(hook_id, sink.url("/flaky/1/kitchen"), tries=1)
    )
    run_id = run_of(site, petal.answer("Ines Conti", "accepted"), workflow_id)
    imogen.goto(f"/runs/{run_id}")
    kitchen = imogen.locator("#step-kitchen")
    expect(kitchen).to_contain_text("Did not work")
    expect(kitchen).to_contain_text("503")
    look_at(imogen, "run-failed")

    imogen.get_by_role("button", name="Try again").click()
    expect(imogen).not_to_have_url(f"{site.url}/runs/{run_id}")
    expect(imogen.locator("#step-kitchen")).to_contain_text("Done")
    assert sink.keys()[f"{run_id}:kitchen:-:0"] == 2


def test_a_guest_who_declines_takes_the_other_branch(
    site: LiveSite, imogen: Page, sink: Sink
) -> None:
    petal, hook_id = new_petal(site)
    workflow_id = publish(
        site, "Otherwise", tell_the_kitchen(hook_id, sink.url("/ok/kitchen"), tries=1)
    )
    run_id = run_of(site, petal.answer("Tomas Marek", "declined"), workflow_id)
    imogen.goto(f"/runs/{run_id}")
    expect(imogen.locator("#step-coming")).to_contain_text("Took Otherwise")
    assert sink.paths() == {}


def test_an_endpoint_that_fails_shows_its_error_and_when_it_is_tried_again(
    site: LiveSite, imogen: Page, sink: Sink
) -> None:
    event_type = f"kitchen.test_{secrets.token_hex(3)}"
    subscriber(site, sink.url("/status/500/broken"), event_type)
    event = site.api("POST", "/events", {"type": event_type, "data": {"guest": "Nora"}})
    assert process.wait_until(lambda: first_try_is_over(site, event["id"]), PATIENCE_S)
    imogen.goto("/webhooks")
    imogen.get_by_role("link", name=sink.url("/status/500/broken")).first.click()
    expect(imogen.get_by_role("main")).to_contain_text("500")
    expect(imogen.get_by_role("main")).to_contain_text("again at")
    look_at(imogen, "endpoint-failing")


def test_a_stripe_payment_is_thanked_for(site: LiveSite, imogen: Page, sink: Sink) -> None:
    stripe_secret = f"whsec_{secrets.token_hex(16)}"
    secret = subscriber(site, sink.url("/ok/paid"), "deposit.received")
    imogen.goto("/webhooks")
    imogen.get_by_role("link", name="Stripe payments").click()
    look_at(imogen, "hook-needs-secret")
    imogen.get_by_role("textbox", name="Secret").fill(stripe_secret)
    imogen.get_by_role("button", name="Keep the secret").click()
    expect(imogen.get_by_role("main")).not_to_contain_text("Enter the secret")

    hook = site.named("hooks", "Stripe payments")
    assert hook["state"] == "on"
    with started_localstripe() as far_end:
        far_end.tell(hook["url"], stripe_secret)
        paid = far_end.pay(150_000, "gbp")
        assert process.wait_until(lambda: bool(sink.requests()), PATIENCE_S)
    told = sink.requests()[0]
    document = Webhook(secret).verify(told["body"], told["headers"])
    assert document["data"] == {"amount": 150_000, "currency": "gbp", "reference": paid.id}

    workflow = site.named("workflows", "Thank for a payment")
    run = site.api("GET", f"/runs?workflow={workflow['id']}")["data"][0]
    imogen.goto(f"/runs/{run['id']}")
    expect(imogen.locator("#step-thank")).to_contain_text("Done")
    look_at(imogen, "run-payment")
