"""An endpoint's filter as rows people fill in: a place in the event, a verb, a value.

Pure. A filter of another shape, as a script may send it, is no rows: it is kept as it is.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wedsync.platform.wording import listing, name_words
from wedsync.webhooks.schemes import naming

MOST_ROWS = 20
LONGEST_VALUE = 500
JOINED = {"and": "all of these are so", "or": "any of these is so"}
VERBS = {
    "is": "is",
    "is_not": "is not",
    "is_one_of": "is one of",
    "contains": "contains",
    "begins": "begins with",
    "more": "is more than",
    "less": "is less than",
    "there": "is there",
    "missing": "is missing",
}
WITHOUT_VALUE = frozenset({"there", "missing"})
_NUMBERS = frozenset({"more", "less"})
_ROOT = "trigger."
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")


@dataclass(frozen=True, slots=True)
class Condition:
    """One row: `place` is a dotted path in the event, such as `data.status`; `value` as typed."""

    place: str
    verb: str
    value: str = ""


def problem(row: Condition) -> tuple[str, str] | None:
    """Which part of a row cannot be used, and why, as a sentence."""
    if not naming.is_path(row.place):
        return "place", "Name a place in what is sent, such as data.status."
    if row.verb not in VERBS:
        return "verb", "Choose how to compare."
    if row.verb in WITHOUT_VALUE:
        return None
    if not row.value:
        return "value", "Say what to compare it with."
    if len(row.value) > LONGEST_VALUE:
        return "value", f"At most {LONGEST_VALUE} characters."
    if row.verb in _NUMBERS and not _NUMBER.fullmatch(row.value):
        return "value", "Write a number here, such as 40."
    return None


def rule_of(rows: Sequence[Condition], joined: str) -> Any:
    """The rows as JSONLogic over `trigger`; None without rows. Each row has no `problem`."""
    rules = [_RULES[row.verb]({"var": _ROOT + row.place}, row.value) for row in rows]
    if len(rules) < 2:
        return rules[0] if rules else None
    return {joined if joined in JOINED else "and": rules}


def rows_of(rule: Any) -> tuple[list[Condition], str] | None:
    """The rows that make `rule`, and how they are joined; None when no rows make it."""
    if rule is None:
        return [], "and"
    joined, parts = _taken_apart(rule)
    found = [row for part in parts if (row := _row(part)) is not None]
    whole = len(found) == len(parts) <= MOST_ROWS and rule_of(found, joined) == rule
    return (found, joined) if whole else None


def in_words(rule: Any) -> str | None:
    """The rows as the end of a sentence: “status is accepted”; None when it is no rows."""
    read = rows_of(rule)
    if read is None or not read[0]:
        return None
    rows, joined = read
    return listing([_words(row) for row in rows], joined)


def _words(row: Condition) -> str:
    place = name_words(row.place.removeprefix("data.")).lower()
    return f"{place} {VERBS[row.verb]} {row.value}".rstrip()


def _taken_apart(rule: Any) -> tuple[str, list[Any]]:
    if isinstance(rule, dict) and len(rule) == 1:
        (operator, parts), *_ = rule.items()
        # “Less than” is one row though it is an `and`: it also asks that there is something.
        if operator in JOINED and isinstance(parts, list) and _row(rule) is None:
            return operator, parts
    return "and", [rule]


def _row(rule: Any) -> Condition | None:
    """The one row that makes `rule`, if any does: each verb is tried with what it would hold."""
    place, value = _first_path(rule), _first_value(rule)
    if place is None:
        return None
    tried = (Condition(place, verb, "" if verb in WITHOUT_VALUE else value) for verb in VERBS)
    return next(
        (row for row in tried if problem(row) is None and rule_of([row], "and") == rule), None
    )


def _first_path(node: Any) -> str | None:
    """The path of the first `var` in it, below `trigger`."""
    if isinstance(node, dict):
        path = node.get("var")
        if isinstance(path, str) and path.startswith(_ROOT):
            return path.removeprefix(_ROOT)
    for part in _parts(node):
        if (found := _first_path(part)) is not None:
            return found
    return None


def _first_value(node: Any) -> str:
    """What a row would compare with, as it would be typed; empty when there is nothing."""
    leaves = [leaf for leaf in _leaves(node) if leaf is not None]
    listed = _listed(node)
    if listed is not None:
        return ", ".join(listed)
    return leaves[-1] if leaves and isinstance(leaves[-1], str) else _number(leaves)


def _number(leaves: Sequence[Any]) -> str:
    last = leaves[-1] if leaves else None
    is_number = isinstance(last, int | float) and not isinstance(last, bool)
    return json.dumps(last) if is_number else ""


def _listed(node: Any) -> list[str] | None:
    """The texts of “is one of”."""
    given = node.get("in") if isinstance(node, dict) else None
    if not isinstance(given, list) or len(given) != 2 or not isinstance(given[1], list):
        return None
    return [each for each in given[1] if isinstance(each, str)]


def _leaves(node: Any) -> list[Any]:
    if isinstance(node, dict) and "var" in node:
        return []
    if isinstance(node, dict | list):
        return [leaf for part in _parts(node) for leaf in _leaves(part)]
    return [node]


def _parts(node: Any) -> Sequence[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else ()


def _typed_number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _texts(value: str) -> list[str]:
    return [text.strip() for text in value.split(",") if text.strip()]


_Var = dict[str, str]
_RULES: dict[str, Callable[[_Var, str], Any]] = {
    "is": lambda var, value: {"==": [var, value]},
    "is_not": lambda var, value: {"!=": [var, value]},
    "is_one_of": lambda var, value: {"in": [var, _texts(value)]},
    "contains": lambda var, value: {"in": [value, var]},
    "begins": lambda var, value: {"starts_with": [var, value]},
    "more": lambda var, value: {">": [var, _typed_number(value)]},
    # What is not there counts as nothing, and nothing is less than four.
    "less": lambda var, value: {"and": [{"!==": [var, None]}, {"<": [var, _typed_number(value)]}]},
    "there": lambda var, _: {"!==": [var, None]},
    "missing": lambda var, _: {"===": [var, None]},
}
