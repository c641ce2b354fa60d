"""What an action says: the sentence of its manifest with its inputs, what is missing, and where."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wedsync.workflows.building.sentences.phrases import (
    Phrase,
    PillOf,
    Slot,
    missing,
    slot,
    value_slot,
)
from wedsync.workflows.catalogue import Entries, Entry
from wedsync.workflows.engine.operators import operator_call, unescape_key
from wedsync.workflows.engine.plain_words import clip
from wedsync.workflows.engine.steps.action import TOLD, told
from wedsync.workflows.engine.steps.kind import mapping, text
from wedsync.workflows.engine.trigger_kind import Names
from wedsync.workflows.engine.words import address_words, path_of, stand_in

WITH_ACCOUNT = ", with "
"""What comes before the account a step acts through."""

_SLOT = re.compile(r"\{(\w+)\}")
_ASKING = ("who", "what", "which", "how", "where", "when", "whom", "whose", "for whom")
_PREPOSITIONS = {"to": "to whom?", "from": "from whom?", "for": "for whom?"}


def action_said(step: Mapping[str, Any], names: Names, entries: Entries, pill_of: PillOf) -> Phrase:
    use = step.get("use")
    entry = entries.get(use) if isinstance(use, str) else None
    if entry is None:
        if isinstance(use, str) and use:
            return ["do ", slot("use", f"“{clip(use, 60)}”")]
        return ["do ", missing("use", "what?")]
    sentence = entry.info.sentence or entry.info.label
    said = _filled(sentence, step, entry, pill_of)
    parts = [part for part in (*said, *_others_missing(sentence, step, entry)) if part]
    account = _account(step, entry, names)
    return [*parts, _with(parts[-1]), account] if account else parts


def _with(before: str | Slot) -> str:
    """What joins the account to the sentence: a comma, but for after a question."""
    is_question = isinstance(before, Slot) and before.words.endswith("?")
    return WITH_ACCOUNT.lstrip(",") if is_question else WITH_ACCOUNT


def _filled(sentence: str, step: Mapping[str, Any], entry: Entry, pill_of: PillOf) -> Phrase:
    parts: Phrase = []
    for number, part in enumerate(_SLOT.split(sentence)):
        if number % 2 == 0:
            parts.append(part)
        elif part == TOLD:
            parts += _told(step, entry, pill_of)
        else:
            parts.append(_after(parts[-1], _input(step, part, entry, pill_of)))
    return parts


def _told(step: Mapping[str, Any], entry: Entry, pill_of: PillOf) -> Phrase:
    """`final count to [People coming], venue to [“Villa”]`; `[what?]` while none is given."""
    given, parts = _given(step), list[str | Slot]()
    for name, called in told(given, entry.info):
        if _is_nothing(given.get(name)) and not _is_calculated(step):
            return [missing(f"input.{name}", "what?")]
        parts += [", " if parts else "", f"{called} to ", _input(step, name, entry, pill_of)]
    return parts


def _after(words: str | Slot, asked: Slot) -> Slot:
    """A question that does not say again what the words before it say: `for [whom?]`."""
    before = words.split()[-1:] if isinstance(words, str) else []
    if not asked.is_missing or not before:
        return asked
    first, _, rest = asked.words.partition(" ")
    if rest and before[0].casefold() == first:
        return replace(asked, words=rest)
    is_named = rest == f"{before[0].casefold()}?"
    return replace(asked, words=f"{first} one?") if is_named else asked


def _input(step: Mapping[str, Any], name: str, entry: Entry, pill_of: PillOf) -> Slot:
    field, value = f"input.{name}", _given(step).get(name)
    if _is_nothing(value):
        if name in entry.info.required and not _is_calculated(step):
            return missing(field, question_for(entry, name))
        return slot(field, "…")
    if isinstance(value, str):
        return slot(field, address_words(value) or f"“{text(value)}”")
    told = stand_in(value) if path_of(value) is None else None
    if told:
        return slot(field, f"“{text(told)}”")
    said = value_slot(field, value, pill_of)
    return replace(said, words=address_words(said.words) or said.words)


def _given(step: Mapping[str, Any]) -> Mapping[str, Any]:
    given = mapping(step.get("input"))
    return {unescape_key(name): value for name, value in given.items()}


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _is_calculated(step: Mapping[str, Any]) -> bool:
    """Whether the whole input is worked out when it runs."""
    return operator_call(step.get("input")) is not None


def _others_missing(sentence: str, step: Mapping[str, Any], entry: Entry) -> Phrase:
    """Questions for what must be given and stands nowhere in the sentence."""
    if _is_calculated(step):
        return []
    given, told = _given(step), set(_SLOT.findall(sentence))
    has_slots = bool(told)
    parts: Phrase = []
    for name in entry.info.required:
        if name not in told and _is_nothing(given.get(name)):
            question = missing(f"input.{name}", question_for(entry, name))
            parts += [", " if parts or has_slots else ": ", question]
    return parts


def _account(step: Mapping[str, Any], entry: Entry, names: Names) -> Slot | None:
    connection = step.get("connection")
    name = names.get(f"connection:{connection}") if isinstance(connection, str) else None
    if name:
        return slot("connection", clip(name))
    if entry.needs_account:
        return missing("connection", f"which account at {entry.connector_name}?")
    return None


def question_for(entry: Entry, name: str) -> str:
    """The question for an input: `Subject` is `which subject?`, `To` is `to whom?`."""
    title = clip(" ".join(entry.titles.get(name, name.replace("_", " ")).split()))
    said = title if title[1:2].isupper() else title[:1].lower() + title[1:]
    if said in _PREPOSITIONS:
        return _PREPOSITIONS[said]
    if said.startswith(_ASKING):
        return f"{said.rstrip('?')}?"
    if said == "amount":
        return "how much?"
    if said.startswith("number of "):
        return f"how many {said.removeprefix('number of ')}?"
    return f"which {said}?"
