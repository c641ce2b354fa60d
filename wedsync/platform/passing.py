"""Said in passing: after a change, the way back to the page and a sentence that waits there."""

from flask import flash, redirect
from werkzeug.wrappers import Response

from wedsync.errors import WedSyncError
from wedsync.platform.db import db


def done(words: str, url: str) -> Response:
    """Go back to `url`, where `words` say what was done."""
    flash(words, "done")
    return redirect(url, 303)


def refused(error: WedSyncError, url: str) -> Response:
    """Undo what was begun and go back to `url`, where the refusal is said."""
    db.session.rollback()
    flash(error.detail, "needs")
    return redirect(url, 303)
