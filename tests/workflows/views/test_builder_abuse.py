"""What nobody does by mistake: forms as large as they come, a hundred gestures at once, two people
who undo each other, and a server that dies in between."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from apiflask import APIFlask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from tests.engine.building import note, workflow
from tests.page_words import words_of
from tests.personas import Persona, browser_of, signed_in_browser
from tests.workers.scene import rows
from tests.workflows.definitions import make_workflow
from tests.workflows.views.building import Builder
from wedsync.platform.db import db
from wedsync.workflows import queries
from wedsync.workflows.building.gestures import doing, of_steps
from wedsync.workflows.editing import draft_log
from wedsync.workflows.views.builder_routes import GESTURES

DRAFT = workflow(note("one", a=1), note("two", b=2), note("three", c=3))


@pytest.fixture
def builder(app: APIFlask, owner: Persona) -> Builder:
    return builder_of(app, owner)


def builder_of(app: APIFlask, persona: Persona) -> Builder:
    made = make_workflow(app, persona.organization_id, DRAFT, publish=False)
    return Builder(app, persona, made)


@pytest.mark.parametrize("gesture", [*sorted(GESTURES), "connect", "refresh-choices"])
def test_nothing_is_done_for_another_site_a_viewer_or_nobody(
    app: APIFlask, builder: Builder, viewer: Persona, gesture: str
) -> None:
    path, form = f"{builder.address}/{gesture}", {"step": "one", "label": "x", "name": "x"}
    from_elsewhere = builder.persona.browser.post(path, data=form, csrf=False)
    by_a_viewer = viewer.browser.post(path, data=form)
    by_nobody = browser_of(app).post(path, data=form)
    assert from_elsewhere.status_code in (400, 403)
    assert by_a_viewer.status_code == 403
    assert by_nobody.status_code in (302, 303, 401)
    assert (builder.draft, builder.operation) == (DRAFT, 0)


def test_a_thousand_fields_are_read_or_refused_with_a_sentence(builder: Builder) -> None:
    fields = {f"values.{number}.{part}": "x" for number in range(500) for part in ("name", "value")}
    answer = builder.press("fields", {}, step="one", seen=builder.seen("one"), **fields)
    assert answer.status_code in (303, 422)
    more = {f"values.{number}.name": str(number) for number in range(20_000)}
    refused = builder.press("fields", {}, step="one", seen=builder.seen("one"), **more)
    assert refused.status_code in (303, 413, 422)
    assert builder.look(step="one").status_code == 200


@pytest.mark.parametrize("letters", [600_000, 5_000_000])
def test_a_form_that_is_too_large_is_refused_with_a_sentence(
    builder: Builder, letters: int
) -> None:
    refused = builder.press("rename", {}, step="one", label="x" * letters)
    assert refused.status_code in (413, 422)
    assert "." in words_of(refused)
    assert builder.draft == DRAFT


@pytest.mark.parametrize(
    "slug", ["", "//evil.example", "../../evil", "x\r\nSet-Cookie: a=b", "\\evil.example", "Ä/?#"]
)
@pytest.mark.parametrize("fragment", [False, True])
def test_going_to_connect_never_leads_away_from_here(
    builder: Builder, slug: str, fragment: bool
) -> None:
    answer = builder.press("connect", {"step": "one"}, fragment=fragment, step="one", slug=slug)
    page = answer.headers["HX-Redirect" if fragment else "Location"]
    assert page.startswith("/connect/")
    assert "//" not in page
    assert "Set-Cookie: a" not in str(answer.headers)
    assert builder.persona.browser.get(page).status_code in (200, 302, 303, 308, 404)


def test_a_page_comes_back_to_itself_whatever_its_address_says(builder: Builder) -> None:
    current = {"HX-Current-URL": "https://evil.example/workflows?step=two"}
    state = {"step": "one", "sample": "//evil.example", "q": "\r\nX: y"}
    did = builder.press("turn-off", state, fragment=True, headers=current, step="one")
    assert did.headers["HX-Replace-Url"].startswith(f"{builder.address}?step=one")


def test_a_hundred_gestures_at_once_are_all_done_one_after_another(builder: Builder) -> None:
    def press(number: int) -> int:
        again = Builder(builder.app, builder.persona, builder.workflow_id)
        form = {"key": "step:stop", "after": "three", "list": "steps"}
        path = f"{again.address}/add"
        browser = browser_as(again.persona, again.app)
        keyed = {"Idempotency-Key": f"press-{number // 2}"}
        return browser.post(path, data=form, headers=keyed).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(press, range(100)))
    assert set(answers) == {303}
    assert len(builder.draft["steps"]) == 3 + 50
    assert len(set(builder.ids)) == 53
    done = rows(
        builder.app,
        "SELECT number FROM draft_operations WHERE workflow_id = :id ORDER BY number",
        id=builder.workflow_id,
    )
    assert [row.number for row in done] == list(range(1, 51))


def browser_as(persona: Persona, app: APIFlask) -> Any:
    """Another tab of the same person."""
    return signed_in_browser(app, persona.sign_in_id)


ACTS = ("rename", "add", "remove", "turn-off", "undo", "redo")


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(ACTS), st.sampled_from(["one", "two", "three"])),
        min_size=4,
        max_size=14,
    )
)
def test_whatever_two_people_do_and_undo_the_draft_is_what_its_log_says(
    app: APIFlask, owner: Persona, editor: Persona, done: list[tuple[bool, str, str]]
) -> None:
    mine = builder_of(app, owner)
    hers = Builder(app, editor, mine.workflow_id)
    for is_mine, gesture, step in done:
        who = mine if is_mine else hers
        fields = {"step": step, "label": f"Called {gesture}", "key": "step:stop", "after": step}
        answer = who.press(gesture, **fields)
        assert answer.status_code in (303, 409)
    with app.app_context():
        found = queries.get_workflow(owner.organization_id, mine.workflow_id)
        back = list(draft_log.going_back(found, 100))
        assert (back[-1].before if back else found.draft) == DRAFT
        assert [each.after for each in back] == [
            found.draft,
            *[each.before for each in back[:-1]],
        ][: len(back)]


def test_a_gesture_whose_server_dies_is_done_whole_or_not_at_all(
    app: APIFlask, owner: Persona, builder: Builder
) -> None:
    key = str(uuid4())
    with app.app_context():
        doing.do(
            owner.identity,
            builder.workflow_id,
            lambda draft: of_steps.rename(draft, "one", "Half done"),
            key=key,
        )
        pid = db.session.scalar(text("SELECT pg_backend_pid()"))
        with db.engine.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        with pytest.raises(OperationalError):
            db.session.commit()
    assert (builder.draft, builder.operation) == (DRAFT, 0)
    again = builder.press("rename", step="one", label="Done", headers={"Idempotency-Key": key})
    assert (again.status_code, builder.operation) == (303, 1)
