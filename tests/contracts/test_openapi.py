"""The API's document is valid, complete, and true to the running server."""

import re
from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contracts.objects import Objects
from tests.personas import Persona
from wedsync import api
from wedsync.api.document import operations
from wedsync.api.idempotency import HEADER

PATH = f"{api.BASE_PATH}/openapi.json"
EXAMPLES_PER_OPERATION = 12
Document = dict[str, Any]


@pytest.fixture
def document(app: APIFlask) -> Document:
    """Read by somebody who is not signed in."""
    answer = app.test_client().get(PATH)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    read: Document = answer.json
    return read


def test_the_document_is_valid_openapi(document: Document) -> None:
    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")


def test_every_operation_of_the_api_is_documented(app: APIFlask, document: Document) -> None:
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(rule)), method.lower())
        for rule in app.url_map.iter_rules()
        if api.is_below_base_path(str(rule)) and str(rule) != PATH
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == served


def test_every_operation_says_what_it_does_and_how_it_refuses(document: Document) -> None:
    names = []
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        names.append(operation["operationId"])
        assert operation["summary"].endswith("."), where
        assert len(operation["tags"]) == 1, where
        headers = {each["name"] for each in operation["parameters"] if each["in"] == "header"}
        assert (HEADER in headers) == (method == "post"), where
        successes = [status for status in operation["responses"] if status < "300"]
        assert len(successes) == 1, where
        for status, response in operation["responses"].items():
            wanted = "application/json" if status < "300" else "application/problem+json"
            assert next(iter(response["content"])) == wanted, where
            assert set(response["content"]) <= {wanted, "text/csv"}, where
            assert "$ref" in response["content"][wanted]["schema"], where
        assert {"401", "403"} <= set(operation["responses"]), where
        assert ("404" in operation["responses"]) == ("{" in path), where
    assert len(names) == len(set(names))


def test_the_api_is_opened_by_a_bearer(document: Document) -> None:
    assert document["security"] == [{"ApiKey": []}]
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


def test_every_example_is_valid(document: Document) -> None:
    seen = 0
    for name, schema in document["components"]["schemas"].items():
        for field, described in [("", schema), *schema.get("properties", {}).items()]:
            below = f"/properties/{field}" if field else ""
            for example in described.get("examples", []):
                reference = {"$ref": f"#/components/schemas/{name}{below}"}
                Draft202012Validator({**document, **reference}).validate(example)
                seen += 1
    assert seen > 20


def test_what_a_body_needs_has_an_example(document: Document) -> None:
    schemas = document["components"]["schemas"]
    for _path, _method, operation in operations(document):
        if "requestBody" not in operation:
            continue
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = schemas[reference.rpartition("/")[2]]
        for field in schema.get("required", []):
            described = schema["properties"][field]
            assert described.get("examples") or described.get("enum"), (reference, field)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def try_out(operation: APIOperation, owner: Persona, objects: Objects) -> None:
    """Send the operation good and bad requests, always about objects that exist."""

    @settings(
        max_examples=EXAMPLES_PER_OPERATION,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), bad=booleans())
    def holds(case: schemathesis.Case, bad: bool) -> None:
        if bad and case.body is not NOT_SET:
            case.body = {"unknown": case.body}
        for name in case.path_parameters:
            case.path_parameters[name] = str(objects.named(name))
        headers = {"Authorization": f"Bearer {owner.key}"}
        case.call_and_validate(headers=headers, checks=CHECKS)

    holds()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_server_answers_as_the_document_says(app: APIFlask, owner: Persona) -> None:
    schema = schemathesis.openapi.from_wsgi(PATH, app)
    tried = 0
    for operation in schema.get_all_operations():
        try_out(operation.ok(), owner, Objects(app, owner))
        tried += 1
    assert tried > 30
