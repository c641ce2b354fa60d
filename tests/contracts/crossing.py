"""Every route and operation there is, and what of an organization is as it was before.

The routes come from the app and the operations from its OpenAPI document, so a new one is covered
without anybody remembering it; one that names a new kind of object fails until the tests know how
to make one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apiflask import APIFlask
from sqlalchemy import Connection, text
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from tests.contracts.objects import Objects
from tests.personas import Script
from wedsync import api
from wedsync.api.document import operations
from wedsync.migrations import tables
from wedsync.platform.db import db

SPEC = f"{api.BASE_PATH}/openapi.json"
PUBLIC = {
    "static",
    "openapi.spec",
    "accounts.sign_in",
    "accounts.sign_up",
    "accounts.accept_invitation",
    "accounts.forgotten",
    "accounts.reset_password",
    "accounts.confirm_email",
    "workflows.approval_by_link",
    "webhooks.guide",
    "health.healthz",
    "health.readyz",
}
"""What anybody may reach. A route added here is open to the world: think twice."""

WEDDINGS = {"wedding_id"}


@dataclass(frozen=True)
class Operation:
    """One operation of the API with a path to somebody's objects and a body that would do."""

    name: str
    method: str
    path: str
    query: frozenset[str]
    body: dict[str, Any] | None

    @property
    def names_an_object(self) -> bool:
        return "{" in self.path

    def send(self, script: Script, path: str, **kwargs: Any) -> TestResponse:
        if self.body is not None:
            kwargs.setdefault("json", self.body)
        headers = {"If-Match": "*"} if self.method in ("PUT", "PATCH") else {}
        below = path.removeprefix(api.BASE_PATH)
        return script.request(self.method, below, headers=headers, **kwargs)


def api_operations(app: APIFlask) -> list[Operation]:
    document = app.test_client().get(SPEC).json
    schemas = document["components"]["schemas"]
    return [
        Operation(
            operation["operationId"],
            method.upper(),
            path + needed_query(operation),
            frozenset(each["name"] for each in operation["parameters"] if each["in"] == "query"),
            body_of(operation, schemas),
        )
        for path, method, operation in operations(document)
    ]


def needed_query(operation: Any) -> str:
    """What a query has to name, as part of the path: `?event={event}`."""
    needed = (
        each["name"]
        for each in operation["parameters"]
        if each["in"] == "query" and each.get("required")
    )
    query = "&".join(f"{name}={{{name}}}" for name in needed)
    return f"?{query}" if query else ""


def body_of(operation: Any, schemas: Any) -> dict[str, Any] | None:
    """A body with an example for every property."""
    if "requestBody" not in operation:
        return None
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    properties = schemas[reference.rpartition("/")[2]]["properties"]
    return {
        name: (described.get("examples") or described.get("enum"))[0]
        for name, described in properties.items()
        if described.get("examples") or described.get("enum")
    } | {name: None for name in properties if name in WEDDINGS}


def filled(path: str, objects: Objects) -> str:
    return re.sub(r"\{(\w+)\}", lambda part: str(objects.named(part[1])), path)


def page_rules(app: APIFlask) -> Iterator[tuple[Rule, str]]:
    """Every route that is not the API's and not public, by method."""
    for rule in app.url_map.iter_rules():
        if not api.is_below_base_path(rule.rule) and rule.endpoint not in PUBLIC:
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield rule, method


def address(app: APIFlask, rule: Rule, objects: Objects) -> str:
    values = {
        name: min(converter.items) if isinstance(converter, AnyConverter) else objects.named(name)
        for name, converter in rule._converters.items()
    }
    return str(app.url_map.bind("localhost").build(rule.endpoint, values, method=None))


def everything_of(app: APIFlask, organization_id: Any) -> dict[str, str]:
    """A fingerprint of every row of an organization, table by table."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: fingerprint(connection, table.name, organization_id)
            for table in tables().sorted_tables
            if "organization_id" in table.columns
        }


def fingerprint(connection: Connection, table: str, organization_id: Any) -> str:
    query = text(
        f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        f' FROM "{table}" t WHERE organization_id = :id'
    )
    found: str = connection.execute(query, {"id": organization_id}).scalar_one()
    return found
