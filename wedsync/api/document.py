"""The OpenAPI 3.1 document: what APIFlask writes from the code, with what it cannot know.

It lacks the problems (RFC 9457), the headers of editing and repeating, and a single copy of
shapes that several others contain.
"""

import re
from collections.abc import Iterator
from typing import Any

from wedsync.api import idempotency
from wedsync.api.schemas.base import Problem

_REFERENCE = "#/components/schemas/"
_PROBLEM = {"$ref": f"{_REFERENCE}Problem"}
_REFUSALS = {
    400: "It could not be read.",
    401: "No valid API key came with it.",
    403: "The API key does not have the scope.",
    404: "There is no such thing, or it is somebody else's.",
    409: "It clashes with what there is.",
    412: "Somebody changed it first; `current` is how it is now.",
    413: "The body is larger than 1 MiB.",
    422: "Something in it cannot be used; `errors` says which fields.",
    428: "`If-Match` is missing.",
    429: "That was too often; `Retry-After` says when to try again.",
    503: "We cannot do this right now; `Retry-After` says when to try again.",
}
_INTRODUCTION = (
    "Connect your tools to WedSync. Every request carries an API key as a bearer token; a key "
    "sees its own organization only, and anything else is answered with 404. Lists are paged with "
    "`cursor`. A POST with an `Idempotency-Key` is done once, however often it is sent."
)
_ON_A_REVISION = ("/publish", "/draft/operations", "/draft/undo", "/draft/redo", "/draft/discard")
Document = dict[str, Any]


def complete(document: Any) -> Any:
    """Finish the generated document, in place."""
    document["info"]["description"] = _INTRODUCTION
    document["security"] = [{"ApiKey": []}]
    _share_schemas(document)
    for path, method, operation in operations(document):
        _settle_parameters(operation)
        _settle_body(operation, document["components"]["schemas"])
        _add_headers(path, method, operation)
        _add_csv(operation)
        _add_refusals(method, operation)
    return document


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Every operation with its path and method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _share_schemas(document: Document) -> None:
    """`RunWhole.StepOut` and the like become one `StepOut`; `Problem` takes the errors' place."""
    schemas = document["components"]["schemas"]
    for name in ("HTTPError", "ValidationError"):
        schemas.pop(name, None)
    shared = {name: schema for name, schema in schemas.items() if "." not in name}
    for name in sorted(set(schemas) - set(shared)):
        shared.setdefault(name.rpartition(".")[2], schemas[name])
    shared |= _problem_schemas()
    document["components"]["schemas"] = shared
    _rename_references(document)


def _problem_schemas() -> Document:
    schema = Problem.model_json_schema(ref_template=_REFERENCE + "{model}")
    return {**schema.pop("$defs"), "Problem": schema}


def _rename_references(part: Any) -> None:
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            part["$ref"] = re.sub(r"(?<=/schemas/)[\w.]+\.(?=\w+$)", "", reference)
        for inner in part.values():
            _rename_references(inner)
    elif isinstance(part, list):
        for inner in part:
            _rename_references(inner)


def _settle_parameters(operation: Document) -> None:
    for parameter in operation["parameters"]:
        schema = parameter["schema"]
        if parameter["in"] == "path":
            parameter["required"] = True
            if parameter["name"].endswith("_id"):
                schema["format"] = "uuid"
        elif "anyOf" in schema:
            # A parameter that may be left out is never sent as null.
            given, _null = schema.pop("anyOf")
            del schema["default"]
            schema |= given
        if "description" in schema:
            parameter["description"] = schema.pop("description")


def _settle_body(operation: Document, schemas: Document) -> None:
    """A body may be left out when nothing in it is needed."""
    if "requestBody" in operation:
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        needed = "required" in schemas[reference.removeprefix(_REFERENCE)]
        operation["requestBody"]["required"] = needed


def _add_csv(operation: Document) -> None:
    if operation.pop("x-or-csv"):
        operation["responses"]["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}


def _add_headers(path: str, method: str, operation: Document) -> None:
    if method == "post":
        operation["parameters"].append(
            _header(
                idempotency.HEADER,
                "The same key and body within 24 hours get the same answer and do nothing again.",
                {"type": "string", "minLength": 1, "maxLength": idempotency.MAX_CHARACTERS},
            )
        )
    if method in ("put", "patch") or (method == "post" and path.endswith(_ON_A_REVISION)):
        operation["parameters"].append(
            _header("If-Match", "The `ETag` of what is being changed.", {"type": "string"})
        )


def _header(name: str, description: str, schema: Document) -> Document:
    return {
        "in": "header",
        "name": name,
        "required": False,
        "description": description,
        "schema": schema,
    }


def _add_refusals(method: str, operation: Document) -> None:
    responses = operation["responses"]
    own = {status for status in responses if status.startswith("2")}
    wanted = {401, 403, 503, *operation.pop("x-problems", ())}
    if any(parameter["in"] == "path" for parameter in operation["parameters"]):
        wanted.add(404)
    if any(parameter["in"] == "query" for parameter in operation["parameters"]):
        wanted.add(422)
    if "requestBody" in operation:
        wanted |= {400, 413, 422}
    if method == "post":
        wanted |= {400, 409}
    if method == "patch":
        wanted.add(412)
    operation["responses"] = {status: responses[status] for status in sorted(own)} | {
        str(status): _refusal(status) for status in sorted(wanted)
    }


def _refusal(status: int) -> Document:
    return {
        "description": _REFUSALS[status],
        "content": {"application/problem+json": {"schema": _PROBLEM}},
    }
