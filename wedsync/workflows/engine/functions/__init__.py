"""The typed functions of format 1, pure and described once.

A function is a calculation like any other, `{"text.title": [{"var": "trigger.data.name"}]}`. Its
description serves the picker, validation, the words of conditions, `docs/functions.md` and the
running itself. Names are frozen: what is stored must mean the same for as long as runs wait.

| subject | where |
|---|---|
| the groups | `text`, `number`, `money`, `yes_no`, `wedding` |
| dates, lists | `date`, `date_text`; `list`, `list_total` |
| a description | `function`: a `Function` with its `Argument`s and an `Example` |
| what may be given | `kinds`; `moments`, days and instants |
| how much | `bounds` |
"""

from collections.abc import Mapping
from types import MappingProxyType

from wedsync.workflows.engine.functions.date import date
from wedsync.workflows.engine.functions.date_text import date_text
from wedsync.workflows.engine.functions.function import Argument, Example, Function
from wedsync.workflows.engine.functions.list import list_
from wedsync.workflows.engine.functions.list_total import list_total
from wedsync.workflows.engine.functions.money import money
from wedsync.workflows.engine.functions.number import number
from wedsync.workflows.engine.functions.text import text
from wedsync.workflows.engine.functions.wedding import wedding
from wedsync.workflows.engine.functions.yes_no import yes_no

__all__ = ["FUNCTIONS", "GROUPS", "Argument", "Example", "Function"]

GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "text": "Words",
        "number": "Numbers",
        "money": "Money",
        "date": "Dates and times",
        "list": "Lists",
        "yes_no": "Yes and no",
        "wedding": "The wedding",
    }
)
"""The prefixes, and what people call their functions together."""

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.name: function
        for group in (text, number, money, date, date_text, list_, list_total, yes_no, wedding)
        for function in group.functions
    }
)
"""Every function by its name."""
