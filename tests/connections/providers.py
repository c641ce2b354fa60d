"""Providers as they really are, each by its manifest and by a stand-in that behaves so.

What the stand-ins do follows the providers' own documentation; none of them is the live service.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apiflask import APIFlask

from tests.connections.test_other_ways import CLIENT, CLIENT_FIELDS, publish
from tests.connections.ways import only, way_out
from tests.far_ends.rest_service import Asked, RestService
from tests.page_words import words_of
from tests.personas import Persona


@dataclass(frozen=True)
class Way:
    """One provider: what its manifest says, what a vendor types, and what it answers.

    `token` answers a code, `renewed` a refresh; `back` stands in the address that leads back;
    `needs` are parts of a token request without which it is refused.
    """

    oauth: Mapping[str, Any] = field(default_factory=dict)
    auth: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    back: Mapping[str, str] = field(default_factory=dict)
    token: Any = field(default_factory=lambda: {"access_token": "first", "expires_in": 3600})
    account: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = "{url}"


@dataclass
class Visit:
    """A consent that was given: where the person was sent, and what the provider was asked."""

    slug: str
    out: Mapping[str, str]
    service: RestService
    row: Any

    @property
    def redeemed(self) -> Asked:
        """The request that brought the code."""
        return next(each for each in self.service.asked if b"abc" in each.body)

    def asked(self, path: str) -> list[Asked]:
        return [each for each in self.service.asked if each.path == path]


def manifest_of(way: Way, service: RestService) -> dict[str, Any]:
    oauth = {
        "authorize_url": f"{service.url}/authorize",
        "token_url": f"{service.url}/token",
        "client_from": "fields",
        "rotation": False,
        **way.oauth,
    }
    auth: dict[str, Any] = {
        "kind": "oauth2_code",
        **way.auth,
        "fields": [*CLIENT_FIELDS, *way.auth.get("fields", ())],
        "oauth": oauth,
    }
    account = {"request": {"method": "GET", "path": "/me"}, "id_path": "id", "name_path": "name"}
    base_url = way.base_url.replace("{url}", service.url)
    return {"auth": auth, "base_url": base_url, "account": {**account, **way.account}}


def sent_out(
    app: APIFlask, vendor: Persona, maker: Persona, service: RestService, way: Way
) -> tuple[str, dict[str, str]]:
    """Publish the connector and go out: its slug, and the parameters of the consent page."""
    slug = publish(app, maker, service, **manifest_of(way, service))
    sent = vendor.browser.post(f"/connect/{slug}", data={**CLIENT, **way.typed})
    assert sent.status_code == 303, words_of(sent)
    out = urlsplit(way_out(vendor.browser.get(sent.location)))
    return slug, {name: values[0] for name, values in parse_qs(out.query).items()}


def visit(app: APIFlask, vendor: Persona, maker: Persona, service: RestService, way: Way) -> Visit:
    """Go out, agree, and come back."""
    if ("POST", "/token") not in service.prepared:
        service.answers("POST", "/token", way.token)
    if ("GET", "/me") not in service.prepared:
        service.answers("GET", "/me", {"id": 17, "name": "Fern & Vale"})
    slug, out = sent_out(app, vendor, maker, service, way)
    query = {"state": out["state"], "code": "abc", **way.back}
    vendor.browser.get(f"/oauth/callback/{slug}", query_string=query)
    return Visit(slug, out, service, only(app, vendor))
