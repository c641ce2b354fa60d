"""Secrets of partners, typed or brought by a consent."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from tests.contracts.canary.canaries import MARK, Seen
from tests.contracts.canary.story import PATIENCE_S, Story
from tests.far_ends.post_office import USER
from tests.workers.scene import wait_until
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
    _connect_by_api(story)


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
    back = f"/oauth/callback/rest-oauth/127.0.0.1?code={code}&state={asked['state'][0]}"
    connected = imogen.visit(back)
    assert "is connected" in connected.text, connected.text
    return _id_of(connected)


def _connect_by_api(story: Story) -> None:
    """Twice with the same key, which is answered from memory; then anew, with what is kept."""
    key = story.canaries.add("key typed by a script", f"{MARK}-key/typed+by-a-script")
    fields = {"address": story.echo.url, "api_key": key, "header": "X-Key", "check_path": "/me"}
    body = {"connector": "rest-api", "fields": fields}
    for _ in range(2):
        made = story.site.api("POST", "/connections", body, Idempotency_Key="connect-once")
        story.seen.append(Seen("api connected", repr(made).encode()))
    path = f"/connections/{made['id']}"
    _wait_until_asked(story, path)
    shown = story.site.api("GET", path)["fields"]
    story.site.api("POST", f"{path}/reconnect", {"fields": shown})
    _wait_until_asked(story, path)
    assert story.site.api("GET", path)["state"] == "active"


def _wait_until_asked(story: Story, path: str) -> None:
    def asked() -> bool:
        attempt = story.site.api("GET", path)["attempt"]
        return bool(attempt["state"] == "connected")

    wait_until(asked, PATIENCE_S)


def _connect(visitor: Visitor, slug: str, **typed: str) -> Page:
    return visitor.submit(visitor.visit(f"/connect/{slug}"), f"/connect/{slug}", **typed)


def _id_of(page: Page) -> str:
    assert page.status == 200, page.text
    return str(UUID(page.url.partition("?")[0].rpartition("/")[2]))
