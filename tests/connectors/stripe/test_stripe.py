"""Stripe's actions against localstripe, looked at with Stripe's own library."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from stripe.params import _webhook_endpoint_create_params

from tests.connectors.carrying import KEY, Carried, carrying
from tests.far_ends.payments import LocalStripe, started_localstripe
from tests.far_ends.rest_service import RestService, started_rest_service
from wedsync import connectors
from wedsync.connectors.choices import Choice
from wedsync.connectors.contract import Failed, Succeeded

SECRET = "sk_test_rosewood"
ELLA = {"email": "ella@example.com", "name": "Ella & Noah", "wedding": "12 June"}


@pytest.fixture(scope="module")
def far_end() -> Iterator[LocalStripe]:
    with started_localstripe() as running:
        yield running


@pytest.fixture
def library(far_end: LocalStripe) -> stripe.StripeClient:
    return stripe.StripeClient(SECRET, base_addresses={"api": far_end.url})


@pytest.fixture
def carried(far_end: LocalStripe) -> Carried:
    return connected(far_end.url)


@pytest.fixture
def service() -> Iterator[RestService]:
    """Somebody who answers what localstripe cannot."""
    with started_rest_service() as running:
        yield running


def connected(url: str, secret: str = SECRET) -> Carried:
    return carrying("stripe", {"address": url}, {"api_key": secret})


def output(came: Succeeded | Failed) -> Any:
    assert isinstance(came, Succeeded), came
    return came.output


def subscribe_for_nothing(library: stripe.StripeClient, customer: str) -> None:
    """localstripe prepares invoices for subscribers only; Stripe does for every customer."""
    product = library.v1.products.create({"name": "News"})
    plan = library.v1.plans.create(
        {"amount": 0, "currency": "gbp", "interval": "month", "product": product.id}
    )
    library.v1.subscriptions.create({"customer": customer, "items": [{"plan": plan.id}]})


# --- works


def test_a_payment_is_looked_up(carried: Carried, far_end: LocalStripe) -> None:
    paid = far_end.pay(150_000, "gbp")
    found = output(carried.out("find_payment", {"payment": paid.id}))
    assert (found["amount"], found["currency"], found["status"]) == (150_000, "gbp", "succeeded")


def test_a_customer_is_made_once_and_found_after(
    carried: Carried, library: stripe.StripeClient
) -> None:
    made = output(carried.out("ensure_customer", ELLA))
    again = output(carried.out("ensure_customer", ELLA))
    assert (made["created_now"], again["created_now"]) == (True, False)
    assert made["id"] == again["id"]
    listed = library.v1.customers.list({"email": ELLA["email"]}).data
    assert [(each.id, each.name, each.metadata["wedding"]) for each in listed] == [
        (made["id"], "Ella & Noah", "12 June")
    ]
    assert output(carried.out("find_customer", {"email": ELLA["email"]}))["id"] == made["id"]


def test_a_customer_nobody_knows_is_found_to_be_none(carried: Carried) -> None:
    assert carried.out("find_customer", {"email": "nobody@example.com"}) == Succeeded(None)


def test_amounts_stand_on_the_invoice_that_is_prepared(
    carried: Carried, library: stripe.StripeClient
) -> None:
    customer = output(carried.out("ensure_customer", {"email": "ines@example.com"}))["id"]
    subscribe_for_nothing(library, customer)
    for amount, what in ((150_000, "Deposit"), (-10_000, "Early booking & thanks = 100")):
        given = {"customer": customer, "amount": amount, "currency": "gbp", "description": what}
        output(carried.out("add_to_invoice", given))
    drafted = output(carried.out("draft_invoice", {"customer": customer, "note": "Thank you"}))
    invoice = library.v1.invoices.retrieve(drafted["id"])
    assert (invoice.status, invoice.total, invoice.description) == ("draft", 140_000, "Thank you")
    told = {(line.amount, line.description) for line in invoice.lines.data if line.amount}
    assert told == {(150_000, "Deposit"), (-10_000, "Early booking & thanks = 100")}


@pytest.mark.parametrize(("asked", "refunded"), [({}, 80_000), ({"amount": 30_000}, 30_000)])
def test_a_payment_is_refunded_whole_or_in_part(
    carried: Carried,
    far_end: LocalStripe,
    library: stripe.StripeClient,
    asked: dict[str, int],
    refunded: int,
) -> None:
    paid = far_end.pay(80_000, "eur")
    output(carried.out("refund_payment", {"payment": paid.id, **asked}))
    listed = library.v1.refunds.list({"payment_intent": paid.id}).data
    assert [(each.amount, each.currency) for each in listed] == [(refunded, "eur")]


def test_the_test_of_a_connection_shows_a_balance_where_there_is_no_account(
    carried: Carried, far_end: LocalStripe
) -> None:
    assert carried.account() == (far_end.url, "Stripe account")


def test_the_account_is_named_as_its_owner_knows_it(service: RestService) -> None:
    account = {"id": "acct_1", "settings": {"dashboard": {"display_name": "Rosewood Events"}}}
    service.answers("GET", "/v1/account", account)
    assert connected(service.url).account() == ("acct_1", "Rosewood Events")


def test_customers_are_chosen_by_name_a_hundred_at_a_time(
    library: stripe.StripeClient, far_end: LocalStripe
) -> None:
    made = [
        library.v1.customers.create({"name": f"Couple {number}", "email": f"c{number}@example.com"})
        for number in range(105)
    ]
    nameless = library.v1.customers.create({"email": "nameless@example.com"})
    offered = connected(far_end.url).offered("customers")
    assert {Choice(each.id, str(each.name), str(each.email)) for each in made} <= {*offered}
    assert Choice(nameless.id, "nameless@example.com") in offered
    assert len({each.value for each in offered}) == len(offered)
    chosen = {"customer": made[0].id, "amount": 100, "currency": "gbp", "description": "Deposit"}
    assert output(connected(far_end.url).out("add_to_invoice", chosen))["customer"] == made[0].id


# --- what leaves


def test_changes_carry_the_key_the_version_and_our_idempotency_key(service: RestService) -> None:
    service.answers("POST", "/v1/refunds", {"id": "re_1"})
    connected(service.url).out("refund_payment", {"payment": "pi_1", "amount": 5})
    asked = service.asked[-1]
    assert asked.form() == {"payment_intent": "pi_1", "amount": "5"}
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.headers["idempotency-key"] == KEY
    assert asked.headers["stripe-version"] == stripe.api_version


def test_without_another_address_it_goes_to_stripe() -> None:
    opened = carrying("stripe", {}, {"api_key": SECRET}).access
    assert opened.base_url == "https://api.stripe.com"


def test_every_trigger_is_an_event_the_library_knows() -> None:
    known = inspect.getsource(_webhook_endpoint_create_params)
    for trigger in connectors.manifests()["stripe"].triggers:
        assert f'"{trigger.event_type}"' in known


# --- negatives


def test_a_key_they_do_not_know_asks_for_a_new_one(far_end: LocalStripe) -> None:
    carried = connected(far_end.url, "nobody")
    for came in (carried.checked(), carried.out("ensure_customer", ELLA)):
        assert isinstance(came, Failed)
        assert came.kind == "auth"


def test_their_words_say_what_is_wrong(carried: Carried) -> None:
    failed = carried.out("find_payment", {"payment": "pi_unknown"})
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code) == ("permanent", "http_404")
    assert "They answered 404" in failed.message


def test_a_number_cannot_leave_its_place(carried: Carried) -> None:
    failed = carried.out("find_payment", {"payment": "../customers"})
    assert isinstance(failed, Failed)
    assert failed.code == "input_invalid"


def test_a_customer_is_not_made_twice_when_the_answer_is_lost(service: RestService) -> None:
    service.answers("GET", "/v1/customers", {"data": []})
    service.answers("POST", "/v1/customers", {}, status=502)
    carried = connected(service.url)
    failed = carried.out("ensure_customer", ELLA)
    assert isinstance(failed, Failed)
    assert failed.kind == "maybe"
    service.answers("POST", "/v1/customers", {"id": "cus_1"})
    assert output(carried.out("ensure_customer", ELLA))["id"] == "cus_1"
    keys = [each.headers["idempotency-key"] for each in service.asked if each.method == "POST"]
    assert keys == [KEY, KEY]


def test_a_lost_question_has_made_nothing(service: RestService) -> None:
    service.answers("GET", "/v1/customers", {}, status=502)
    failed = connected(service.url).out("ensure_customer", ELLA)
    assert isinstance(failed, Failed)
    assert (failed.kind, [each.method for each in service.asked]) == ("not_sent", ["GET"])
