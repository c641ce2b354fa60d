"""The head of the page: what is saved, what is live, what can be undone, whether it can go live."""

from datetime import datetime

from wedsync.platform.wording import Wording
from wedsync.workflows.building.board.board_parts import Bar, Publishing, Undo
from wedsync.workflows.building.board.setting import Setting
from wedsync.workflows.editing.service import content_hash
from wedsync.workflows.words.workflow_words import workflow_state

_MINUTE = 60


def bar_of(setting: Setting, errors: int) -> Bar:
    """The bar; `errors` is how many problems keep the draft from going live."""
    around = setting.around
    here = setting.workflow.draft_operation
    differs = _differs(setting)
    return Bar(
        name=setting.workflow.name,
        draft=_draft(around.last_version) if differs else "",
        saved=f"Saved {ago(around.done[0].at, setting.words)}" if around.done else "",
        live=f"version {around.live_version} is live" if around.live_version else "",
        undo=Undo(around.undo, here) if around.undo else None,
        redo=Undo(around.redo, here + 1) if around.redo else None,
        publishing=_publishing(setting, differs, errors),
        state=workflow_state(setting.workflow),
    )


def _draft(last_version: int | None) -> str:
    return f"Draft of version {last_version + 1}" if last_version else "Not published yet"


def ago(moment: datetime, words: Wording) -> str:
    """`3 s ago` while somebody still waits for it, else as everywhere."""
    passed = int((words.now - moment).total_seconds())
    return f"{passed} s ago" if 0 < passed < _MINUTE else words.ago(moment)


def _differs(setting: Setting) -> bool:
    """Whether the draft is another than what is live."""
    if setting.around.live_hash is None or setting.refusal:
        return True
    return content_hash(setting.definition) != setting.around.live_hash


def _publishing(setting: Setting, differs: bool, errors: int) -> Publishing:
    is_first = setting.around.live_version is None
    if not setting.may_edit:
        return Publishing(False, "", is_first)
    if errors:
        return Publishing(False, f"{errors} to answer first", is_first)
    if not differs:
        same = f"The same as version {setting.around.live_version}, which is live"
        return Publishing(False, same, is_first)
    return Publishing(True, "", is_first)
