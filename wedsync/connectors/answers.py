"""Reading what a REST service answered: its data, or what went wrong in a sentence."""

import re
from typing import Any

from wedsync.connectors.contract import Failed, FailureKind, Succeeded
from wedsync.connectors.filling import reached
from wedsync.platform import documents
from wedsync.platform.outbound import Answer, Outcome
from wedsync.platform.retry_after import retry_after_s

_LONGEST_SAID = 200
# Where services write their sentence: Stripe and Google, RFC 9457, RFC 6749, and plain habit.
_SENTENCES = (
    "error.message",
    "detail",
    "message",
    "error_description",
    "errors.0.message",
    "errors.0.detail",
    "errors.0",
    "title",
    "error",
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_PAGE = re.compile(rb"\s*(?:<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)


def read(outcome: Outcome, output: str = "") -> Succeeded | Failed:
    """The step's output, found at the dotted path `output` of a JSON answer; or what is wrong.

    An answer without a body succeeds with None. Text that is no JSON succeeds as itself where the
    whole answer is asked for; a web page never does.
    """
    if not isinstance(outcome, Answer):
        return Failed(outcome.kind, outcome.code, outcome.message)
    if not 200 <= outcome.status < 300 or outcome.truncated or is_page(outcome):
        return failed_of(outcome)
    if not outcome.body.strip():
        return Succeeded(None)
    try:
        return Succeeded(reached(documents.read(outcome.body), output))
    except documents.BadDocument:
        if output or _says_json(outcome):
            return failed_of(outcome)
        return Succeeded(outcome.body.decode("utf-8", "replace").replace("\x00", ""))


def failed_of(answer: Answer) -> Failed:
    """What an answer that cannot be used means for the vendor.

    429 `rate_limit`; 401 `auth`; 408, 5xx and a success that cannot be read `maybe`; else
    `permanent`. Their own words are quoted, bounded, except where they talk about the key.
    """
    return Failed(_kind(answer), _code(answer), _sentence(answer), _wait_s(answer))


def is_page(answer: Answer) -> bool:
    """Whether a web page came where data was expected; an empty answer is none, whatever it says
    it is (frameworks call an empty 204 text/html)."""
    if not answer.body.strip():
        return False
    declared = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return declared in ("text/html", "application/xhtml+xml") or bool(_PAGE.match(answer.body))


def _kind(answer: Answer) -> FailureKind:
    if answer.status == 429:
        return "rate_limit"
    if answer.status == 401:
        return "auth"
    if answer.status == 408 or answer.status >= 500:
        return "maybe"
    if 200 <= answer.status < 300 and not answer.truncated:
        return "maybe"  # a page or a broken document: whether they acted, nobody can tell
    return "permanent"


def _code(answer: Answer) -> str:
    if 200 <= answer.status < 300:
        return "output_refused" if answer.truncated else "answer_unreadable"
    return f"http_{answer.status}"


def _sentence(answer: Answer) -> str:
    if 200 <= answer.status < 300:
        return _unusable(answer)
    if answer.status == 401:
        return "They did not accept our sign-in (401)."
    if 300 <= answer.status < 400:
        return f"They sent us on to another address ({answer.status}), which we do not follow."
    if answer.status == 429:
        return "They ask us to slow down (429)."
    if is_page(answer):
        return f"They answered with a web page instead of data ({answer.status})."
    said = _their_words(answer)
    return f"They answered {answer.status}: {said}" if said else f"They answered {answer.status}."


def _unusable(answer: Answer) -> str:
    if answer.truncated:
        return "They accepted it, but their answer is too large to keep."
    if is_page(answer):
        return f"They answered with a web page instead of data ({answer.status})."
    return f"Their answer ({answer.status}) could not be read."


def _their_words(answer: Answer) -> str | None:
    try:
        document: Any = documents.read(answer.body)
    except documents.BadDocument:
        return None
    for path in _SENTENCES:
        said = reached(document, path)
        if isinstance(said, str) and said.strip():
            return bounded(said)
    return None


def bounded(said: str) -> str:
    """Their words, short enough and without what would change how a page reads."""
    clean = _UNPRINTABLE.sub(" ", said).strip()
    return clean if len(clean) <= _LONGEST_SAID else f"{clean[: _LONGEST_SAID - 1]}…"


def _wait_s(answer: Answer) -> float | None:
    return retry_after_s(answer) if answer.status in (429, 503) else None


def _says_json(answer: Answer) -> bool:
    return "json" in answer.headers.get("content-type", "").lower()
