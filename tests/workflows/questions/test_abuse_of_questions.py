"""Questions reach people outside the team by e-mail: nobody is flooded, and a link is good for
whom it was sent to only."""

from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.letters import letters_to
from tests.page_words import words_of
from tests.personas import Browser, Persona
from tests.workers.scene import one, rows
from tests.workflows.questions.letters import letter_to, link_in, say, write_letters
from tests.workflows.waiting import answer_of, ask, publish_workflow, question
from wedsync.platform.db import db
from wedsync.workflows.questions import approval_bounds

ANA = {"email": "ana@venue.example"}


@pytest.fixture
def team(app: APIFlask, empty_database: None, owner: Persona) -> Persona:
    return owner


@pytest.fixture
def workflow(app: APIFlask, team: Persona) -> UUID:
    return publish_workflow(app, team.organization_id, question())


def change(app: APIFlask, statement: str, **values: object) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text(statement), values)


# --- floods


def test_one_address_gets_no_more_than_a_few_e_mails_a_day(
    app: APIFlask, workflow: UUID, team: Persona
) -> None:
    for _ in range(approval_bounds.LETTERS_A_DAY_TO_ONE + 2):
        _, approval = ask(app, workflow, who=ANA)
        write_letters(app)
    assert len(letters_to(app, ANA["email"])) == approval_bounds.LETTERS_A_DAY_TO_ONE
    assert approval_bounds.WORDS in words_of(team.browser.get(f"/approvals/{approval}"))
    assert team.api.get(f"/approvals/{approval}").json["held_until"] is not None
    ask(app, workflow, who={"email": "ben@venue.example"})
    assert write_letters(app) == 1


def test_all_outside_a_team_together_get_no_more_than_many(
    app: APIFlask, workflow: UUID, team: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval_bounds, "LETTERS_A_DAY", 3)
    for number in range(5):
        ask(app, workflow, who={"email": f"guest{number}@venue.example"})
    assert write_letters(app) == 3
    assert len(rows(app, "SELECT id FROM approvals WHERE held_until IS NOT NULL")) == 2
    ask(app, workflow, who={"role": "owner"})
    assert write_letters(app) == 1
    assert len(letters_to(app, team.email)) == 1


def test_what_was_held_back_leaves_when_there_is_room_again(
    app: APIFlask, workflow: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval_bounds, "LETTERS_A_DAY", 0)
    ask(app, workflow, who=ANA)
    assert write_letters(app) == 0
    monkeypatch.setattr(approval_bounds, "LETTERS_A_DAY", 3)
    assert write_letters(app) == 0
    change(app, "UPDATE approvals SET held_until = clock_timestamp()")
    assert write_letters(app) == 1
    held = one(app, "SELECT told_at, held_until FROM approvals")
    assert (held.told_at is None, held.held_until) == (False, None)


def test_a_reminder_that_has_to_wait_asks_nobody_twice(
    app: APIFlask, workflow: UUID, team: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(app, workflow, who=ANA, then_ask={"role": "owner"}, remind_after_s=3600)
    write_letters(app)
    change(app, "UPDATE approvals SET remind_at = clock_timestamp()")
    monkeypatch.setattr(approval_bounds, "LETTERS_A_DAY", 1)
    assert write_letters(app) == 0
    assert letters_to(app, team.email) == []
    monkeypatch.setattr(approval_bounds, "LETTERS_A_DAY", 5)
    change(app, "UPDATE approvals SET held_until = clock_timestamp()")
    assert [write_letters(app), write_letters(app)] == [2, 0]
    assert len(letters_to(app, team.email)) == 1


# --- whom a link is good for


def test_who_left_the_team_cannot_answer_by_the_link_they_were_sent(
    app: APIFlask, workflow: UUID, team: Persona, editor: Persona, client: Browser
) -> None:
    run, approval = ask(app, workflow, who={"role": "editor"})
    write_letters(app)
    link = link_in(letter_to(app, editor.email))
    assert client.get(link).status_code == 200
    change(app, "DELETE FROM memberships WHERE user_id = :id", id=editor.user_id)
    assert client.get(link).status_code == 404
    assert say(client, link)[0] == 404
    assert answer_of(app, run) is None
    team.browser.post(f"/approvals/{approval}", data={"answer": "refused", "note": "Too dear"})
    assert answer_of(app, run)["approved"] is False
    assert client.get(link).status_code == 404


def test_who_has_another_role_by_now_cannot_answer_by_the_link_they_were_sent(
    app: APIFlask, workflow: UUID, editor: Persona, client: Browser
) -> None:
    run, _ = ask(app, workflow, who={"user": str(editor.user_id)})
    ask(app, workflow, who={"role": "editor"})
    write_letters(app)
    change(app, "UPDATE memberships SET role = 'viewer' WHERE user_id = :id", id=editor.user_id)
    (letter,) = letters_to(app, editor.email)
    both = [line for line in letter.text.splitlines() if "/approvals/" in line]
    paths = [line.strip().removeprefix("http://localhost:8000") for line in both]
    assert sorted(client.get(path).status_code for path in paths) == [200, 404]
    assert answer_of(app, run) is None


# --- what is written


def test_a_steps_name_stays_inside_its_line(app: APIFlask, team: Persona) -> None:
    evil = "Book\n\nhttp://localhost:8000/approvals/evil\n\n"
    definition = question()
    definition["steps"][1]["branches"][0]["steps"][0]["label"] = evil
    ask(app, publish_workflow(app, team.organization_id, definition), who=ANA)
    write_letters(app)
    letter = letter_to(app, ANA["email"])
    assert "evil" not in link_in(letter)
    assert "If you say yes: “Book http://localhost:8000/approvals/evil” comes next." in letter.text
