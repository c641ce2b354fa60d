"""Reading what a request brings, so that nothing reaches a service that could not be stored.

APIFlask documents the models; they are read here, because JSON is taken from a stranger's hands
(`platform/documents`) and every refusal says where in the request it lies.
"""

from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wedsync.errors import FieldError, Invalid, Malformed
from wedsync.platform import documents

MAX_BODY_BYTES = 1024 * 1024

Model = TypeVar("Model", bound=BaseModel)


def raw_body() -> bytes:
    """The bytes of the body, at most `MAX_BODY_BYTES`; werkzeug raises its own 413 otherwise."""
    request.max_content_length = MAX_BODY_BYTES
    return request.get_data()


def read_body(model: type[Model]) -> Model:
    """The request's JSON as `model`; no body is an empty object.

    Raises Malformed when it is not JSON we take, Invalid when it is not the model's.
    """
    try:
        document = documents.read(raw_body() or b"{}")
    except documents.BadDocument as error:
        raise Malformed(str(error), code="body_invalid") from error
    try:
        return model.model_validate_json(documents.write(document))
    except ValidationError as error:
        raise refusal(error) from error


def read_query(model: type[Model]) -> Model:
    """The request's query parameters as `model`. Raises Invalid."""
    given = request.args.to_dict()
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise refusal(error, below="/query") from error


def refusal(error: ValidationError, *, below: str = "") -> Invalid:
    """Every field that was refused, by its JSON Pointer (RFC 6901)."""
    fields = [_field(entry, below) for entry in error.errors(include_url=False)]
    return Invalid(fields[0].message if len(fields) == 1 else "", errors=fields)


def _field(entry: ErrorDetails, below: str) -> FieldError:
    pointer = below + "".join(f"/{_escaped(part)}" for part in entry["loc"])
    kind = entry["type"]
    if kind == "missing":
        return FieldError(pointer, "missing", f"“{entry['loc'][-1]}” is needed.")
    if kind == "extra_forbidden":
        return FieldError(pointer, "unknown_field", f"There is no “{entry['loc'][-1]}” here.")
    code = "wrong_type" if kind.endswith(("_type", "_parsing")) else "wrong_value"
    return FieldError(pointer, code, f"{entry['msg']}.")


def _escaped(part: Any) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
