"""Values as the data picker lists them: what they are called, their kind, and how they look.

A name is made of words alone, so that it can be typed between brackets; sealed values are there
and never said.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

import orjson
from babel.dates import format_date

from wedsync.platform.leaves import is_sealed
from wedsync.platform.wording import LOCALE, Wording, capital, name_words
from wedsync.workflows.engine.currencies import EXPONENTS
from wedsync.workflows.engine.functions.kinds import Unusable, moment
from wedsync.workflows.engine.words import clip, is_date, value_words
from wedsync.workflows.words.shown_values import HIDDEN

ItemKind = Literal["text", "number", "money", "date", "list", "yes_no", "anything"]
Path = tuple[str, ...]

MOST_ITEMS = 60
LONGEST_LABEL = 60
LONGEST_SAMPLE = 40
_DEEPEST = 6

KIND_ICONS: Mapping[ItemKind, Mapping[str, str]] = {
    "text": {"icon": "letter-case"},
    "number": {"icon": "hash"},
    "money": {"icon": "coins"},
    "date": {"icon": "calendar"},
    "list": {"icon": "list-details"},
    "yes_no": {"icon": "toggle-left"},
    "anything": {"icon": "database"},
}
_ICONS_BY_WORD: Mapping[str, Mapping[str, str]] = {
    "mail": {"icon": "mail"},
    "phone": {"icon": "phone"},
    "name": {"icon": "user"},
    "couple": {"icon": "heart"},
}

_WRAPPERS = frozenset(("data", "object", "attributes", "record", "payload", "body", "json"))
_VAGUE = frozenset(
    (
        "address", "amount", "code", "currency", "date", "description", "email", "id", "label",
        "message", "mobile", "name", "note", "notes", "number", "phone", "status", "time", "title",
        "type", "url", "value",
    )
)  # fmt: skip
_SAID = {"email": "e-mail", "id": "number", "url": "link", "datetime": "date and time"}
_CHANGES = {"from": "before", "to": "after", "before": "before", "after": "after"}
_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])[A-Z](?=[a-z])")


@dataclass(frozen=True, slots=True)
class DataItem:
    """One value a step can read: `expression` gives it, `sample_words` say what it is for the
    example. `longer` is its name when another is called the same."""

    expression: Any
    label: str
    icon: str
    kind: ItemKind
    sample_words: str
    longer: str = ""


@dataclass(frozen=True, slots=True)
class DataGroup:
    """Where values come from, and the values. `place` ends a name that is not the only one:
    `step 2`. What it is called is found out when somebody asks: few of a draft's are shown."""

    called: str | Callable[[], str]
    items: tuple[DataItem, ...]
    place: str = ""

    @property
    def title(self) -> str:
        return self.called if isinstance(self.called, str) else self.called()


def read(*path: str) -> Any:
    """The expression that reads a path, with names that hold dots as well."""
    if all(part and "." not in part for part in path):
        return {"var": ".".join(path)}
    return {"val": list(path)}


def key_of(expression: Any) -> bytes:
    """An expression as a key: the same for the same, however its names are ordered."""
    try:
        return orjson.dumps(expression, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return b""


def items_of(value: Any, root: Path, wording: Wording) -> Iterator[DataItem]:
    """The single values inside a value that lies at `root`, at most `MOST_ITEMS`; of a value that
    is single itself, that one."""
    leaves = _leaves(value, ())
    for path, leaf, around in islice(leaves, MOST_ITEMS):
        item = item_of(leaf, (*root, *path), path, wording)
        yield _as_money(item, leaf, around, wording) or item


def item_of(value: Any, whole: Path, path: Path, wording: Wording) -> DataItem:
    """One value: `whole` is where it lies, `path` the part of it that names it."""
    kind = kind_of(value)
    label, longer = labels_of(path or whole[-1:])
    return DataItem(
        expression=read(*whole),
        label=label,
        icon=icon_of(label, kind),
        kind=kind,
        sample_words=sample_words(value, wording),
        longer=longer,
    )


def kind_of(value: Any) -> ItemKind:
    """What can be asked of a value."""
    if is_sealed(value):
        return "anything"
    if isinstance(value, bool):
        return "yes_no"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "date" if is_date(value) else "text"
    if isinstance(value, list):
        return "list"
    return "money" if is_money(value) else "anything"


def is_money(value: Any) -> bool:
    """Whether this is an amount in minor units with its currency, and nothing else."""
    return (
        isinstance(value, dict)
        and value.keys() == {"amount", "currency"}
        and type(value["amount"]) is int
        and isinstance(value["currency"], str)
        and value["currency"] in EXPONENTS
    )


def icon_of(label: str, kind: ItemKind) -> str:
    """The drawing of a value: by its name where that tells more than its kind."""
    if kind in ("text", "anything"):
        for word, look in _ICONS_BY_WORD.items():
            if word in label.lower():
                return look["icon"]
    return KIND_ICONS[kind]["icon"]


def sample_words(value: Any, wording: Wording) -> str:
    """What a value is, short: `12 Jun 2027`, `today, 10:42`, `£1,850.00`, `hidden here`."""
    if is_sealed(value) or (isinstance(value, list) and any(map(is_sealed, value))):
        return HIDDEN
    if isinstance(value, str) and is_date(value):
        return _moment_words(value, wording)
    return clip(value_words(value), LONGEST_SAMPLE)


def _moment_words(written: str, wording: Wording) -> str:
    try:
        found = moment(written)
        if isinstance(found, datetime):
            return wording.moment(found) if found.tzinfo else value_words(written)
    except (Unusable, OverflowError, ValueError):
        return clip(value_words(written), LONGEST_SAMPLE)
    return short_day(found)


def short_day(day: date) -> str:
    """`12 Jun 2027`."""
    return format_date(day, "d MMM y", locale=LOCALE)


def labels_of(path: Sequence[str]) -> tuple[str, str]:
    """What is at a path, and the same with what it belongs to: `Email` of a guest is called
    `Guest’s e-mail`, `party_size` is `Party size`, and `Guest’s party size` where it must."""
    return _labels_of(tuple(part[: 2 * LONGEST_LABEL] for part in path))


@lru_cache(4096)
def _labels_of(path: Path) -> tuple[str, str]:
    own = [part for part in path if not part.isdigit()] or list(path)
    *around, last = [part for part in own[:-1] if part.lower() not in _WRAPPERS] + own[-1:]
    words = [_words(part) for part in around]
    if len(around) > 0 and last.lower() in ("from", "to"):
        return _both(f"{words[-1]} {_CHANGES[last.lower()]}", words[:-1])
    if around and around[-1].lower() in ("before", "after"):
        return _both(f"{_words(last)} {around[-1].lower()}", words[:-1])
    if around and last.lower() in _VAGUE:
        return _both(f"{_of(words[-1])} {_words(last)}", words[:-1])
    return _both(_words(last), words)


def _both(label: str, around: Sequence[str]) -> tuple[str, str]:
    named = _label(label)
    return named, _label(f"{_of(around[-1])} {label}") if around else named


def _label(words: str) -> str:
    return clip(capital(words.strip()), LONGEST_LABEL) or "A value"


def _of(owner: str) -> str:
    return f"{owner}’" if owner.endswith("s") else f"{owner}’s"


@lru_cache(4096)
def _words(part: str) -> str:
    """`meals_lock_date` and `mealsLockDate` are `meals lock date`, `email` is `e-mail`."""
    apart = _CAMEL.sub(lambda found: f" {found[0].lower()}", part)
    words = [_SAID.get(word.lower(), word) for word in _WORD.findall(apart)]
    said = name_words("_".join(words)) if "e-mail" not in words else " ".join(words)
    return said if said[:3].isupper() else said[:1].lower() + said[1:]


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """Each single value with the record around it."""
    if not isinstance(value, dict) or is_sealed(value) or is_money(value):
        yield path, value, None
        return
    for name, part in value.items():
        if name == "object" and isinstance(part, str) and "id" in value:
            continue  # Stripe's word for what kind of record this is
        inside = (*path, str(name))
        if isinstance(part, dict) and part and not is_sealed(part) and not is_money(part):
            if len(inside) < _DEEPEST:
                yield from _leaves(part, inside)
        else:
            yield inside, part, value


def _as_money(item: DataItem, value: Any, around: Any, wording: Wording) -> DataItem | None:
    """Of a record of Stripe's, which says what `object` it is and keeps its currency beside, an
    amount with that currency."""
    last = read_path(item.expression)[-1] if isinstance(around, dict) else ""
    if type(value) is not int or not ("amount" in last or last in ("total", "subtotal")):
        return None
    currency = around.get("currency")
    if not isinstance(around.get("object"), str) or not isinstance(currency, str):
        return None
    if currency.upper() not in EXPONENTS:
        return None
    beside = read(*read_path(item.expression)[:-1], "currency")
    paid = {"amount": value, "currency": currency.upper()}
    return replace(
        item,
        expression={"money.of_minor": [item.expression, beside]},
        kind="money",
        icon=KIND_ICONS["money"]["icon"],
        sample_words=sample_words(paid, wording),
    )


def read_path(expression: Any) -> Path:
    """The path of an expression that `read` made."""
    if "var" in expression:
        return tuple(expression["var"].split("."))
    return tuple(expression["val"])
