"""Whom an event is about, found in whatever shape its sender chose."""

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, cast, func, literal_column
from sqlalchemy.dialects.postgresql import JSONPATH

_NAMED_AT = (
    "$.guest.name",
    "$.couple.name",
    "$.couple",
    "$.customer.name",
    "$.contact.name",
    "$.person.name",
    "$.name",
    "$.guest",
    "$.object.billing_details.name",
    "$.object.customer_details.name",
    "$.object.customer_name",
    "$.object.shipping.name",
)
"""Where partners put the name of whom something is about, the most telling first."""

_LONGEST = 120
_WHOLE: ColumnElement[Any] = literal_column("'{}'::text[]")


def name_in(data: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """The name in an event's data, as SQL; NULL where there is none, or where it is sealed."""
    paths = [cast(f'{path} ? (@.type() == "string")', JSONPATH) for path in _NAMED_AT]
    first = func.coalesce(*(func.jsonb_path_query_first(data, path) for path in paths))
    return func.left(first.op("#>>")(_WHOLE), _LONGEST)
