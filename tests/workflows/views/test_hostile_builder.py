"""Whatever a draft holds and whatever is sent to it, the builder answers with its page or with a
sentence; what it did can be taken back, and what stands in the way can be mended."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.page_words import words_of
from tests.personas import Persona
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder
from tests.workflows.views.hostile import TEXTS, drafts, ids_of
from tests.workflows.views.pressing import Form, Forms
from wedsync.platform.db import db
from wedsync.workflows.building.gestures.contradictions import fingerprint
from wedsync.workflows.models import Workflow
from wedsync.workflows.views.builder_routes import GESTURES

pytestmark = [
    pytest.mark.usefixtures("built_in_listings"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

ANSWERS = (200, 303, 404, 409, 412, 422, 429)
FIELDS = (
    *("step", "key", "way", "branch", "was", "label", "note", "connection", "field", "place"),
    *("joined", "verb", "others.0", "others.1", "name", "pick", "function", "argument.digits"),
    *("operation", "seen", "over", "chosen", "list", "owner", "after", "on", "held", "once"),
    *("input.to", "input.body", "values.0.name", "values.0.value", "seconds", "ask", "filter"),
)
KNOWN = (
    *("up", "down", "steps", "otherwise", "branches.0.steps", "on_error.steps", "branches.0.when"),
    *("when", "filter", "all", "any", "is", "0", "0.0", "1", "-start", "field", "subject:0"),
    *("other:0:0", "choices", "start", "step", "step:wait:seconds", "do:smtp.send", "example"),
    *("ours:wedding.created", "input.to", "connection", "text.upper", "number.round", "/", "x"),
)
STATE = ("step", "field", "pick", "owner", "list", "after", "on", "q", "function", "sample")
of_this_test = settings(
    deadline=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def builder(app: APIFlask, owner: Persona) -> Builder:
    plain = {"format": 1, "trigger": {"kind": "manual"}, "steps": []}
    made = make_workflow(app, owner.organization_id, plain, publish=False)
    return Builder(app, owner, made)


def put(builder: Builder, definition: Any) -> None:
    """Let this be the draft, with nothing done to it yet."""
    own = Workflow.id == builder.workflow_id
    with builder.app.app_context():
        done = text("DELETE FROM draft_operations WHERE workflow_id = :id")
        db.session.execute(done, {"id": builder.workflow_id})
        db.session.execute(update(Workflow).where(own).values(draft=definition, draft_operation=0))
        db.session.commit()


def answered(answer: TestResponse) -> TestResponse:
    """It is a page or a sentence, and nothing somebody wrote is markup in it."""
    assert answer.status_code in ANSWERS, answer.status_code
    page = answer.get_data(as_text=True)
    assert "<script>document" not in page
    assert "<img src=x" not in page
    if answer.status_code >= 400:
        assert "." in words_of(answer)
    return answer


def press(builder: Builder, form: Form, number: int, over: Any, *, fragment: bool) -> TestResponse:
    """Press a button of a form of a page, with some of it filled in otherwise."""
    action, said = form.buttons[number % len(form.buttons)] if form.buttons else (form.action, [])
    fields = MultiDict([*form.fields, *said])
    fields.update(over)
    url = urlsplit(action)
    state = dict(parse_qsl(url.query))
    return answered(
        builder.persona.browser.post(url.path, query_string=state, data=fields, fragment=fragment)
    )


@st.composite
def words(draw: st.DrawFn, definition: Any) -> str:
    own = ids_of(definition)
    pools = [KNOWN, TEXTS, *([own] if own else [])]
    return draw(st.sampled_from(draw(st.sampled_from(pools))))


_which = st.integers(0, 9_999)
"""One of however many there are."""


@of_this_test
@given(st.data())
def test_any_state_of_any_draft_is_a_page(builder: Builder, data: st.DataObject) -> None:
    definition = data.draw(drafts())
    put(builder, definition)
    page = answered(builder.look())
    assert page.status_code == 200
    links = [each for each in Forms(page.text).links if each.startswith(builder.address)]
    for number in data.draw(st.lists(_which, max_size=3)):
        link = links[number % len(links)]
        assert answered(builder.persona.browser.get(link)).status_code == 200
    for _ in range(3):
        names = data.draw(st.lists(st.sampled_from(STATE), unique=True, max_size=5))
        state = {name: data.draw(words(definition)) for name in names}
        assert answered(builder.look(**state)).status_code == 200


@of_this_test
@given(st.data())
def test_any_gesture_on_any_draft_is_done_or_refused_with_a_sentence(
    builder: Builder, data: st.DataObject
) -> None:
    definition = data.draw(drafts())
    put(builder, definition)
    for gesture in data.draw(st.permutations(sorted(GESTURES)))[:6]:
        before, number = builder.draft, builder.operation
        names = data.draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=6))
        form = {name: data.draw(words(before)) for name in {"step", *names}}
        if data.draw(st.booleans()):
            form["seen"] = fingerprint(before, form["step"] or None)
        state = {name: data.draw(words(before)) for name in data.draw(_names)}
        fragment = data.draw(st.booleans())
        path = f"{builder.address}/{gesture}"
        sent = builder.persona.browser.post
        answered(sent(path, query_string=state, data=form, fragment=fragment))
        is_undone_whole(builder, before, number)


_names = st.lists(st.sampled_from(STATE), unique=True, max_size=4)


def is_undone_whole(builder: Builder, before: Any, number: int) -> None:
    """What was done is one thing to undo, and undoing it leaves the draft as it was."""
    if builder.operation <= number:
        assert builder.operation < number or builder.draft == before
        return
    after = builder.draft
    answered(builder.press("undo", operation=str(builder.operation)))
    assert builder.draft == before
    answered(builder.press("redo"))
    assert builder.draft == after


@of_this_test
@given(st.data())
def test_any_button_of_the_page_of_any_draft_can_be_pressed(
    builder: Builder, data: st.DataObject
) -> None:
    definition = data.draw(drafts())
    put(builder, definition)
    for _ in range(4):
        own = [*ids_of(builder.draft), "-start"]
        page = answered(builder.look(step=own[data.draw(_which) % len(own)]))
        opening = [each for each in Forms(page.text).links if each.startswith(builder.address)]
        page = answered(builder.persona.browser.get(opening[data.draw(_which) % len(opening)]))
        forms = [each for each in Forms(page.text).posted if builder.address in each.action]
        form = forms[data.draw(_which) % len(forms)]
        names = sorted({name for name, _ in form.fields} - {"csrf_token"})
        changed = {names[each % len(names)] for each in data.draw(st.lists(_which, max_size=2))}
        over = {name: data.draw(words(builder.draft)) for name in sorted(changed)}
        before, number = builder.draft, builder.operation
        press(builder, form, data.draw(_which), over, fragment=data.draw(st.booleans()))
        is_undone_whole(builder, before, number)
