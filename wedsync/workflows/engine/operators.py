"""The operator names of format 1, frozen: a new release may not give an old text a new meaning.

In `values` and `input` an object with one key is read as a calculation when that key is one of
these names; to mean the object itself, its key is written with the escape (`{"$max": [1, 9]}`).
"""

from typing import Any

ESCAPE = "$"

FAMILIES = ("ExtString", "ExtArray", "ExtObject", "ExtMath", "ExtControl", "DateTime")

# fmt: off
AVAILABLE = frozenset(
    (
        # comparing and choosing
        "==", "===", "!=", "!==", ">", ">=", "<", "<=", "!", "!!", "and", "or", "if", "?:", "??",
        "switch", "match", "in",
        # reading
        "var", "val", "missing", "missing_some", "exists", "type",
        # numbers
        "+", "-", "*", "/", "%", "max", "min", "abs", "ceil", "floor",
        # text
        "cat", "substr", "length", "starts_with", "ends_with", "upper", "lower", "trim", "split",
        # lists and records
        "merge", "filter", "map", "reduce", "all", "some", "none", "sort", "slice", "group_by",
        "distinct", "keys", "values", "entries",
        # dates
        "datetime", "timestamp", "parse_date", "format_date", "date_diff",
    )
)
# fmt: on

REFUSED = {
    "now": "The present moment is the value “now”: write {“var”: “now”}.",
    "try": "A calculation that fails is a failed step; say what follows under “on error”.",
    "throw": "To end a run as failed, use a stop step.",
}

RESERVED_PREFIXES = ("text.", "number.", "money.", "date.", "list.", "yes_no.", "wedding.")
"""Of the typed functions; a name is kept even where there is no function of it yet, so that adding
one changes no stored definition."""

ITERATORS = frozenset(
    ("filter", "map", "reduce", "all", "some", "none", "sort", "group_by", "distinct")
)

_NAMES = AVAILABLE | REFUSED.keys()


def is_operator(name: str) -> bool:
    """Whether a one-key object with this key is read as a calculation."""
    return name in _NAMES or name.startswith(RESERVED_PREFIXES)


def operator_call(value: object) -> tuple[str, Any] | None:
    """The operator and its arguments as written, when `value` is a calculation."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, arguments),) = value.items()
        if is_operator(name):
            return name, arguments
    return None


def argument_list(arguments: Any) -> list[Any]:
    """`{"length": x}` and `{"length": [x]}` are the same call."""
    return arguments if isinstance(arguments, list) else [arguments]


def literal(value: Any) -> Any:
    """`value` written so that `values` and `input` give exactly it back."""
    if isinstance(value, list):
        return [literal(part) for part in value]
    if not isinstance(value, dict):
        return value
    alone = len(value) == 1
    return {escape_key(key, alone=alone): literal(part) for key, part in value.items()}


def escape_key(key: str, *, alone: bool) -> str:
    """The key as a template writes it; `alone` when it is the only one of its object."""
    ambiguous = key.startswith(ESCAPE) or (alone and is_operator(key))
    return ESCAPE + key if ambiguous else key


def unescape_key(key: str) -> str:
    return key.removeprefix(ESCAPE)
