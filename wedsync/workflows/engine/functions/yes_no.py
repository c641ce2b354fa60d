"""`yes_no.`: answers as people and forms give them."""

from typing import Any

from wedsync.workflows.engine.functions.function import Group, optional
from wedsync.workflows.engine.functions.kinds import ANY, TEXT, YES_NO
from wedsync.workflows.engine.functions.text import folded

yes_no = Group("yes_no")

_YES = frozenset(
    ("yes", "y", "true", "t", "1", "on", "ok", "okay", "sure", "of course", "accepted", "accepts",
     "accept", "attending", "will attend", "coming", "confirmed", "checked", "oui", "si", "ja")
)  # fmt: skip
_NO = frozenset(
    ("no", "n", "false", "f", "0", "off", "declined", "declines", "decline", "regrets",
     "not attending", "will not attend", "cannot attend", "not coming", "cannot come", "unchecked",
     "non", "nein")
)  # fmt: skip
_YES_BEGINNINGS = ("joyfully accept", "happily accept", "gladly accept", "delighted to accept",
                   "yes,", "yes!", "yes ", "accepts with")  # fmt: skip
_NO_BEGINNINGS = ("regretfully decline", "sadly decline", "respectfully decline", "declines with",
                  "sorry", "unfortunately", "no,", "no ")  # fmt: skip


def reading(value: Any) -> bool | None:
    """True, False, or None when it is neither."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return bool(value) if value in (0, 1) else None
    if not isinstance(value, str):
        return None
    said = folded(value[:200]).strip(" .!").replace("’", "'").replace("can't", "cannot")
    if said in _NO or said.startswith(_NO_BEGINNINGS):
        return False
    if said in _YES or said.startswith(_YES_BEGINNINGS):
        return True
    return None


@yes_no.function("is yes", YES_NO, "Joyfully accepts", True, verb="yes", answer=ANY)
def is_yes(answer: Any) -> bool:
    """Whether an answer says yes, in one of the usual ways."""
    return reading(answer) is True


@yes_no.function("is no", YES_NO, "Regretfully declines", True, verb="no", answer=ANY)
def is_no(answer: Any) -> bool:
    """Whether an answer says no, in one of the usual ways."""
    return reading(answer) is False


@yes_no.function("read", YES_NO, "maybe", None, answer=ANY)
def read(answer: Any) -> bool | None:
    """Yes, no, or nothing when the answer is neither."""
    return reading(answer)


@yes_no.function(
    "in words", TEXT, True, "yes", answer=ANY,
    yes=optional(TEXT, "yes"), no=optional(TEXT, "no"), otherwise=optional(TEXT, "not known"),
)  # fmt: skip
def in_words(answer: Any, yes: str, no: str, otherwise: str) -> str:
    """One word for yes, another for no, a third for neither."""
    found = reading(answer)
    return otherwise if found is None else yes if found else no
