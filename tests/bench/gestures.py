"""What somebody presses in the builder, on a workflow of sixty steps with branches.

Each gesture is pressed as the page's script presses it, with what the page holds, and taken back;
the page is read anew in between, which is not measured.
"""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from tests.bench.measurement import Run, percentile
from tests.bench.processes import BenchError
from tests.bench.visitor import Answer, Visitor, sign_up
from tests.workflows.connected import connect_built_in
from wedsync.accounts.organizations import acting
from wedsync.listings.built_in import publish_built_in
from wedsync.platform.db import db
from wedsync.weddings import service as weddings
from wedsync.workflows.editing import service as workflows

_BLOCKS = 10
_COUPLES = 20
_EDITOR = "beatrice@example.com"
_WORKFLOW = "Look after every answer"
_HELD = re.compile(r'data-part="([^"]*)"\s+data-held="([^"]*)"')
_SEEN = re.compile(r'name="seen"[^>]*value="([^"]*)"')
_SMTP = {
    "host": "127.0.0.1",
    "port": "9",
    "security": "None",
    "from_address": "hello@rosewood.example",
}


@dataclass(frozen=True)
class Gesture:
    """A form of the page. `where` is what the page shows then; the form of a panel says what it
    showed (`is_of_panel`). One that `keeps` the draft as it is leaves nothing to take back."""

    name: str
    where: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    is_of_panel: bool = False
    keeps: bool = False


_AT = {"step": "mail-6"}
_SHAPE = {"step": "shape-6"}
_CHOICE = {"step": "coming-6"}
_BRANCH = {**_CHOICE, "field": "branches.0.when"}
_ROW = {**_BRANCH, "place": "0"}
_LETTER = {
    "to": "[Name of the wedding]",
    "subject": "See you soon",
    "body": "Dear both, see you soon.",
}
_TYPED = {f"input.{name}": value for name, value in _LETTER.items()}

GESTURES = (
    Gesture("add", {"pick": "step", "after": "mail-6"}, {"key": "do:smtp.send", "after": "mail-6"}),
    Gesture("remove", _AT, _AT),
    Gesture("move", _AT, {**_AT, "way": "up"}),
    Gesture("move-to", _AT, {**_AT, "list": "steps", "after": "mail-8"}),
    Gesture("duplicate", _AT, _AT),
    Gesture("turn-off", _AT, _AT),
    Gesture("turn-on", {"step": "shape-9"}, {"step": "shape-9"}),
    Gesture("rename", _AT, {**_AT, "label": "Tell the caterer"}),
    Gesture("note", _AT, {**_AT, "note": "Ana asked for this."}),
    Gesture("use-connection", {"step": "mail-0"}, {"step": "mail-0"}),
    Gesture("fields", _AT, {**_AT, **_TYPED}, is_of_panel=True),
    Gesture(
        "choose",
        {"step": "seat-6"},
        {"step": "seat-6", "field": "input.guest_id", "pick": "choices", "chosen": "g_ben"},
        is_of_panel=True,
    ),
    Gesture("set-trigger", {"pick": "start"}, {"key": "ours:wedding.date_changed"}),
    Gesture("add-branch", _CHOICE, _CHOICE),
    Gesture("remove-branch", _BRANCH, {**_CHOICE, "branch": "0", "was": "Yes"}),
    Gesture("rename-branch", _BRANCH, {**_CHOICE, "branch": "0", "was": "Yes", "label": "Coming"}),
    Gesture("move-branch", _BRANCH, {**_CHOICE, "branch": "0", "was": "Yes", "way": "down"}),
    Gesture("add-row", _BRANCH, _BRANCH, is_of_panel=True),
    Gesture("add-group", _BRANCH, _BRANCH, is_of_panel=True),
    Gesture(
        "change-row", _BRANCH, {**_ROW, "verb": "text.is", "others.0": "maybe"}, is_of_panel=True
    ),
    Gesture("remove-row", _BRANCH, _ROW, is_of_panel=True),
    Gesture("set-joined", _BRANCH, {**_BRANCH, "place": "", "joined": "any"}, is_of_panel=True),
    Gesture(
        "insert",
        {**_SHAPE, "field": "values.0.value", "pick": "field"},
        {**_SHAPE, "field": "values.0.value", "pick": "field", "name": "Venue"},
        is_of_panel=True,
    ),
    Gesture(
        "apply-function",
        {**_AT, "field": "input.to", "pick": "field"},
        {**_AT, "field": "input.to", "pick": "field", "function": "text.lower"},
        is_of_panel=True,
    ),
    Gesture("copy", _AT, _AT, keeps=True),
    Gesture("cut", _AT, _AT),
    Gesture("paste", _AT, {"after": "mail-6"}),
    Gesture("name", _AT, {"name": _WORKFLOW}, keeps=True),
)
_UNDO, _REDO = Gesture("undo"), Gesture("redo")
_TAKEN_BACK = dict.fromkeys(("add", "move", "fields"), (_UNDO, _REDO, _UNDO))


def make_workflow(run: Run) -> None:
    """An organization with couples and accounts, and the workflow its editor puts together."""
    app = run.stage.app
    with app.app_context():
        publish_built_in()
        user, made = sign_up(_EDITOR)
        own_id, editor = made.id, acting(made.id, user.id, "owner")
        for number in range(_COUPLES):
            day = f"2031-06-{number + 1:02}"
            weddings.create(editor, {"title": f"Ada & Ben {number + 1}", "date": day})
        db.session.commit()
    mailbox = connect_built_in(app, own_id, "smtp", _SMTP)
    practice = connect_built_in(app, own_id, "sandbox", {})
    with app.app_context():
        workflows.create(own_id, _WORKFLOW, definition(mailbox, practice))
        db.session.commit()


def definition(mailbox: UUID, practice: UUID) -> dict[str, Any]:
    """Sixty steps, half of them inside branches and loops."""
    steps = [step for block in range(_BLOCKS) for step in _block(block, mailbox, practice)]
    trigger = {"kind": "event", "event_type": "wedding.updated", "source": "ours"}
    return {"format": 1, "trigger": trigger, "steps": steps}


def _block(number: int, mailbox: UUID, practice: UUID) -> Iterator[dict[str, Any]]:
    """Six steps, of which three stand in the workflow's own list."""
    names, answer = (
        {"wedding.couple": [{"var": "wedding"}]},
        f"steps.shape-{number}.answer_{number}",
    )
    status = {"var": "wedding.status"}
    values = {"place": "At", f"couple_{number}": names, f"answer_{number}": status}
    off = {"off": True} if number == _BLOCKS - 1 else {}
    yield {"id": f"shape-{number}", "kind": "set", "values": values, **off}
    letter = {
        "to": {"var": f"steps.shape-{number}.couple_{number}"},
        "subject": {"cat": ["See you at ", {"var": "wedding.venue"}]},
        "body": {"text.body": "Dear {{ wedding.title }}, see you soon."},
    }
    mail = _does(f"mail-{number}", "smtp.send", letter)
    yield {**mail, "connection": str(mailbox)} if number else mail
    guest = {"guest_id": "g_ada"}
    seat = _does(f"seat-{number}", "sandbox.release_seat", guest, connection=str(practice))
    tell = _does(f"tell-{number}", "http.request", {"method": "GET", "url": "https://far.example/"})
    partners = {"wedding.partners": [{"var": "wedding"}]}
    each = {"id": f"each-{number}", "kind": "for_each", "items": partners, "steps": [tell]}
    booked = {"text.is": [{"var": answer}, "booked"]}
    both = {"and": [booked, {">": [{"var": "wedding.final_count"}, 40]}]}
    branches = [
        {"label": "Yes", "when": both, "steps": [seat]},
        {"label": "Perhaps", "when": {"text.is": [{"var": answer}, "asked"]}, "steps": [each]},
    ]
    yield {"id": f"coming-{number}", "kind": "choose", "branches": branches, "otherwise": []}


def _does(step_id: str, use: str, given: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": step_id, "kind": "action", "use": use, "input": given, **more}


class Editor:
    """Somebody in front of the page of that workflow."""

    def __init__(self, run: Run) -> None:
        self._visitor = Visitor(run.stage.ports.front, _EDITOR)
        query = "SELECT id FROM workflows WHERE name = %s"
        self._page = f"/workflows/{run.stage.ask(query, _WORKFLOW)}/edit"
        self._address, self._shown = self._page, ""

    def look(self, where: Mapping[str, str]) -> None:
        """Have the page in a state."""
        self._address = f"{self._page}?{urlencode(where)}"
        self._shown = unescape(self._visitor.get(self._address).content.decode())

    def press(self, gesture: Gesture) -> Answer:
        """Send its form, as the script of the page does."""
        held = "\n".join(" ".join(pair) for pair in _HELD.findall(self._shown))
        sent = {**gesture.fields, "held": held}
        if gesture.is_of_panel:
            sent["seen"] = _SEEN.findall(self._shown)[0]
        headers = {
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Current-URL": f"http://localhost{self._address}",
            "Idempotency-Key": uuid.uuid4().hex,
        }
        answer = self._visitor.post(f"{self._page}/{gesture.name}", sent, headers)
        if b"hx-partial" not in answer.content:
            raise BenchError(f"{gesture.name} was answered with the whole builder.")
        return answer

    def close(self) -> None:
        self._visitor.close()


@dataclass
class Pressed:
    """How long each took, and how large its largest answer was, by gesture, as the browser reads
    it; and how large the largest of all was as it was sent."""

    took_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    most_bytes: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    most_sent_bytes: int = 0

    def press(self, editor: Editor, gesture: Gesture) -> None:
        editor.look(gesture.where)
        answer = editor.press(gesture)
        self.took_ms[gesture.name].append(answer.took_ms)
        size = max(self.most_bytes[gesture.name], len(answer.content))
        self.most_bytes[gesture.name] = size
        self.most_sent_bytes = max(self.most_sent_bytes, answer.sent_bytes)

    def figures(self) -> Iterator[tuple[str, float]]:
        """The slowest and the largest are the ones that count."""
        slow = {name: percentile(took, 95) for name, took in self.took_ms.items()}
        for name, took in slow.items():
            yield f"{name}_p95_ms", took
            yield f"{name}_kb", self.most_bytes[name] / 1000
        yield "gesture_p95_ms", max(slow.values())
        yield "gesture_kb", max(self.most_bytes.values()) / 1000
        yield "gesture_sent_kb", self.most_sent_bytes / 1000


def gestures(run: Run) -> Mapping[str, float]:
    """Every gesture of the builder, one after the other."""
    with closing(Editor(run)) as editor:
        _press_all(editor, Pressed())
        pressed = Pressed()
        for _ in range(run.size.gestures):
            _press_all(editor, pressed)
    return dict(pressed.figures())


def _press_all(editor: Editor, pressed: Pressed) -> None:
    for gesture in GESTURES:
        pressed.press(editor, gesture)
        after = () if gesture.keeps else _TAKEN_BACK.get(gesture.name, (_UNDO,))
        for each in after:
            pressed.press(editor, replace(each, where=gesture.where))
