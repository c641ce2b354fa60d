"""The practice partner gives access as RFC 9700 asks, and takes it back."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

from tests.far_ends.practice_partner import HARBOUR, PracticePartner
from tests.sandbox.vendor import SCOPES, Vendor, said


def test_a_foreign_client_gets_access_and_renews_it(
    practice_partner: PracticePartner, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = practice_partner.call("GET", "/.well-known/oauth-authorization-server")
    client_id, secret = practice_partner.client
    session = OAuth2Session(
        client_id,
        secret,
        scope=SCOPES,
        redirect_uri=practice_partner.redirect_uri,
        code_challenge_method="S256",
        token_endpoint=metadata["token_endpoint"],
    )
    verifier = "v" * 48
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier
    )
    location = practice_partner.allow(url, HARBOUR)
    assert said(location)["state"] == state
    assert said(location)["iss"] == metadata["issuer"] == practice_partner.url
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    token = session.fetch_token(authorization_response=location, code_verifier=verifier)
    assert token["scope"] == SCOPES
    assert token["expires_in"] == 3600
    me = session.get(f"{practice_partner.url}/api/v1/me").json()
    assert (me["id"], me["wedding"]["couple"]) == (HARBOUR, "Ines & Rafael")
    renewed = session.refresh_token(metadata["token_endpoint"])
    assert renewed["refresh_token"] != token["refresh_token"]
    assert session.get(f"{practice_partner.url}/api/v1/me").status_code == 200
    assert practice_partner.seen()["refreshes"] == 1


def test_the_metadata_is_what_rfc_8414_says(practice_partner: PracticePartner) -> None:
    found = practice_partner.call("GET", "/.well-known/oauth-authorization-server")
    metadata = AuthorizationServerMetadata(found)
    metadata.validate_response_types_supported()
    metadata.validate_token_endpoint_auth_methods_supported()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["authorization_response_iss_parameter_supported"] is True


def test_the_page_asks_in_plain_words(vendor: Vendor) -> None:
    page = requests.get(vendor.authorize_url(), timeout=10)
    for words in ("See your guest lists and answers", "Ella &amp; Noah", "Ines &amp; Rafael"):
        assert words in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost:8000;" in policy
    assert "unsafe" not in policy


def test_what_is_unticked_is_not_granted(vendor: Vendor) -> None:
    tokens = vendor.tokens(scopes=["guests:read"])
    assert tokens["scope"] == "guests:read"
    refused = vendor.call("POST", "/seats/release", tokens["access_token"], {"guest_id": "g_ben"})
    assert refused.status_code == 403
    assert refused.json()["error"] == "insufficient_scope"


def test_nothing_ticked_asks_again(vendor: Vendor) -> None:
    form = {"decision": "allow", "account": "acct_meadow", "choose": "1"}
    page = requests.post(vendor.authorize_url(), form, timeout=10)
    assert page.status_code == 422
    assert "Leave at least one permission ticked" in page.text


def test_denying_goes_back_with_the_reason(vendor: Vendor) -> None:
    answer = said(vendor.partner.deny(vendor.authorize_url()))
    assert answer["error"] == "access_denied"
    assert answer["state"] == "st-1"
    assert answer["iss"] == vendor.partner.url


@pytest.mark.parametrize(
    "other",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ],
)
def test_without_pkce_by_s256_nothing_is_asked(vendor: Vendor, other: dict[str, None]) -> None:
    answer = said(vendor.partner.deny(vendor.authorize_url(**other)))
    assert answer["error"] == "invalid_request"
    assert answer["iss"] == vendor.partner.url


@pytest.mark.parametrize(
    ("other", "error"),
    [
        ({"scope": "guests:read everything"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
def test_an_odd_request_goes_back_with_its_error(
    vendor: Vendor, other: dict[str, str], error: str
) -> None:
    answer = said(vendor.partner.deny(vendor.authorize_url(**other)))
    assert answer["error"] == error
    assert answer["state"] == "st-1"


@pytest.mark.parametrize(
    "other",
    [
        {"redirect_uri": "http://localhost:8000/oauth/callback/sandbox/"},
        {"redirect_uri": "http://localhost:8000/oauth/callback/sandbox?x=1"},
        {"redirect_uri": 'https://evil.example/"'},
        {"redirect_uri": None},
        {"client_id": "somebody"},
        {"client_id": None},
        {"response_type": "coöde"},
    ],
)
def test_a_stranger_is_never_led_away(vendor: Vendor, other: dict[str, str | None]) -> None:
    answer = requests.get(vendor.authorize_url(**other), allow_redirects=False, timeout=10)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_form_of_another_site_is_refused(vendor: Vendor) -> None:
    answer = requests.post(
        vendor.authorize_url(),
        {"decision": "allow", "account": "acct_meadow"},
        headers={"Origin": "https://evil.example"},
        timeout=10,
    )
    assert answer.status_code == 403


def test_another_name_for_this_machine_is_not_answered(vendor: Vendor) -> None:
    answer = requests.get(f"{vendor.partner.url}/", headers={"Host": "evil.example"}, timeout=10)
    assert answer.status_code == 421


def test_a_code_needs_its_verifier_its_address_and_its_client(vendor: Vendor) -> None:
    for other in (
        {"code_verifier": "w" * 48},
        {"code_verifier": ""},
        {"redirect_uri": "http://localhost:8000/elsewhere"},
    ):
        answer = vendor.redeem(vendor.code(), **other)
        assert answer.status_code == 400, other
        assert answer.json()["error"] in {"invalid_grant", "invalid_request"}
    stranger = requests.post(
        f"{vendor.partner.url}/oauth/token",
        {
            "grant_type": "authorization_code",
            "code": vendor.code(),
            "code_verifier": vendor.verifier,
        },
        auth=(vendor.partner.client[0], "guessed"),
        timeout=10,
    )
    assert stranger.status_code == 401
    assert stranger.json()["error"] == "invalid_client"


def test_the_client_may_say_who_it_is_in_the_body_but_nothing_in_the_address(
    vendor: Vendor,
) -> None:
    client_id, secret = vendor.partner.client
    form = {
        "grant_type": "authorization_code",
        "code": vendor.code(),
        "redirect_uri": vendor.partner.redirect_uri,
        "code_verifier": vendor.verifier,
        "client_id": client_id,
        "client_secret": secret,
    }
    address = f"{vendor.partner.url}/oauth/token"
    in_address = requests.post(address, params=form, timeout=10)
    assert in_address.json()["error"] == "invalid_request"
    assert requests.post(address, form, timeout=10).status_code == 200


def test_a_code_redeemed_twice_takes_back_what_it_gave(vendor: Vendor) -> None:
    code = vendor.code()
    first = vendor.redeem(code).json()
    assert vendor.redeem(code).json()["error"] == "invalid_grant"
    assert vendor.call("GET", "/me", first["access_token"]).status_code == 401
    assert vendor.partner.seen()["families"][-1]["revoked"] == "code_reused"


def test_one_of_many_at_once_redeems_a_code(vendor: Vendor) -> None:
    code = vendor.code()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: vendor.redeem(code).status_code, range(8)))
    assert sorted(statuses) == [200] + [400] * 7


def test_a_spent_refresh_token_ends_the_whole_family(vendor: Vendor) -> None:
    first = vendor.tokens()
    second = vendor.refresh(first["refresh_token"]).json()
    again = vendor.refresh(first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert vendor.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    for access in (first["access_token"], second["access_token"]):
        assert vendor.call("GET", "/me", access).status_code == 401
    [family] = vendor.partner.seen()["families"]
    assert (family["refreshes"], family["reused"], family["revoked"]) == (1, 1, "reused")


def test_one_of_many_at_once_renews(vendor: Vendor) -> None:
    refresh_token = vendor.tokens()["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: vendor.refresh(refresh_token).status_code, range(8)))
    assert sorted(answers) == [200] + [400] * 7
    assert vendor.partner.seen()["refreshes"] == 1


def test_another_client_cannot_renew_or_end_it(vendor: Vendor) -> None:
    tokens = vendor.tokens()
    other = {"id": "other", "secret": "other", "redirect_uris": ["http://localhost:1/"]}
    vendor.partner.call("POST", "/practice/clients", other)
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for path, form in (("token", refresh), ("revoke", {"token": tokens["refresh_token"]})):
        answer = requests.post(
            f"{vendor.partner.url}/oauth/{path}", form, auth=("other", "other"), timeout=10
        )
        assert answer.status_code == 400, path
    assert vendor.refresh(tokens["refresh_token"]).status_code == 200


def test_revoking_ends_the_family_and_its_subscriptions(vendor: Vendor) -> None:
    tokens = vendor.tokens()
    access = tokens["access_token"]
    vendor.call("POST", "/webhooks", access, {"url": "http://127.0.0.1:9/never"})
    answer = requests.post(
        f"{vendor.partner.url}/oauth/revoke",
        {"token": tokens["refresh_token"], "token_type_hint": "refresh_token"},
        auth=vendor.partner.client,
        timeout=10,
    )
    assert answer.status_code == 200
    assert vendor.call("GET", "/me", access).status_code == 401
    assert vendor.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert vendor.call("GET", "/webhooks", vendor.tokens()["access_token"]).json() == {
        "webhooks": []
    }


def test_access_ends_by_itself(vendor: Vendor) -> None:
    vendor.partner.faults(token_life_s=0)
    refused = vendor.call("GET", "/me", vendor.tokens()["access_token"])
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
