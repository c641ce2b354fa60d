"""Every refusal and failure the product answers with, as one tree.

    WedSyncError                  something was refused or failed, said in one sentence
     ├─ Invalid                   422  what was sent cannot be used as it is
     ├─ Malformed                 400  it could not even be read
     ├─ NotSignedIn               401
     ├─ Forbidden                 403  a teammate without the right
     ├─ NotFound                  404  absent, or somebody else's
     ├─ Conflict                  409
     ├─ Gone                      410
     ├─ Stale                     412  somebody changed it first
     ├─ PreconditionRequired      428
     ├─ TooLarge                  413
     ├─ TooSlow                   408
     ├─ TooMany                   429
     └─ Unavailable               503  ours to mend; trying again helps

Exceptions roll the transaction back. A refusal that must be remembered (a wrong password, a
spent link) is a `Refused` value instead: the service returns it, the route commits, then renders.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that was refused. `pointer` is a JSON Pointer (RFC 6901) into the request."""

    pointer: str
    code: str
    message: str


class WedSyncError(Exception):
    """Base of the tree.

    `code` is stable and documented, `title` names the kind, `detail` is the sentence for this
    case, `status` the HTTP status, `retryable` whether the same request may succeed later.
    """

    code = "error"
    title = "Something went wrong"
    status = 500
    retryable = False

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        retry_after_s: int | None = None,
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.code = code or self.code
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s
        self.extra = extra or {}


class Invalid(WedSyncError):
    code, title, status = "invalid", "Some of this cannot be used yet", 422


class Malformed(WedSyncError):
    code, title, status = "malformed", "This could not be read", 400


class NotSignedIn(WedSyncError):
    code, title, status = "not_signed_in", "Please sign in", 401


class Forbidden(WedSyncError):
    code, title, status = "forbidden", "This is for somebody with another role", 403


class NotFound(WedSyncError):
    code, title, status = "not_found", "There is nothing here", 404


class Conflict(WedSyncError):
    code, title, status = "conflict", "This clashes with something that exists", 409


class Gone(WedSyncError):
    code, title, status = "gone", "This is no longer here", 410


class Stale(WedSyncError):
    code, title, status = "stale", "Somebody changed this first", 412


class PreconditionRequired(WedSyncError):
    code, title, status = "precondition_required", "Say which state you are changing", 428


class TooLarge(WedSyncError):
    code, title, status = "body_too_large", "This is too large", 413


class TooSlow(WedSyncError):
    code, title, status = "body_too_slow", "This arrived too slowly", 408
    retryable = True


class TooMany(WedSyncError):
    code, title, status = "too_many", "That was too often", 429
    retryable = True


class Unavailable(WedSyncError):
    code, title, status = "unavailable", "We cannot do this right now", 503
    retryable = True


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal whose memory is kept: returned by a service, committed, then rendered."""

    code: str
    detail: str
    status: int = 422
    retry_after_s: int | None = None
