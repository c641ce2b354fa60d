"""Why a delivery did not arrive, in plain words, by the code that is kept of it."""

from wedsync.platform.wording import capital
from wedsync.webhooks.delivering import heads
from wedsync.webhooks.models import DeliveryAttempt

_STATUSES = {
    400: ("does not understand it", "does not understand what we sent"),
    401: ("asks who we are", "asks who we are"),
    403: ("does not let us in", "does not let us in"),
    404: ("nothing there", "knows nothing at this address"),
    405: ("takes no posts", "takes no posts at this address"),
    408: ("took too long to read it", "took too long to read it"),
    409: ("disagrees with what it has", "says that it disagrees with what it has"),
    410: ("gone for good", "says that this address is gone for good"),
    413: ("too large for them", "says that it is too large"),
    415: ("takes no JSON", "says that it takes no JSON"),
    422: ("does not accept it", "does not accept what is in it"),
    429: ("asks us to slow down", "asks us to slow down"),
    500: ("broke while taking it", "broke while it took it"),
    502: ("out of reach behind their gate", "says that it cannot reach what stands behind it"),
    503: ("down for now", "says that it is down for now"),
    504: ("too slow behind their gate", "says that what stands behind it did not answer in time"),
}
_CODES = {
    "gone": ("gone for good", "They said that this address is gone for good"),
    "redirected": (
        "sent us elsewhere",
        "They sent us on to another address, which we do not follow",
    ),
    "worker_lost": ("interrupted", "We were interrupted; they may have got it"),
    "aborted": ("ended by us", "We ended it ourselves, as nobody wanted it any more"),
    "interrupted": (
        "interrupts us each time",
        "We were interrupted each time we sent this, and have stopped trying",
    ),
    "not_ready": ("could not be signed", "We could not sign what should be sent"),
    "timeout": ("no answer in 15 s", "They did not answer within 15 s"),
    "connect_timeout": ("not reached in time", "Their server could not be reached in time"),
    "connect_failed": ("nobody listens", "Nothing is listening at this address"),
    "dns_failed": ("name not found", "The name of this address could not be found"),
    "tls_failed": ("not secure", "A secure connection could not be made"),
    "reset": ("hung up", "They ended the connection before they had answered"),
    "answer_invalid": ("no valid answer", "What came back is not a valid answer"),
    "answer_too_large": ("endless answer", "What came back had no end, so we stopped reading"),
    "address_refused": (
        "a private address",
        "The address leads into a private network, where we send nothing",
    ),
    "url_refused": ("no valid address", "This is not an address we can send to"),
    "request_refused": ("not sent", "What should be sent is nothing we can send"),
}


def short(code: str) -> str:
    """A few words for a column or a choice: `503, down for now`, `no answer in 15 s`."""
    status = status_in(code)
    if status is None:
        return _CODES[code][0] if code in _CODES else code.replace("_", " ")
    return f"{status}, {_status(status)[0]}"


def answer(attempt: DeliveryAttempt) -> str:
    """What came of a try, in a few words."""
    if attempt.finished_at is None:
        return "on its way"
    if attempt.outcome == "ok":
        return f"{attempt.status}, taken"
    return short(attempt.error or "") if attempt.error else "did not arrive"


def reason(attempt: DeliveryAttempt) -> str:
    """Why a try did not succeed, as a sentence without its end."""
    code = attempt.error or ""
    status = status_in(code)
    if status is not None:
        return f"Their server {_status(status)[1]} ({status}){_when_to_come_back(attempt)}"
    told = (attempt.answer or "").rstrip(".")
    if attempt.status is None and told and code not in ("worker_lost", "timeout", "reset"):
        return capital(told)
    return _CODES[code][1] if code in _CODES else capital(told) or "It did not arrive"


def status_in(code: str) -> int | None:
    """The status in a code like `http_503`."""
    digits = code.removeprefix("http_")
    return int(digits) if code.startswith("http_") and digits.isdigit() else None


def _status(status: int) -> tuple[str, str]:
    if status in _STATUSES:
        return _STATUSES[status]
    if 400 <= status < 500:
        return "refuses it", "refuses what we sent"
    return "trouble of their own", "has trouble of its own"


def _when_to_come_back(attempt: DeliveryAttempt) -> str:
    """Whether a server that is busy or down said until when."""
    if attempt.status not in (429, 503) or attempt.response_headers is None:
        return ""
    said = any(name.lower() == "retry-after" for name, _ in heads.read(attempt.response_headers))
    if said:
        return " and said when to come back, which we keep to"
    return " and named no time to come back, so we keep to ours"
