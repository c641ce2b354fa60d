"""Secrets an organization is given or keeps with us: of hooks, endpoints, scripts, listings."""

import re

from tests.contracts.canary.canaries import MARK
from tests.contracts.canary.story import Story
from wedsync.cli.demonstration.visitor import Page, Visitor

NURIA = "nuria@petal.example"


def make_addresses_and_keys(story: Story, imogen: Visitor) -> None:
    """Hooks with a secret of ours and of theirs, an endpoint, a key for a script."""
    canaries = story.canaries
    page = imogen.visit("/webhooks/hooks/new?scheme=standard_webhooks")
    made = imogen.submit(page, "/webhooks/hooks/new", name="Answers", scheme="standard_webhooks")
    canaries.add("secret of a hook", _secret_on(made), "/webhooks/hooks/new")
    typed = canaries.add("secret typed for a hook", f"whsec_{MARK}TypedSecret7f31a9c4d2")
    imogen.submit(
        imogen.visit("/webhooks/hooks/new?scheme=stripe"),
        "/webhooks/hooks/new",
        name="Payments",
        scheme="stripe",
        secret=typed,
    )
    page = imogen.submit(
        imogen.visit("/webhooks/endpoints/new"),
        "/webhooks/endpoints/new",
        url=f"{story.echo.url}/told",
        event_types="canary.told",
    )
    canaries.add("secret of an endpoint", _secret_on(page), "/webhooks/endpoints/new")
    page = imogen.submit(
        imogen.visit("/settings/api-keys"),
        "/settings/api-keys",
        name="A script",
        reach="all",
    )
    (key,) = set(re.findall(r"wsk_\w{46}", page.text))
    canaries.add("key of a script", key, "/settings/api-keys")
    body = {"name": "By script", "scheme": "standard_webhooks"}
    for _ in range(2):
        again = story.site.api("POST", "/hooks", body, Idempotency_Key="canary-once")
    canaries.add("secret of a hook by script", again["secret"])


def _secret_on(page: Page) -> str:
    found = set(re.findall(r"whsec_[\w+/=]+", page.text))
    found |= {value for form in page.forms for each in form.values.values() for value in each}
    (secret,) = {value for value in found if value.startswith("whsec_")}
    return secret


def offer_a_listing(story: Story) -> None:
    nuria = story.signed_in(NURIA)
    page = nuria.submit(
        nuria.visit("/listings/new"), "/listings/new", name="Canary", slug="canary-listing"
    )
    listing = page.url.partition("?")[0]
    secret = story.canaries.add("client secret of a listing", f"{MARK}-secret-of-a-listing")
    for url in ("no address", "https://canary.example/authorize"):
        kept = nuria.submit(
            nuria.visit(f"{listing}/connecting"),
            "/connecting",
            base_url="https://canary.example",
            kind="oauth2_code",
            authorize_url=url,
            token_url="https://canary.example/token",
            client_auth="basic",
            client_id="wedsync",
            client_secret=secret,
        )
    assert kept.status == 200, kept.text
    for path in ("", "/connecting", "/basics", "/file"):
        nuria.visit(listing + path)
