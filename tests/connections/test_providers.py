"""Each provider's own way of doing OAuth2, as data in a manifest, through the whole flow."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from apiflask import APIFlask

from tests.connections.providers import Visit, Way, sent_out, visit
from tests.connections.test_other_ways import CLIENT, refresh, secrets_of
from tests.connections.ways import keeper_of, means_of, only, row_of
from tests.far_ends.rest_service import RestService, started_rest_service
from tests.personas import Persona
from wedsync.connections.access import open_for_work
from wedsync.connectors.contract import Access
from wedsync.platform import clock

BASIC = f"Basic {b64encode(b'fern:canary-client-secret').decode()}"


@pytest.fixture
def service() -> Iterator[RestService]:
    with started_rest_service() as started:
        yield started


@pytest.fixture
def go(app: APIFlask, editor: Persona, partner: Persona, service: RestService) -> "Going":
    return Going(app, editor, partner, service)


class Going:
    """One vendor who connects one provider."""

    def __init__(
        self, app: APIFlask, vendor: Persona, maker: Persona, service: RestService
    ) -> None:
        self.app, self.vendor, self.maker, self.service = app, vendor, maker, service

    def through(self, way: Way, state: str = "active") -> Visit:
        found = visit(self.app, self.vendor, self.maker, self.service, way)
        assert found.row.state == state, found.row.reason
        return found

    def opened(self) -> Access:
        means, row = means_of(self.app), only(self.app, self.vendor)
        with means.engine.begin() as database:
            found = open_for_work(
                database, means.vault, means.settings, row.organization_id, row.id
            )
        assert isinstance(found, Access)
        return found

    def secrets(self) -> dict[str, str]:
        return secrets_of(self.app, only(self.app, self.vendor).id)

    def refreshed(self) -> bool:
        return refresh(self.app, only(self.app, self.vendor).id)

    def disconnected(self) -> None:
        """Give the permission back, and let the drain tell the provider."""
        connection_id = only(self.app, self.vendor).id
        sent = self.vendor.browser.post(f"/connections/{connection_id}/disconnect")
        assert sent.status_code == 303
        keeper_of(self.app).work()
        assert row_of(self.app, connection_id).secret is None


# --- permissions


def test_google_is_asked_for_a_lasting_permission_and_names_it_otherwise(go: Going) -> None:
    found = go.through(
        Way(
            oauth={
                "authorize_parameters": {"access_type": "offline", "prompt": "consent"},
                "scopes": [
                    {
                        "name": "email",
                        "words": "See your e-mail address",
                        "granted_as": ["https://www.googleapis.com/auth/userinfo.email"],
                    }
                ],
            },
            token={
                "access_token": "first",
                "refresh_token": "lasting",
                "expires_in": 3599,
                "scope": "openid https://www.googleapis.com/auth/userinfo.email",
            },
        )
    )
    assert (found.out["access_type"], found.out["prompt"]) == ("offline", "consent")
    assert "email" in found.row.scopes
    assert go.secrets()["refresh_token"] == "lasting"


def test_microsoft_never_lists_offline_access_and_asks_again_in_its_own_words(go: Going) -> None:
    go.through(
        Way(
            oauth={
                "scopes": [
                    {"name": "Calendars.Read", "words": "See your calendar"},
                    {"name": "offline_access", "words": "Stay connected", "silent": True},
                ]
            },
            token={
                "access_token": "first",
                "refresh_token": "r1",
                "expires_in": 3600,
                "scope": "Calendars.Read",
            },
        )
    )
    assert set(only(go.app, go.vendor).scopes) == {"Calendars.Read", "offline_access"}
    go.service.answers("POST", "/token", {"error": "interaction_required"}, status=400)
    assert go.refreshed()
    row = only(go.app, go.vendor)
    assert (row.state, row.reason["code"]) == ("needs_reauth", "credentials_refused")


def test_hubspot_has_optional_permissions_apart_and_takes_tokens_back_by_address(
    go: Going,
) -> None:
    go.service.answers("DELETE", "/tokens/r1", {})
    found = go.through(
        Way(
            oauth={
                "client_auth": "post",
                "optional_scope_parameter": "optional_scope",
                "scopes": [
                    {"name": "contacts", "words": "See your contacts"},
                    {"name": "files", "words": "Add files", "required": False},
                ],
                "revoke_url": f"{go.service.url}/tokens/{{secret.refresh_token}}",
                "revoke": {"method": "DELETE"},
            },
            token={"access_token": "first", "refresh_token": "r1", "expires_in": 1800},
        )
    )
    assert (found.out["scope"], found.out["optional_scope"]) == ("contacts", "files")
    go.disconnected()
    assert len(found.asked("/tokens/r1")) == 1


def test_slack_gives_a_person_s_token_deeper_and_separates_by_commas(go: Going) -> None:
    user = {"id": "U1", "access_token": "xoxp-1", "scope": "chat:write,users:read"}
    found = go.through(
        Way(
            oauth={
                "scope_parameter": "user_scope",
                "scope_separator": ",",
                "access_token_path": "authed_user.access_token",
                "scopes": [
                    {"name": "chat:write", "words": "Write"},
                    {"name": "users:read", "words": "See people"},
                ],
                "revoke_url": f"{go.service.url}/auth.revoke",
                "revokes": "access_token",
                "revoke": {"headers": {"Authorization": "Bearer {secret.access_token}"}},
            },
            token={"ok": True, "access_token": "xoxb-bot", "authed_user": user},
        )
    )
    assert found.out["user_scope"] == "chat:write,users:read"
    assert "scope" not in found.out
    assert go.secrets()["access_token"] == "xoxp-1"
    assert set(found.row.scopes) == {"chat:write", "users:read"}
    assert found.row.access_expires_at is None
    go.service.answers("POST", "/auth.revoke", {"ok": True})
    go.disconnected()
    assert found.asked("/auth.revoke")[0].headers["authorization"] == "Bearer xoxp-1"


def test_slack_says_no_with_a_200_and_a_word_of_its_own(go: Going) -> None:
    way = Way(
        oauth={"spent_errors": ["invalid_code"]}, token={"ok": False, "error": "invalid_code"}
    )
    found = go.through(way, state="pending")
    assert found.row.reason["code"] == "code_refused"


def test_permissions_may_come_as_a_list(go: Going) -> None:
    scopes = [{"name": "user:read", "words": "See you"}]
    token = {"access_token": "first", "expires_in": 60, "scope": ["user:read", "bits:read"]}
    found = go.through(Way(oauth={"scopes": scopes}, token=token))
    assert found.row.scopes == ["user:read", "bits:read"]


# --- whose account, and where it is


def test_shopify_s_host_is_the_shop_s_own(go: Going) -> None:
    """The host is a part of the path here: every shop answers on this machine."""
    shop = {"name": "shop", "title": "Shop"}
    go.service.answers("POST", "/fern/token", {"access_token": "shpat", "scope": "write_orders"})
    go.service.answers("GET", "/fern/me", {"id": 1, "name": "Fern"})
    found = go.through(
        Way(
            auth={
                "fields": [shop],
                "headers": {"X-Shopify-Access-Token": "{secret.access_token}"},
            },
            oauth={
                "token_url": f"{go.service.url}/{{settings.shop}}/token",
                "client_auth": "post",
                "scope_separator": ",",
                "callback_matches": {"shop": "{settings.shop}.myshopify.com"},
                "scopes": [
                    {
                        "name": "read_orders",
                        "words": "See orders",
                        "granted_as": ["write_orders"],
                    },
                    {"name": "write_orders", "words": "Change orders"},
                ],
            },
            typed={"shop": "fern"},
            back={"shop": "fern.myshopify.com", "hmac": "0a", "timestamp": "1"},
            base_url="{url}/{settings.shop}",
        )
    )
    assert found.redeemed.form()["client_secret"] == CLIENT["client_secret"]
    assert found.asked("/fern/me")[0].headers["x-shopify-access-token"] == "shpat"
    assert go.opened().headers == {"X-Shopify-Access-Token": "shpat"}
    assert set(found.row.scopes) == {"read_orders", "write_orders"}


@pytest.mark.parametrize("said", ["vale.myshopify.com", "", "fern.myshopify.com.evil.example"])
def test_an_answer_about_another_shop_is_not_used(go: Going, said: str) -> None:
    way = Way(
        auth={"fields": [{"name": "shop", "title": "Shop"}]},
        oauth={"callback_matches": {"shop": "{settings.shop}.myshopify.com"}},
        typed={"shop": "fern"},
        back={"shop": said},
    )
    found = go.through(way, state="pending")
    assert found.row.reason["code"] == "account_mismatch"
    assert found.asked("/token") == []


def test_salesforce_says_where_the_account_answers(go: Going) -> None:
    go.service.answers("GET", "/na1/me", {"id": "005", "name": "Fern"})
    token = {"access_token": "first", "instance_url": f"{go.service.url}/na1"}
    found = go.through(
        Way(
            oauth={"from_answer": {"instance": "instance_url"}, "expires_in_s": 7200},
            token=token,
            base_url="{settings.instance}",
        )
    )
    assert go.opened().base_url == f"{go.service.url}/na1"
    life = found.row.access_expires_at - found.row.refreshed_at
    assert abs(life - timedelta(hours=2)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("said", "goes_to"), [("{url}/na2", "/na2"), ("http://10.0.0.7", "/na1"), ("a b", "/na1")]
)
def test_an_account_that_moved_is_followed_where_that_can_be_called(
    go: Going, said: str, goes_to: str
) -> None:
    go.service.answers("GET", "/na1/me", {"id": "005", "name": "Fern"})
    token = {"access_token": "first", "refresh_token": "r", "expires_in": 7200}
    go.through(
        Way(
            oauth={"from_answer": {"instance": "instance_url"}},
            token={**token, "instance_url": f"{go.service.url}/na1"},
            base_url="{settings.instance}",
        )
    )
    moved = {**token, "access_token": "second", "instance_url": said.format(url=go.service.url)}
    go.service.answers("POST", "/token", moved)
    assert go.refreshed()
    assert go.opened().base_url == f"{go.service.url}{goes_to}"
    assert go.secrets()["access_token"] == "second"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("http://10.0.0.7", "address_refused"),
        ("http://169.254.169.254/latest", "address_refused"),
        ("file:///etc/passwd", "address_refused"),
        ("nonsense", "address_refused"),
        ("https://x.example/ two", "account_unsaid"),
        ("https://x.example\r\nHost: y", "account_unsaid"),
        ("", "account_unsaid"),
        (None, "account_unsaid"),
        (["https://x.example"], "account_unsaid"),
        ("https://x.example/" + "a" * 10_000, "account_unsaid"),
    ],
)
def test_an_address_from_an_answer_is_judged_as_any_other(
    go: Going, said: object, code: str
) -> None:
    found = go.through(
        Way(
            oauth={"from_answer": {"instance": "instance_url"}},
            token={"access_token": "first", "instance_url": said},
            base_url="{settings.instance}",
        ),
        state="pending",
    )
    assert found.row.reason["code"] == code


def test_quickbooks_says_the_company_on_the_way_back(go: Going) -> None:
    go.service.answers("GET", "/v3/company/4620/me", {"id": "4620", "name": "Fern"})
    go.through(
        Way(
            oauth={"from_callback": {"company": "realmId"}},
            back={"realmId": "4620"},
            token={"access_token": "first", "refresh_token": "r", "expires_in": 3600},
            base_url="{url}/v3/company/{settings.company}",
        )
    )
    assert go.opened().settings["company"] == "4620"


@pytest.mark.parametrize("said", ["", "a b", "x" * 501])
def test_a_company_that_is_none_connects_nothing(go: Going, said: str) -> None:
    way = Way(oauth={"from_callback": {"company": "realmId"}}, back={"realmId": said})
    found = go.through(way, state="pending")
    assert found.row.reason["code"] == "account_unsaid"
    assert found.asked("/token") == []


def test_what_led_back_stays_one_part_of_an_address(go: Going) -> None:
    way = Way(
        oauth={"from_callback": {"company": "realmId"}},
        back={"realmId": "../../admin"},
        base_url="{url}/v3/company/{settings.company}",
    )
    found = go.through(way, state="pending")
    paths = [each.target for each in go.service.asked]
    assert "/v3/company/..%2F..%2Fadmin/me" in paths or found.row.reason["code"] == (
        "account_unreadable"
    )
    assert not any(target.startswith("/admin") for target in paths)


def test_xero_wants_the_tenant_with_every_request(go: Going) -> None:
    go.service.answers("GET", "/connections", [{"tenantId": "t-1", "tenantName": "Fern"}])
    found = go.through(
        Way(
            auth={
                "headers": {
                    "Authorization": "Bearer {secret.access_token}",
                    "Xero-Tenant-Id": "{account.id}",
                }
            },
            account={
                "request": {"method": "GET", "path": "/connections"},
                "id_path": "0.tenantId",
                "name_path": "0.tenantName",
            },
            token={"access_token": "first", "refresh_token": "r", "expires_in": 1800},
        )
    )
    assert "xero-tenant-id" not in found.asked("/connections")[0].headers
    assert go.opened().headers["Xero-Tenant-Id"] == "t-1"


# --- how tokens are asked for


@pytest.mark.parametrize(
    ("client_auth", "header", "in_body"),
    [("basic", BASIC, False), ("post", None, True), ("none", None, False)],
)
def test_our_client_is_named_as_the_provider_wants_it(
    go: Going, client_auth: str, header: str | None, in_body: bool
) -> None:
    found = go.through(Way(oauth={"client_auth": client_auth}))
    sent = found.redeemed
    assert sent.headers.get("authorization") == header
    assert ("client_secret" in sent.form()) is in_body
    assert sent.form()["redirect_uri"] == found.out["redirect_uri"]
    assert len(sent.form()["code_verifier"]) >= 43


def test_square_takes_json_says_the_instant_and_is_told_in_its_own_way(go: Going) -> None:
    ends = clock.now() + timedelta(days=30)
    found = go.through(
        Way(
            oauth={
                "client_auth": "post",
                "token_body": "json",
                "token_headers": {"Square-Version": "2026-10-21"},
                "expires_at_path": "expires_at",
                "revoke_url": f"{go.service.url}/revoke",
                "revokes": "access_token",
                "revoke": {
                    "headers": {"Authorization": "Client {secret.client_secret}"},
                    "json": {
                        "client_id": "{secret.client_id}",
                        "access_token": "{secret.access_token}",
                    },
                },
            },
            token={
                "access_token": "first",
                "refresh_token": "r",
                "expires_at": ends.isoformat().replace("+00:00", "Z"),
            },
        )
    )
    sent = found.redeemed
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["square-version"] == "2026-10-21"
    assert sent.json()["grant_type"] == "authorization_code"
    assert sent.json()["client_secret"] == CLIENT["client_secret"]
    assert abs(found.row.access_expires_at - ends) < timedelta(seconds=5)
    go.service.answers("POST", "/revoke", {"success": True})
    go.disconnected()
    told = found.asked("/revoke")[0]
    assert told.headers["authorization"] == f"Client {CLIENT['client_secret']}"
    assert told.json() == {"client_id": CLIENT["client_id"], "access_token": "first"}


def test_an_end_may_be_seconds_since_1970(go: Going) -> None:
    ends = int(clock.now().timestamp()) + 21_600
    token = {"access_token": "first", "expires_at": ends, "expires_in": 1}
    found = go.through(Way(oauth={"expires_at_path": "expires_at"}, token=token))
    assert abs(found.row.access_expires_at.timestamp() - ends) < 5


@pytest.mark.parametrize("said", ["soon", "", None, [], {}, True, -5, 1e400, "9" * 400, "²"])
def test_an_end_that_is_none_is_passed_over(go: Going, said: object) -> None:
    token = {"access_token": "first", "expires_at": said, "expires_in": 3600}
    found = go.through(Way(oauth={"expires_at_path": "expires_at"}, token=token))
    assert found.row.access_expires_at is not None


def test_dropbox_is_asked_for_a_lasting_token_and_told_with_the_other(go: Going) -> None:
    go.service.answers("POST", "/2/auth/token/revoke", None)
    found = go.through(
        Way(
            oauth={
                "authorize_parameters": {"token_access_type": "offline"},
                "revoke_url": f"{go.service.url}/2/auth/token/revoke",
                "revokes": "access_token",
                "revoke": {"headers": {"Authorization": "Bearer {secret.access_token}"}},
            },
            token={"access_token": "sl.first", "refresh_token": "r", "expires_in": 14_400},
        )
    )
    assert found.out["token_access_type"] == "offline"
    go.disconnected()
    told = found.asked("/2/auth/token/revoke")[0]
    assert (told.headers["authorization"], told.body) == ("Bearer sl.first", b"")


def test_meta_changes_a_short_token_for_a_long_one_and_that_one_for_the_next(go: Going) -> None:
    go.service.answers("GET", "/token", {"access_token": "long", "expires_in": 5_184_000})
    found = go.through(
        Way(
            oauth={
                "client_auth": "post",
                "long_lived": {
                    "grant_type": "fb_exchange_token",
                    "token_parameter": "fb_exchange_token",
                },
                "error_path": "error.code",
                "spent_errors": ["190"],
            },
            token={"access_token": "short", "expires_in": 3600},
        )
    )
    changed = found.asked("/token")[1]
    assert changed.query() == {
        "grant_type": "fb_exchange_token",
        "fb_exchange_token": "short",
        **CLIENT,
    }
    assert go.secrets()["access_token"] == "long"
    assert found.row.refresh_due_at is not None
    go.service.answers("GET", "/token", {"access_token": "longer", "expires_in": 5_184_000})
    assert go.refreshed()
    assert dict(parse_qsl(found.asked("/token")[2].target.partition("?")[2]))[
        "fb_exchange_token"
    ] == ("long")
    assert go.secrets()["access_token"] == "longer"
    go.service.answers("GET", "/token", {"error": {"code": 190, "message": "x"}}, status=400)
    assert go.refreshed()
    assert only(go.app, go.vendor).reason["code"] == "credentials_refused"


def test_instagram_renews_at_another_address_without_our_client(go: Going) -> None:
    go.service.answers("GET", "/long", {"access_token": "long", "expires_in": 5_184_000})
    go.service.answers("GET", "/renew", {"access_token": "next", "expires_in": 5_184_000})
    found = go.through(
        Way(
            oauth={
                "client_auth": "post",
                "long_lived": {
                    "url": f"{go.service.url}/long",
                    "grant_type": "ig_exchange_token",
                    "token_parameter": "access_token",
                },
                "renewal": {
                    "url": f"{go.service.url}/renew",
                    "grant_type": "ig_refresh_token",
                    "token_parameter": "access_token",
                    "with_client": False,
                },
            },
            token={"access_token": "short", "user_id": 1},
        )
    )
    assert go.refreshed()
    assert found.asked("/renew")[0].query() == {
        "grant_type": "ig_refresh_token",
        "access_token": "long",
    }
    assert go.secrets()["access_token"] == "next"


def test_a_long_token_that_is_denied_connects_nothing(go: Going) -> None:
    go.service.answers("GET", "/token", {"error": "invalid_grant"}, status=400)
    longer = {"grant_type": "x", "token_parameter": "t"}
    found = go.through(Way(oauth={"long_lived": longer}), state="pending")
    assert found.row.reason["code"] == "code_refused"


def test_stripe_names_the_account_beside_the_token(go: Going) -> None:
    go.service.answers("GET", "/accounts/acct_1", {"id": "acct_1", "name": "Fern"})
    go.through(
        Way(
            oauth={"client_auth": "post", "from_answer": {"account": "stripe_user_id"}},
            token={"access_token": "sk", "refresh_token": "rt", "stripe_user_id": "acct_1"},
            account={"request": {"method": "GET", "path": "/accounts/{settings.account}"}},
        )
    )
    assert go.opened().settings["account"] == "acct_1"


# --- the way out


def test_permissions_and_our_own_words_stand_once_in_the_way_out(
    app: APIFlask, editor: Persona, partner: Persona, service: RestService
) -> None:
    scopes = [{"name": "a", "words": "See a"}]
    way = Way(oauth={"scopes": scopes, "authorize_parameters": {"prompt": "consent"}})
    slug, out = sent_out(app, editor, partner, service, way)
    assert out["redirect_uri"] == f"http://localhost:8000/oauth/callback/{slug}"
    assert (out["scope"], out["prompt"], out["response_type"]) == ("a", "consent", "code")
    assert out["code_challenge_method"] == "S256"
