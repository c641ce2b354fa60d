"""A vendor's app that talks to the practice partner by plain HTTP, as a stranger would."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.far_ends.practice_partner import MEADOW, PracticePartner

SCOPES = "guests:read guests:write dates:write webhooks"


@dataclass
class Vendor:
    partner: PracticePartner
    verifier: str = ""

    def authorize_url(self, **other: str | None) -> str:
        """A good authorization request, with some of it changed or (None) left out."""
        self.verifier = generate_token(48)
        parameters = {
            "response_type": "code",
            "client_id": self.partner.client[0],
            "redirect_uri": self.partner.redirect_uri,
            "scope": SCOPES,
            "state": "st-1",
            "code_challenge": create_s256_code_challenge(self.verifier),
            "code_challenge_method": "S256",
            **other,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        return f"{self.partner.url}/oauth/authorize?{urlencode(given)}"

    def code(self, account: str = MEADOW, scopes: list[str] | None = None) -> str:
        return said(self.partner.allow(self.authorize_url(), account, scopes))["code"]

    def redeem(self, code: str, **other: str) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.partner.redirect_uri,
            "code_verifier": self.verifier,
        }
        return self.token(**{**form, **other})

    def refresh(self, refresh_token: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def token(self, **form: str) -> requests.Response:
        return requests.post(
            f"{self.partner.url}/oauth/token", form, auth=self.partner.client, timeout=10
        )

    def tokens(self, account: str = MEADOW, scopes: list[str] | None = None) -> dict[str, Any]:
        """Everything from the consent page to the tokens."""
        answer = self.redeem(self.code(account, scopes))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def call(
        self, method: str, path: str, token: str, body: Any = None, **headers: str
    ) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.request(
            method,
            f"{self.partner.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}", **named},
            timeout=10,
        )


def said(location: str) -> dict[str, str]:
    """What the redirect carries."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
