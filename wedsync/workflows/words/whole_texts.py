"""A text with values in it, whole, as people read it: each value by its name, in brackets."""

import re
from typing import Any

from wedsync.workflows.engine.bodies import BODY
from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.words import expression_words, path_words

_VALUE = re.compile(r"\{\{-?\s*([\w.-]*\w)[^}]*\}\}")
_JOINED = ("cat", "text.of")


def whole_text(value: Any) -> str | None:
    """`Dear [first names of the couple], …` of a text, however it is kept; None of what is none."""
    if isinstance(value, str):
        return value
    call = operator_call(value)
    if call is None:
        return None
    name, parts = call[0], argument_list(call[1])
    if name in _JOINED:
        return "".join(part if isinstance(part, str) else _named(part) for part in parts)
    if name == BODY and parts and isinstance(parts[0], str):
        return _VALUE.sub(lambda found: f"[{path_words(found[1].split('.'))}]", parts[0])
    return None


def _named(part: Any) -> str:
    return f"[{expression_words(part)}]"
