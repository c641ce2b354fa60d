"""Reading a list at the account to choose from: the request of a page, and what its answer offers.

What a partner answers is bounded here: a thousand entries, their names in one short line each.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from wedsync.connectors import answers
from wedsync.connectors.contract import Access, Failed
from wedsync.connectors.filling import NotFilled, reached
from wedsync.connectors.manifest import ChoicesEntry
from wedsync.connectors.rest import request_of
from wedsync.connectors.scrubbing import scrubbed
from wedsync.platform.outbound import Outcome, Request

MOST = 1_000
"""Entries of one list."""

MOST_PAGES = 20
MAX_PAGE_BYTES = 4 * 1024 * 1024
_LONGEST_VALUE = 200
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Choice:
    """`value` is what the action is given, `name` what people know it by, `note` what tells two of
    the same name apart."""

    value: str | int
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer offers, in their order, and what names the next page, if they said."""

    choices: tuple[Choice, ...]
    next_page: str | int | None = None


def request(
    listed: ChoicesEntry, access: Access, page: str | int | None, timeout_s: float
) -> Request | Failed:
    """The request for a page; None is the first one."""
    try:
        filled = request_of(listed.request, access, {"cursor": {"page": page}}, timeout_s=timeout_s)
    except NotFilled as refused:
        return Failed("permanent", "request_invalid", refused.detail)
    return replace(filled, max_answer_bytes=MAX_PAGE_BYTES)


def read(listed: ChoicesEntry, access: Access, outcome: Outcome) -> Page | Failed:
    """What an answer offers, without the connection's credentials in it.

    A record that names no value is passed over: nobody could choose it.
    """
    answer = scrubbed(answers.read(outcome), access)
    if isinstance(answer, Failed):
        return answer
    records = reached(answer.output, listed.records)
    if not isinstance(records, list):
        return Failed("permanent", "answer_unreadable", "There is no list in their answer.")
    found = (_choice(listed, record) for record in records)
    return Page(tuple(each for each in found if each), _next_page(listed, answer.output))


def joined(known: Collection[Choice], page: Page) -> tuple[Choice, ...]:
    """What is known with what a page adds, each value once."""
    by_value = {each.value: each for each in page.choices}
    for each in known:
        by_value.pop(each.value, None)
    return (*known, *by_value.values())


def _choice(listed: ChoicesEntry, record: Any) -> Choice | None:
    value = reached(record, listed.value)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    if len(str(value)) > _LONGEST_VALUE:
        return None
    note = _line(reached(record, listed.note)) if listed.note else ""
    name = _line(reached(record, listed.name))
    return Choice(value, name or note or str(value), note if name and note != name else "")


def _line(said: Any) -> str:
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return ""
    line = " ".join(answers.bounded(str(said)).split())
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1]}…"


def _next_page(listed: ChoicesEntry, output: Any) -> str | int | None:
    named = reached(output, listed.next_path) if listed.next_path else None
    is_name = isinstance(named, str | int) and not isinstance(named, bool) and named != ""
    return named if is_name else None
