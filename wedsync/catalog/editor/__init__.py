"""The guided editor of a manifest: each part of it as a form that reads from and writes into a
document which may be half-finished.

`PARTS` are edited whole (what it is, how it connects, how it tells us, the file itself), `ROWS`
one entry at a time (actions, triggers).
"""

from wedsync.catalog.editor.actions import ActionForm
from wedsync.catalog.editor.basics import BasicsForm
from wedsync.catalog.editor.connecting import ConnectingForm
from wedsync.catalog.editor.fields import PartForm
from wedsync.catalog.editor.file import FileForm
from wedsync.catalog.editor.triggers import HooksForm, TriggerForm

PARTS: dict[str, type[PartForm]] = {
    "basics": BasicsForm,
    "connecting": ConnectingForm,
    "hooks": HooksForm,
    "file": FileForm,
}
ROWS: dict[str, type[PartForm]] = {"actions": ActionForm, "triggers": TriggerForm}

_PART_OF = {
    "auth": "connecting",
    "base_url": "connecting",
    "account": "connecting",
    "hooks": "hooks",
    "streams": "file",
    "choices": "file",
}


def place_of(path: str) -> tuple[str, int | None]:
    """Where a problem's path is mended: a part, or a kind of row and its number.

    `actions.2.request` is `("actions", 2)`, `shelf.docs_url` is `("basics", None)`.
    """
    head, *rest = path.split(".")
    if head in ROWS and rest and rest[0].isdecimal():
        return head, int(rest[0])
    if head in ROWS or not head:
        return "file", None
    return _PART_OF.get(head, "basics"), None
