"""A secret is found nowhere but in the vault, whatever was done with it.

A whole installation is taken through everything that touches a secret, each of them a canary that
can be recognised, with far ends that say back whatever they are sent. Then everything that is kept
or shown is searched: logs, the database whole, Redis, every answer of every page and of the API.
"""

import dataclasses
import re
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

import psycopg
import pytest
from apiflask import APIFlask
from redis import Redis
from sqlalchemy import text

from tests.contracts.canaries import MARK, Canaries, Echo, Seen, watched_visitor
from tests.far_ends.post_office import USER, PostOffice, post_office
from tests.far_ends.practice_partner import PracticePartner, started_practice_partner
from tests.far_ends.rest_service import started_rest_service
from tests.live_site import LiveSite, live_site
from tests.servers import Addresses
from tests.workers.machine import app_over
from tests.workers.scene import make_workflow, on_event, retrying, rows, wait_until
from wedsync.api import BASE_PATH
from wedsync.cli.demonstration.visitor import Page, Visitor
from wedsync.cli.installation.logins import DEMO_PASSWORD
from wedsync.connections import credentials
from wedsync.platform.db import db
from wedsync.platform.mail.outbox import content_place
from wedsync.platform.vault import MASK, place

IMOGEN, BETH, NURIA = "imogen@rosewood.example", "beth@rosewood.example", "nuria@petal.example"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

_LINK = re.compile(r"https?://localhost:\d+(/(?:new-password|confirm-email|invitations)/(\S+))")
_PATIENCE_S = 40
_MOST_PAGES = 400


@dataclass
class Story:
    """An installation, its far ends, everything it said to anybody, and its secrets."""

    site: LiveSite
    app: APIFlask
    echo: Echo
    vendors_mail: PostOffice
    our_mail: PostOffice
    partner: PracticePartner
    canaries: Canaries = field(default_factory=Canaries)
    seen: list[Seen] = field(default_factory=list)
    connections: dict[str, str] = field(default_factory=dict)

    def visitor(self) -> Visitor:
        return watched_visitor(self.site.url, self.seen)

    def signed_in(self, email: str, password: str = DEMO_PASSWORD) -> Visitor:
        visitor = self.visitor()
        page = visitor.submit(visitor.visit("/sign-in"), "/sign-in", email=email, password=password)
        assert page.url.rstrip("/") == self.site.url, page.text
        return visitor

    def letter_link(self, to: str, at_least: int = 1) -> tuple[str, str]:
        """The path and the token of the latest link that was mailed to somebody."""

        def letters() -> list[Any]:
            return [letter for letter in self.our_mail.letters if to in letter.recipients]

        wait_until(lambda: len(letters()) >= at_least, _PATIENCE_S)
        found = _LINK.search(letters()[-1].text)
        assert found is not None, letters()[-1].text
        return found[1], found[2]

    def count(self, query: str, **values: Any) -> int:
        return int(rows(self.app, f"SELECT count(*) AS n FROM {query}", **values)[0].n)


@pytest.fixture(scope="module")
def story(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Everything that touches a secret has happened."""
    canaries = Canaries()
    client = ("wedsync", canaries.add("our client's secret", f"{MARK}-our-client-secret"))
    with ExitStack() as stack:
        echo = stack.enter_context(started_rest_service(Echo))
        vendors_mail = stack.enter_context(post_office(signed_in=True))
        our_mail = stack.enter_context(post_office(signed_in=True))
        vendors_mail.password = canaries.add("mailbox password", f"{MARK}-mailbox-pässword")
        our_mail.password = canaries.add("our mail's password", f"{MARK}-our-mail-password")
        login = f"{quote(USER)}:{quote(our_mail.password)}"
        home: Path = tmp_path_factory.mktemp("canary")
        site = stack.enter_context(
            live_site(
                servers,
                home,
                mail_url=f"smtp://{login}@localhost:{our_mail.port}",
                connector_clients={"sandbox": client},
            )
        )
        canaries.add("key of the demo", site.key)
        redirect_uri = f"{site.url}/oauth/callback/sandbox"
        partner = stack.enter_context(
            started_practice_partner(site.settings.sandbox_url, redirect_uri)
        )
        partner = dataclasses.replace(partner, client=client)
        partner.accept()
        app = stack.enter_context(app_over(site.settings))
        told = Story(site, app, echo, vendors_mail, our_mail, partner, canaries)
        _live_through(told)
        yield told


def _live_through(story: Story) -> None:
    imogen = _change_passwords(story)
    _write_to_people(story, imogen)
    _make_addresses_and_keys(story, imogen)
    _connect_everything(story, imogen)
    _run_everything(story)
    _let_a_refresh_fail(story)
    _offer_a_listing(story)
    _be_a_stranger(story)
    _learn_what_the_vault_holds(story)
    _read_everything(story, imogen)


def _change_passwords(story: Story) -> Visitor:
    """Imogen mistypes her password once, and takes a new one."""
    wrong = story.canaries.add("mistyped password", f"{MARK}-mistyped-password")
    visitor = story.visitor()
    form = visitor.visit("/sign-in")
    refused = visitor.submit(form, "/sign-in", email=IMOGEN, password=wrong)
    assert refused.status == 422, refused.text
    new = story.canaries.add("new password", f"{MARK} new password of Imogen")
    visitor = story.signed_in(IMOGEN)
    page = visitor.visit("/settings/security")
    for current, chosen in ((wrong, new), (DEMO_PASSWORD, "short7"), (DEMO_PASSWORD, new)):
        answer = visitor.submit(page, "/settings/security/password", current=current, new=chosen)
    assert answer.status == 200, answer.text
    return story.signed_in(IMOGEN, new)


def _write_to_people(story: Story, imogen: Visitor) -> None:
    """An invitation, a new password for who forgot it, a confirmation; one letter is stuck."""
    canaries = story.canaries
    page = imogen.visit("/settings")
    imogen.submit(page, "/settings/invitations", email="rosa@rosewood.example", role="viewer")
    path, token = story.letter_link("rosa@rosewood.example")
    canaries.add("invitation", token, path, "/settings/invitations")
    story.visitor().visit(path)

    path, token = _forgotten(story, BETH)
    canaries.add("reset of a password", token, path)
    beth = story.visitor()
    password = canaries.add("password after a reset", f"{MARK} reset password of Beth")
    answer = beth.submit(beth.visit(path), path, new=password)
    assert answer.status == 200, answer.text

    newcomer = story.visitor()
    password = canaries.add("password of a newcomer", f"{MARK} password of a newcomer")
    page = newcomer.submit(
        newcomer.visit("/sign-up"),
        "/sign-up",
        name="Rowan",
        business="Rowan & Daughters",
        kind="vendor",
        email="rowan@example.com",
        password=password,
    )
    assert page.status == 200, page.text
    path, token = story.letter_link("rowan@example.com")
    canaries.add("confirmation of an address", token, path)
    newcomer.visit(path)

    story.our_mail.refuses["RCPT"] = f"451 Later, {story.our_mail.password}"
    visitor = story.visitor()
    visitor.submit(visitor.visit("/forgotten"), "/forgotten", email="carys@rosewood.example")
    stuck = "mail_messages WHERE to_address = 'carys@rosewood.example' AND attempts > 0"
    wait_until(lambda: story.count(stuck) > 0, _PATIENCE_S)
    _open_the_stuck_letter(story)


def _forgotten(story: Story, email: str) -> tuple[str, str]:
    before = sum(email in letter.recipients for letter in story.our_mail.letters)
    visitor = story.visitor()
    visitor.submit(visitor.visit("/forgotten"), "/forgotten", email=email)
    return story.letter_link(email, before + 1)


def _open_the_stuck_letter(story: Story) -> None:
    query = "SELECT * FROM mail_messages WHERE to_address = 'carys@rosewood.example'"
    (row,) = rows(story.app, query)
    vault = story.app.extensions["wedsync"].vault
    content = vault.open_for_platform(content_place(row.id), row.content).decode()
    found = _LINK.search(content.encode().decode("unicode_escape"))
    assert found is not None
    story.canaries.add("reset in a letter that is stuck", found[2])


def _make_addresses_and_keys(story: Story, imogen: Visitor) -> None:
    """Hooks with a secret of ours and of theirs, an endpoint, a key for a script."""
    canaries = story.canaries
    page = imogen.visit("/webhooks/hooks/new")
    made = imogen.submit(page, "/webhooks/hooks/new", name="Answers", scheme="standard_webhooks")
    canaries.add("secret of a hook", _secret_on(made), "/webhooks/hooks/new")
    typed = canaries.add("secret typed for a hook", f"whsec_{MARK}TypedSecret7f31a9c4d2")
    imogen.submit(
        imogen.visit("/webhooks/hooks/new"),
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


def _connect_everything(story: Story, imogen: Visitor) -> None:
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


def _run_everything(story: Story) -> None:
    """Steps through every connection, with every kind of answer there is."""
    organization = rows(story.app, "SELECT id FROM organizations WHERE slug = 'rosewood'")[0].id
    story.vendors_mail.refuses["RCPT"] = f"550 Not with {story.vendors_mail.password}"
    rest, oauth = story.connections["rest-api"], story.connections["rest-oauth"]
    trigger = on_event("canary.told")
    steps = [
        *(_request(rest, "rest-api", path) for path in ("ok", "refuse", "break", "page", "slowly")),
        *(_request(oauth, "rest-oauth", path) for path in ("ok", "refuse", "break")),
        _letter(story.connections["smtp"]),
    ]
    make_workflow(story.app, organization, trigger, *steps)
    seat = {"use": "sandbox.release_seat", "input": {"guest_id": "g_ben"}}
    step = {"id": "seat", "kind": "action", "connection": story.connections["sandbox"], **seat}
    make_workflow(story.app, organization, trigger, step)
    # Before its token has run out once; what waits for a renewal is waited for.
    _tell(story, "canary.told", runs=2)
    wait_until(lambda: any(asked.path == "/told" for asked in story.echo.asked), _PATIENCE_S)
    # Last, for it leaves a connection that needs somebody.
    trigger = on_event("canary.refused")
    make_workflow(story.app, organization, trigger, _request(rest, "rest-api", "unknown"))
    _tell(story, "canary.refused", runs=1)


def _tell(story: Story, event_type: str, runs: int) -> None:
    story.site.api("POST", "/events", {"type": event_type, "data": {"guest": "Ben"}})
    ours = "runs r JOIN events e ON r.event_id = e.id WHERE e.type = :type"
    moving = f"{ours} AND (r.state IN ('queued', 'running') OR r.waiting_for->>'kind' = 'retry')"
    wait_until(lambda: story.count(ours, type=event_type) == runs, _PATIENCE_S)
    wait_until(lambda: story.count(moving, type=event_type) == 0, _PATIENCE_S)


def _request(connection: str, use: str, path: str) -> dict[str, Any]:
    given = {
        "method": "POST",
        "path": f"/{path}",
        "json": {"a": 1},
        "key_header": "Idempotency-Key",
    }
    return {
        "id": f"{use.replace('-', '_')}_{path}",
        "kind": "action",
        "use": f"{use}.request",
        "connection": connection,
        "input": given,
        **retrying(1, then="continue"),
    }


def _letter(connection: str) -> dict[str, Any]:
    given = {"to": "ana@florist.example", "subject": "One meal less", "body": "Good day"}
    step = {"id": "letter", "kind": "action", "use": "smtp.send", "connection": connection}
    return {**step, "input": given, **retrying(1, then="continue")}


def _let_a_refresh_fail(story: Story) -> None:
    """First the token endpoint has a fault of its own, then it refuses for good; both tell all."""
    story.echo.token_status = 503
    asked = len(story.echo.tokens())
    wait_until(lambda: len(story.echo.tokens()) > asked, _PATIENCE_S)
    story.echo.token_status, story.echo.token_error = 400, "invalid_grant"
    gone = "connections WHERE id = :id AND state = 'needs_reauth'"
    wait_until(lambda: story.count(gone, id=story.connections["rest-oauth"]) == 1, _PATIENCE_S)
    told = "notices WHERE about_id = :id"
    wait_until(lambda: story.count(told, id=story.connections["rest-oauth"]) == 1, _PATIENCE_S)


def _offer_a_listing(story: Story) -> None:
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


def _be_a_stranger(story: Story) -> None:
    """Requests that are refused, with something in them that is somebody's secret all the same."""
    canaries, site = story.canaries, story.site
    wrong = canaries.add("key that is none", f"wsk_{MARK}{'x' * 34}")
    for path in ("/hooks", "/nowhere", "/events"):
        asked = urllib.request.Request(
            f"{site.url}{BASE_PATH}{path}", headers={"Authorization": f"Bearer {wrong}"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        story.seen.append(Seen(path, refused.value.read()))
    visitor = story.visitor()
    for path in ("new-password", "confirm-email", "invitations"):
        token = canaries.add(f"{path} that is none", f"{MARK}-{path}-that-is-none")
        canaries.shown.add((f"{path} that is none", f"/{path}/{token}"))
        visitor.visit(f"/{path}/{token}")


def _learn_what_the_vault_holds(story: Story) -> None:
    """Whatever partners gave us, and whatever we made: every sealed column is opened."""
    vault, canaries = story.app.extensions["wedsync"].vault, story.canaries
    with story.app.app_context(), db.engine.begin() as database:
        for row in database.execute(text("SELECT * FROM connections")).all():
            found = credentials.opened(database, vault, row.organization_id, row.id, row.secret)
            for name, value in found.items():
                canaries.add(f"{name} of {row.slug} {row.id}", value)
        for table in ("hooks", "endpoints"):
            for row in database.execute(text(f"SELECT * FROM {table}")).all():
                if row.secret is None:
                    continue
                where = place(table, row.id, "secret")
                value = vault.open(database, row.organization_id, where, row.secret).decode()
                if value not in canaries.values.values():
                    canaries.add(f"secret of {table} {row.id}", value)
    for number, token in enumerate(story.echo.tokens()):
        canaries.add(f"token {number} of the echo", token)


def _read_everything(story: Story, imogen: Visitor) -> None:
    """Every page the owner can reach by links, and every answer of the API that reads."""
    waiting, visited = ["/", "/connections", "/notices"], set()
    while waiting and len(visited) < _MOST_PAGES:
        path = waiting.pop(0)
        if path in visited or path.startswith(("/sign-out", "/static")):
            continue
        visited.add(path)
        page = imogen.visit(path)
        for link in page.links:
            parts = urlsplit(link)
            if link.startswith(story.site.url) and parts.path not in visited:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    assert len(visited) > 40, visited
    for resource in ("events", "runs", "hooks", "endpoints", "deliveries", "workflows"):
        listed = story.site.api("GET", f"/{resource}")
        story.seen.append(Seen(f"api /{resource}", repr(listed).encode()))
        for one in listed["data"]:
            whole = story.site.api("GET", f"/{resource}/{one['id']}")
            story.seen.append(Seen(f"api /{resource}/…", repr(whole).encode()))


# --- nothing of it is found


def test_everything_happened_that_touches_a_secret(story: Story) -> None:
    kinds = {row.outcome for row in rows(story.app, "SELECT DISTINCT outcome FROM step_attempts")}
    assert {"ok", "permanent", "maybe", "auth", "rate_limit"} <= kinds
    assert len(story.canaries.values) > 25
    assert story.count("runs WHERE waiting_for->>'kind' = 'connection'") >= 1
    # Their answers held our secrets, and are kept without.
    masked = f"%{MASK}%"
    assert story.count("run_steps WHERE output::text LIKE :masked", masked=masked) >= 2
    assert story.count("run_steps WHERE error::text LIKE :masked", masked=masked) >= 3
    assert story.count("mail_messages WHERE state = 'sent'") >= 3


def test_no_secret_is_in_a_log(story: Story) -> None:
    files = [path for path in story.site.settings.home.rglob("*") if path.is_file()]
    assert {"web.log", "worker.log"} <= {path.name for path in files}
    found = {path.name: story.canaries.found_in(path.read_bytes()) for path in files}
    assert not {name: names for name, names in found.items() if names}


def test_no_secret_is_in_the_database(story: Story) -> None:
    found = {}
    with psycopg.connect(story.site.settings.libpq_url or "") as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        assert len(tables) > 30
        for (table,) in tables:
            content = _dump(connection, table)
            if names := story.canaries.found_in(content):
                found[table] = names
    assert not found


def _dump(connection: psycopg.Connection[Any], table: str) -> bytes:
    """Every value of a table, as text and, where it is bytes, as they are."""
    cells = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # type: ignore[arg-type]
    raw = b"\n".join(bytes(cell) for row in cells for cell in row if isinstance(cell, bytes))
    lines = connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()  # type: ignore[arg-type]
    return raw + "\n".join(line for (line,) in lines).encode()


def test_no_secret_is_in_redis(story: Story) -> None:
    redis = Redis.from_url(story.site.settings.redis_url or "")
    assert redis.ping()
    for key in redis.scan_iter():
        kind = redis.type(key)
        content = repr((key, kind, _value(redis, key, kind))).encode()
        assert story.canaries.found_in(content) == [], key


def _value(redis: Any, key: bytes, kind: bytes) -> Any:
    read = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"list": lambda name: redis.lrange(name, 0, -1),
        b"zset": lambda name: redis.zrange(name, 0, -1),
        b"stream": redis.xrange,
    }
    return read[kind](key)


def test_no_secret_is_on_a_page_or_in_an_answer_but_where_it_is_shown_once(story: Story) -> None:
    found = {
        (seen.path, name)
        for seen in story.seen
        for name in story.canaries.found_in(seen.content, seen.path)
    }
    assert not found
    assert len(story.seen) > 100
