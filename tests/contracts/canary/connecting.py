"""Secrets of partners, typed or brought by a consent."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from tests.contracts.canary.canaries import MARK
from tests.contracts.canary.story import Story
from tests.far_ends.post_office import USER
from wedsync.cli.demonstration.visitor import Page, Visitor


def connect_everything(story: Story, imogen: Visitor) -> None:
    canaries, echo = story.canaries, story.echo
    key = canaries.add("key typed", f"{MARK}-key/typed+for-rest")
    for check_path in ("/unknown", "/refuse", "/page", "/me"):
        page = _connect(
            imogen,
            "rest-api",
            address=echo.url,
            api_key=key,
            header="Authorization",
            word="Bearer",
            check_path=check_path,
        )
    story.connections["rest-api"] = _id_of(page)
    wrong = canaries.add("mistyped mailbox password", f"{MARK}-wrong-mailbox-pässword")
    story.vendors_mail.refuses["AUTH"] = f"535 Not {wrong}"
    for password in (wrong, story.vendors_mail.password):
        page = _connect(
            imogen,
            "smtp",
            host="localhost",
            port=str(story.vendors_mail.port),
            security="None",
            username=USER,
            password=password,
            from_address="hello@rosewood.example",
        )
    story.connections["smtp"] = _id_of(page)
    story.connections["rest-oauth"] = _connect_by_consent_at_echo(story, imogen)
    page = imogen.submit(imogen.visit("/connect/sandbox"), "/connect/sandbox")
    consent = imogen.visit(page.link("/oauth/authorize"))
    page = imogen.submit(consent, "/oauth/authorize", decision="allow")
    story.connections["sandbox"] = _id_of(page)


def _connect_by_consent_at_echo(story: Story, imogen: Visitor) -> str:
    secret = story.canaries.add("client secret typed", f"{MARK}-client:secret/typed")
    page = _connect(
        imogen,
        "rest-oauth",
        address=story.echo.url,
        authorize_url=f"{story.echo.url}/authorize",
        token_url=f"{story.echo.url}/token",
        client_id="rosewood",
        client_secret=secret,
        check_path="/me",
    )
    asked = parse_qs(urlsplit(page.link("/authorize")).query)
    code = story.canaries.add("code of a consent", f"{MARK}-code-of-a-consent")
    back = f"/oauth/callback/rest-oauth?code={code}&state={asked['state'][0]}"
    connected = imogen.visit(back)
    assert "is connected" in connected.text, connected.text
    return _id_of(connected)


def _connect(visitor: Visitor, slug: str, **typed: str) -> Page:
    return visitor.submit(visitor.visit(f"/connect/{slug}"), f"/connect/{slug}", **typed)


def _id_of(page: Page) -> str:
    assert page.status == 200, page.text
    return str(UUID(page.url.partition("?")[0].rpartition("/")[2]))
