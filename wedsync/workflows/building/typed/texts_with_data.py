"""Texts with data in them, as people type them: `Dear [guest name], see you on [wedding date].`

A name in brackets is a value; `\\[` is a bracket that is only a bracket. One value alone is kept as
its expression, a text with values as `{"cat": […]}`, a long one as a body (`engine.bodies`). What
people write in Liquid, `{{ wedding.date | date }}`, stays as they wrote it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import orjson

from wedsync.workflows.building.typed.not_readable import NotReadable
from wedsync.workflows.engine.bodies import BODY, BodyFault, compile_body
from wedsync.workflows.engine.operators import argument_list, operator_call
from wedsync.workflows.engine.words import clip, expression_words, path_of

Known: TypeAlias = Iterable[tuple[Any, str]]
"""Expressions a step may read, each with what people call it."""

Label: TypeAlias = Callable[[Any], str]

_PUT_TOGETHER = ("cat", "text.of")
_LONGEST_NAME = 80
_TOKEN = re.compile(
    r"\\(?P<kept>[\[{\\])|(?P<liquid>\{\{.*?\}\}|\{%.*?%\}|\{[{%])"
    r"|\[(?P<name>[^\[\]]*)\]|(?P<open>\[)",
    re.DOTALL,
)
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ROOTS = ("trigger", "steps", "wedding", "item", "index", "run", "now")
_PLAIN_OUTPUT = re.compile(r"\{\{-?\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*|\[\d+\])*)\s*-?\}\}")
_LIQUID_NAME = re.compile(r"[A-Za-z_][\w-]*")
_NOT_OF_BODIES = frozenset(("size", "first", "last"))


class Vocabulary:
    """One name for each value: first those `present` in the step, then those that are `known`.

    A name that is taken already is followed by a number: `name (2)`.
    """

    def __init__(
        self, present: Iterable[Any] = (), known: Known = (), label: Label = expression_words
    ) -> None:
        self._label = label
        self._names: dict[bytes, str] = {}
        self._expressions: dict[str, Any] = {}
        pairs = [(_key(each), each, name) for each, name in known]
        told = {key: name for key, _, name in pairs}
        for each in present:
            key = _key(each)
            self._add(key, each, told.get(key) or label(each))
        for key, each, name in pairs:
            self._add(key, each, name)

    def name_of(self, expression: Any) -> str:
        """What people call a value, without the brackets."""
        key = _key(expression)
        if key not in self._names:
            self._add(key, expression, self._label(expression))
        return self._names[key]

    def expression_of(self, name: str) -> Any:
        """The value of this name. Raises NotReadable where there is none."""
        try:
            return self._expressions[_folded(name)]
        except KeyError:
            raise NotReadable(
                f"There is nothing called “{clip(' '.join(name.split()), 60)}” here. Choose it"
                " from the list, or write \\[ for a bracket that is only a bracket."
            ) from None

    def pill(self, expression: Any) -> str:
        return f"[{self.name_of(expression)}]"

    def _add(self, key: bytes, expression: Any, said: str) -> None:
        if key in self._names:
            return
        plain = " ".join(said.translate(_ROUND).split())[:_LONGEST_NAME].strip() or "a value"
        name, number = plain, 1
        while _folded(name) in self._expressions:
            number += 1
            name = f"{plain} ({number})"
        self._names[key] = name
        self._expressions[_folded(name)] = expression


_ROUND = str.maketrans("[]\\", "()/")


def _key(expression: Any) -> bytes:
    try:
        return orjson.dumps(expression, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):
        return repr(expression)[:1_000].encode("utf-8", "replace")


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("’", "'").split())


def values_in(value: Any) -> Iterator[Any]:
    """The values that stand as pills when this is typed, in reading order."""
    call = operator_call(value)
    if call is None:
        if isinstance(value, dict | list):
            yield value
    elif call[0] in _PUT_TOGETHER and (parts := _parts_of(value)) is not None:
        yield from (part for part in parts if not isinstance(part, str))
    elif (body := _body_of(value)) is not None:
        written = (_plain_value(found) for found in _LIQUID.findall(body))
        yield from (each for each in written if each is not None)
    else:
        yield value


def shown_text(value: Any, vocabulary: Vocabulary) -> str:
    """A text as people type it; nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return escaped(value)
    parts = _parts_of(value)
    if parts is not None:
        return _joined(parts, vocabulary)
    body = _body_of(value)
    return vocabulary.pill(value) if body is None else _shown_body(body, vocabulary)


def escaped(text: str) -> str:
    """A plain text in which nothing is read as a value."""
    kept = []
    for place, sign in enumerate(text):
        after = text[place + 1 : place + 2]
        needs = sign == "[" or (sign == "{" and after in ("{", "%"))
        needs = needs or (sign == "\\" and (after in ("[", "{", "\\") or not after))
        kept.append(f"\\{sign}" if needs else sign)
    return "".join(kept)


def _joined(parts: Sequence[Any], vocabulary: Vocabulary) -> str:
    return "".join(
        escaped(part) if isinstance(part, str) else vocabulary.pill(part) for part in parts
    )


def _shown_body(body: str, vocabulary: Vocabulary) -> str:
    said, end = [], 0
    for found in _LIQUID.finditer(body):
        said.append(_escaped_body(body[end : found.start()]))
        value = _plain_value(found[0])
        said.append(found[0] if value is None else vocabulary.pill(value))
        end = found.end()
    return "".join([*said, _escaped_body(body[end:])])


def _plain_value(liquid: str) -> dict[str, str] | None:
    """The value that `{{ trigger.data.name }}` writes; None of anything more."""
    found = _PLAIN_OUTPUT.fullmatch(liquid)
    path = found[1].replace("[", ".").replace("]", "") if found else ""
    return {"var": path} if path.partition(".")[0] in _ROOTS else None


def _escaped_body(text: str) -> str:
    return re.sub(r"\\(?=[\[{\\]|$)|\[", lambda found: f"\\{found[0]}", text)


def read_text(typed: str, vocabulary: Vocabulary, *, long: bool = False, before: Any = None) -> Any:
    """What a typed text is kept as, None for nothing; `before` is what stood there.

    Raises NotReadable with a sentence.
    """
    reading = _Reading(typed, vocabulary)
    parts = reading.parts
    if not any(not isinstance(part, str) or part.strip() for part in parts):
        return None
    if reading.has_liquid:
        return _as_body(parts, reading.has_braces)
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    if len(parts) == 1:
        return parts[0]
    keeps_list = _parts_of(before) is not None
    if long and not keeps_list and all(map(_may_stand_in_body, parts)):
        return _as_body(parts, has_braces=False)
    return {"text.of" if operator_is(before, "text.of") else "cat": parts}


def operator_is(value: Any, name: str) -> bool:
    call = operator_call(value)
    return call is not None and call[0] == name


class _Reading:
    """The texts and values of what was typed, in order, and whether any of it is Liquid."""

    def __init__(self, typed: str, vocabulary: Vocabulary) -> None:
        self.parts: list[Any] = []
        self.has_liquid = self.has_braces = False
        self._ends_in_text = False
        end = 0
        for found in _TOKEN.finditer(typed):
            self._text(typed[end : found.start()])
            self._token(found, vocabulary)
            end = found.end()
        self._text(typed[end:])

    def _token(self, found: re.Match[str], vocabulary: Vocabulary) -> None:
        if found["open"]:
            raise NotReadable("A bracket is open. Close it, or write \\[ for a bracket alone.")
        if found["name"] is not None:
            self.parts.append(vocabulary.expression_of(found["name"]))
            self._ends_in_text = False
            return
        self.has_liquid |= found["liquid"] is not None
        self.has_braces |= found["kept"] == "{"
        self._text(found["kept"] or found["liquid"])

    def _text(self, text: str) -> None:
        if text and self._ends_in_text:
            self.parts[-1] += text
        elif text:
            self.parts.append(text)
            self._ends_in_text = True


def _may_stand_in_body(part: Any) -> bool:
    if isinstance(part, str):
        return "{{" not in part and "{%" not in part
    return _liquid_path(part) is not None


def _as_body(parts: Sequence[Any], has_braces: bool) -> dict[str, str]:
    if has_braces:
        raise NotReadable("A text with {{ … }} or {% … %} in it cannot also hold plain ones.")
    said = []
    for part in parts:
        path = None if isinstance(part, str) else _liquid_path(part)
        if path is None and not isinstance(part, str):
            raise NotReadable(
                "Beside {{ … }} and {% … %} only plain values can stand. Note the worked-out value"
                " in a step before this one, and use that."
            )
        said.append(part if isinstance(part, str) else f"{{{{ {path} }}}}")
    body = "".join(said)
    try:
        compile_body(body)
    except BodyFault as fault:
        raise NotReadable(str(fault)) from None
    return {BODY: body}


def _liquid_path(expression: Any) -> str | None:
    """The path of a plain value as bodies write it: `trigger.data.guests[0].name`."""
    path = path_of(expression)
    if path is None or not _LIQUID_NAME.fullmatch(path[0]):
        return None
    said = path[0]
    for part in path[1:]:
        if part.isdecimal() and len(part) < 6:
            said += f"[{part}]"
        elif _LIQUID_NAME.fullmatch(part) and part not in _NOT_OF_BODIES:
            said += f".{part}"
        else:
            return None
    return said


def _parts_of(value: Any) -> list[Any] | None:
    """The parts of a text that is put together, in which each text is a text as it stands."""
    call = operator_call(value)
    if call is None or call[0] not in _PUT_TOGETHER:
        return None
    parts = argument_list(call[1])
    plain = all(isinstance(part, str) or operator_call(part) is not None for part in parts)
    return parts if plain and len(parts) > 1 else None


def _body_of(value: Any) -> str | None:
    call = operator_call(value)
    if call is None or call[0] != BODY:
        return None
    parts = argument_list(call[1])
    return parts[0] if len(parts) == 1 and isinstance(parts[0], str) else None
