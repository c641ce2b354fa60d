"""A run that asks gets one answer, from whoever was asked, and goes on with it."""

from datetime import timedelta
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.page_words import words_of
from tests.personas import Browser, Persona, make_organization, make_persona
from tests.workers.scene import beside, one, rows
from tests.workflows.waiting import answer_of, ask, booking, publish_workflow, question
from wedsync.errors import Conflict
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.workflows.questions import approvals
from wedsync.workflows.running import asking, runs


@pytest.fixture
def workflow(app: APIFlask, organization: UUID) -> UUID:
    return publish_workflow(app, organization, question())


def say(browser: Browser, approval: UUID, answer: str = "approved", note: str = "") -> int:
    posted = browser.post(f"/approvals/{approval}", data={"answer": answer, "note": note})
    return posted.status_code


def state_of(app: APIFlask, approval: UUID) -> str:
    return str(one(app, "SELECT state FROM approvals WHERE id = :id", id=approval).state)


def test_a_yes_with_a_note_goes_to_the_run_and_makes_it_due(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    run, approval = ask(app, workflow)
    assert say(owner.browser, approval, note=" Book it before Friday. ") == 303
    assert answer_of(app, run) == {
        "approved": True,
        "by": owner.name,
        "note": "Book it before Friday.",
    }
    row = one(app, "SELECT * FROM approvals WHERE id = :id", id=approval)
    assert (row.state, row.decided_by, row.decided_by_user_id, row.note) == (
        "approved",
        owner.name,
        owner.user_id,
        "Book it before Friday.",
    )
    due = one(app, "SELECT due_at <= clock_timestamp() AS due FROM runs WHERE id = :id", id=run)
    lane = one(app, "SELECT next_due_at FROM lanes WHERE key = :key", key=str(workflow))
    assert due.due
    assert lane.next_due_at <= clock.now()


def test_a_no_goes_to_the_run_too_and_is_audited(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    run, approval = ask(app, workflow)
    assert say(owner.browser, approval, "refused") == 303
    assert answer_of(app, run) == {"approved": False, "by": owner.name, "note": None}
    entry = one(
        app, "SELECT * FROM audit_entries WHERE object_id = :id AND action LIKE 'approval%'", id=run
    )
    assert (entry.action, entry.actor_id) == ("approval.refused", owner.user_id)
    assert entry.facts == {"approval_id": str(approval), "step": "may"}


def test_the_page_says_what_is_asked_what_follows_and_afterwards_what_was_said(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    _, approval = ask(app, workflow, "May we book\nthe orangery?", expires_after_s=3600)
    before = owner.browser.get(f"/approvals/{approval}").text
    assert "May we book" in before
    assert "the orangery?" in before
    assert "“Book the date” comes next." in before
    assert "Nothing more happens here." in before
    assert "After that it counts as a no." in before
    say(owner.browser, approval, note="Gladly")
    after = owner.browser.get(f"/approvals/{approval}").text
    assert f"{owner.name} said yes" in after
    assert "“Gladly”" in after
    assert "Say yes" not in after


def test_what_leads_up_to_a_question_stands_below_it(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    _, approval = ask(app, workflow, f"{'It is free. ' * 12}\nMay we book it?")
    page = words_of(owner.browser.get(f"/approvals/{approval}"))
    assert page.count("It is free. It is free.") == 6
    assert page.index("See what led to it") < page.index("It is free.")


def test_an_answer_that_changes_nothing_is_said_to(
    app: APIFlask, organization: UUID, owner: Persona
) -> None:
    definition = question()
    definition["steps"][1] = booking()
    _, approval = ask(app, publish_workflow(app, organization, definition))
    page = words_of(owner.browser.get(f"/approvals/{approval}"))
    assert "Whatever you say “Book the date” comes next." in page
    assert "If you say no" not in page


def test_the_list_shows_open_questions_first_and_the_answered_ones_after(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    _, answered = ask(app, workflow, "Shall the violinist come?")
    say(owner.browser, answered)
    run, _ = ask(app, workflow, "May we book the orangery?")
    page = owner.browser.get("/approvals").text
    assert page.index("May we book the orangery?") < page.index("Shall the violinist come?")
    assert "One thing waits for a yes or a no" in page
    only = owner.browser.get(f"/approvals?run={run}").text
    assert "Shall the violinist come?" not in only


def test_an_items_question_stands_with_the_run_people_see(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    root, _ = ask(app, workflow)
    item, approval = ask(app, workflow, "This one too?", root_id=root, item=4)
    page = owner.browser.get(f"/approvals/{approval}").text
    assert f"/runs/{root}" in page
    assert f"/runs/{item}" not in page
    assert "number 5" in page
    assert say(owner.browser, approval) == 303
    assert answer_of(app, item) is not None
    assert answer_of(app, root) is None


@pytest.mark.parametrize(
    ("note", "said"),
    [("x" * 2001, "Use at most 2,000 characters."), ("a\x00b", "cannot be used here")],
)
def test_a_note_that_cannot_be_kept_is_refused_and_nothing_is_answered(
    app: APIFlask, workflow: UUID, owner: Persona, note: str, said: str
) -> None:
    run, approval = ask(app, workflow)
    response = owner.browser.post(
        f"/approvals/{approval}", data={"answer": "approved", "note": note}
    )
    assert response.status_code == 422
    assert said in response.text
    assert answer_of(app, run) is None


def test_neither_yes_nor_no_is_no_answer(app: APIFlask, workflow: UUID, owner: Persona) -> None:
    run, approval = ask(app, workflow)
    assert say(owner.browser, approval, "perhaps") == 422
    assert answer_of(app, run) is None


def test_what_people_wrote_is_shown_as_text(app: APIFlask, workflow: UUID, owner: Persona) -> None:
    _, approval = ask(app, workflow, "<script>alert(1)</script> <b>bold</b>?")
    say(owner.browser, approval, note="<img src=x onerror=alert(1)>")
    page = owner.browser.get(f"/approvals/{approval}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;b&gt;bold" in page


def test_only_whoever_was_asked_and_owners_may_answer(
    app: APIFlask, workflow: UUID, owner: Persona, editor: Persona, viewer: Persona
) -> None:
    _, owners = ask(app, workflow, who={"role": "owner"})
    assert say(editor.browser, owners) == 303
    assert state_of(app, owners) == "open"
    assert "Somebody else was asked" in editor.browser.get(f"/approvals/{owners}").text
    _, of_viewer = ask(app, workflow, who={"user": str(viewer.user_id)})
    assert say(editor.browser, of_viewer) == 303
    assert state_of(app, of_viewer) == "open"
    assert say(viewer.browser, of_viewer) == 303
    assert state_of(app, of_viewer) == "approved"
    _, by_address = ask(app, workflow, who={"email": viewer.email.upper()})
    assert say(viewer.browser, by_address, "refused") == 303
    assert state_of(app, by_address) == "refused"
    _, of_editors = ask(app, workflow, who={"role": "editor"})
    assert say(owner.browser, of_editors) == 303
    assert state_of(app, of_editors) == "approved"


def test_whom_it_is_handed_over_to_may_answer_only_from_then_on(
    app: APIFlask, workflow: UUID, editor: Persona
) -> None:
    _, approval = ask(app, workflow, then_ask={"role": "editor"}, remind_after_s=60)
    say(editor.browser, approval)
    assert state_of(app, approval) == "open"
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE approvals SET reminded_at = clock_timestamp()"))
    say(editor.browser, approval)
    assert state_of(app, approval) == "approved"


def test_a_stranger_finds_nothing(app: APIFlask, workflow: UUID, client: Browser) -> None:
    _, approval = ask(app, workflow)
    stranger = make_persona(app, make_organization(app, "Lumen Photography"), name="Sam")
    assert stranger.browser.get(f"/approvals/{approval}").status_code == 404
    assert say(stranger.browser, approval) == 404
    assert "May we book it?" not in stranger.browser.get("/approvals").text
    assert client.get(f"/approvals/{approval}").status_code in (302, 303, 401)
    assert state_of(app, approval) == "open"


def test_after_its_time_nobody_can_answer(app: APIFlask, workflow: UUID, owner: Persona) -> None:
    run, approval = ask(app, workflow, expires_after_s=60)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE approvals SET expires_at = clock_timestamp()"))
    say(owner.browser, approval)
    assert answer_of(app, run) is None
    assert "Nobody answered in time. It counted as a no." in (
        owner.browser.get(f"/approvals/{approval}").text
    )


def test_a_run_that_goes_on_without_an_answer_closes_its_question(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    in_time, cancelled = ask(app, workflow)
    late, expired = ask(app, workflow, expires_after_s=60)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE approvals SET expires_at = :then WHERE id = :id"),
            {"then": clock.now() - timedelta(seconds=1), "id": expired},
        )
        asking.close(connection, [in_time, late])
    assert (state_of(app, cancelled), state_of(app, expired)) == ("cancelled", "expired")
    say(owner.browser, cancelled)
    assert answer_of(app, in_time) is None
    page = owner.browser.get(f"/approvals/{cancelled}").text
    assert "This does not need an answer any more." in page


def test_a_stopped_run_takes_no_answer(app: APIFlask, workflow: UUID, owner: Persona) -> None:
    run, approval = ask(app, workflow)
    with app.app_context():
        runs.stop(owner.organization_id, run)
        db.session.commit()
    say(owner.browser, approval)
    assert answer_of(app, run) is None
    assert one(app, "SELECT state FROM runs WHERE id = :id", id=run).state == "stopped"


def test_of_two_who_answer_at_once_the_first_counts_and_the_second_is_told(
    app: APIFlask, workflow: UUID, owner: Persona, organization: UUID
) -> None:
    other = make_persona(app, organization, "owner", name="Nuno")
    run, approval = ask(app, workflow)

    def no() -> None:
        with app.app_context():
            approvals.decide(other.identity, approval, "refused")
            db.session.commit()

    with app.app_context():
        approvals.decide(owner.identity, approval, "approved")
        with beside(no) as refusing:
            db.session.commit()
            with pytest.raises(Conflict, match=f"{owner.name} was quicker and said yes"):
                refusing.result(10)
    assert answer_of(app, run)["approved"] is True
    entries = rows(app, "SELECT * FROM audit_entries WHERE object_id = :id", id=run)
    assert [entry.action for entry in entries] == ["approval.approved"]


def test_the_second_tab_is_told_who_was_quicker(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    run, approval = ask(app, workflow)
    say(owner.browser, approval)
    posted = owner.browser.post(
        f"/approvals/{approval}", data={"answer": "refused"}, follow_redirects=True
    )
    assert f"{owner.name} was quicker and said yes. Your answer changes nothing." in posted.text
    assert answer_of(app, run)["approved"] is True


def test_today_tells_of_questions_for_the_team_a_line_for_each_run(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    ask(app, workflow, who={"email": "ana@venue.example"})
    root, _ = ask(app, workflow, "Shall the violinist come?")
    for item in range(3):
        ask(app, workflow, f"Seat guest {item}?", root_id=root, item=item)
    page = owner.browser.get("/").text
    assert "One thing needs you" in page
    assert "Shall the violinist come?" in page
    assert "asks this and 3 more questions, and has waited since" in page
    assert "May we book it?" not in page


def test_the_runs_that_need_you_are_those_that_ask_the_team_too(
    app: APIFlask, workflow: UUID, owner: Persona
) -> None:
    outside, _ = ask(app, workflow, who={"email": "ana@venue.example"})
    asks, _ = ask(app, workflow, "Shall the violinist come?")
    ask(app, workflow, "Seat Ben?", root_id=asks, item=0)
    page = owner.browser.get("/runs?state=needs-you").text
    assert "One waits for your answer" in page
    assert f"/runs/{asks}" in page
    assert f"/runs/{outside}" not in page
    assert f"/runs/{outside}" in owner.browser.get("/runs").text
