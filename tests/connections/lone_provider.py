"""A provider of the tests' own: its authorization server and its service, which write down all
they are told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from apiflask import APIFlask
from werkzeug.test import TestResponse

from tests.connections.ways import begin
from tests.far_ends.rest_service import Asked, Prepared, RestService, started_rest_service
from tests.personas import Persona
from tests.workflows.connected import list_it
from wedsync.connectors.manifest import Manifest
from wedsync.platform import documents, ids

CODE = "code-of-a-consent"
CLIENT_SECRET = "canary-client-secret-of-asvs"


class Provider(RestService):
    """Hands out tokens with a number: `access-1`, `refresh-1`, and so on; knows one account."""

    scope: str | None = None

    def answer_to(self, asked: Asked) -> Prepared:
        self.asked.append(asked)
        if (asked.method, asked.path) in self.prepared:
            return self.prepared[asked.method, asked.path]
        if asked.path == "/token":
            return _json(self._tokens())
        return _json({"id": "acct_1", "name": "Fern & Vale"})

    def tokens_asked(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == "/token"]

    def _tokens(self) -> dict[str, Any]:
        number = len(self.tokens_asked())
        made = {
            "access_token": f"access-{number}-canary",
            "refresh_token": f"refresh-{number}-canary",
        }
        said = {} if self.scope is None else {"scope": self.scope}
        return {**made, "token_type": "Bearer", "expires_in": 3600, **said}


def _json(document: Any) -> Prepared:
    return Prepared(200, {"Content-Type": "application/json"}, documents.write(document))


@dataclass
class Listed:
    """A connector to a provider, in the marketplace."""

    app: APIFlask
    provider: Provider
    slug: str = field(default_factory=lambda: f"asvs-{ids.new_id().hex[-10:]}")

    def publish(self, *more_fields: dict[str, Any], **oauth: Any) -> "Listed":
        list_it(self.app, self.manifest(*more_fields, **oauth))
        return self

    def manifest(self, *more_fields: dict[str, Any], **oauth: Any) -> Manifest:
        fields = [
            {"name": "client_id", "title": "Client id"},
            {"name": "client_secret", "title": "Client secret", "kind": "secret"},
            *more_fields,
        ]
        server = {
            "authorize_url": f"{self.provider.url}/authorize",
            "token_url": f"{self.provider.url}/token",
            "client_from": "fields",
            "scopes": [{"name": "guests.read", "words": "See your guests"}],
            **oauth,
        }
        headers = {"Authorization": "Bearer {secret.access_token}"}
        document = {
            "slug": self.slug,
            "name": "Fern & Vale",
            "summary": "Flowers.",
            "icon": "flower",
            "shelf": {"categories": ["build"], "description": "F.", "tried_against": "a stand-in"},
            "base_url": self.provider.url,
            "auth": {"kind": "oauth2_code", "fields": fields, "oauth": server, "headers": headers},
            "account": {
                "request": {"method": "GET", "path": "/me"},
                "id_path": "id",
                "name_path": "name",
            },
        }
        return Manifest.model_validate(document)

    def leave(self, persona: Persona) -> dict[str, str]:
        """Go to the provider; what was asked for there."""
        out = begin(persona, f"/connect/{self.slug}", client_id="fern", client_secret=CLIENT_SECRET)
        return {name: values[0] for name, values in parse_qs(urlsplit(out).query).items()}

    def back(self, persona: Persona, **answer: str) -> TestResponse:
        """Come back from there with what the provider says."""
        return persona.browser.get(f"/oauth/callback/{self.slug}", query_string=answer)

    def connect(self, persona: Persona, **answer: str) -> UUID:
        """Leave, come back, and be connected."""
        state = self.leave(persona)["state"]
        found = self.back(persona, state=state, code=CODE, **answer)
        assert found.status_code == 303, found.text
        return UUID(found.location.rpartition("/")[2])


@contextmanager
def listed(app: APIFlask, **oauth: Any) -> Iterator[Listed]:
    with started_rest_service(Provider) as provider:
        yield Listed(app, provider).publish(**oauth)
