"""Said in passing: after a change, the way back to the page and a sentence that waits there."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from flask import flash, redirect
from werkzeug.wrappers import Response

from wedsync.errors import WedSyncError
from wedsync.platform.db import db


@dataclass(frozen=True, slots=True)
class Undo:
    """How to take back what was just done: what is posted, and where to."""

    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


def done(words: str, url: str, *, undo: Undo | None = None) -> Response:
    """Go back to `url`, where `words` say what was done, with a button that takes it back."""
    flash(words if undo is None else {"words": words, **asdict(undo)}, "done")  # type: ignore[arg-type]
    return redirect(url, 303)


def refused(error: WedSyncError, url: str) -> Response:
    """Undo what was begun and go back to `url`, where the refusal is said."""
    db.session.rollback()
    flash(error.detail, "needs")
    return redirect(url, 303)
