"""Whoever is asked gets one e-mail with a link that answers one question once."""

import re
from uuid import UUID

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from tests.letters import letters_to
from tests.personas import Browser, Persona, browser_of, make_organization
from tests.workers.scene import one, rows
from tests.workflows.questions.letters import letter_to, link_in, links_in, say, write_letters
from tests.workflows.waiting import answer_of, ask, publish_workflow, question
from wedsync.accounts import tokens
from wedsync.platform.db import db
from wedsync.workflows.questions.approval_queries import TOKEN_PREFIX
from wedsync.workflows.running import asking, runs


@pytest.fixture
def workflow(app: APIFlask, empty_database: None) -> UUID:
    return publish_workflow(app, make_organization(app), question())


@pytest.fixture
def team(app: APIFlask, empty_database: None, owner: Persona) -> Persona:
    return owner


def test_the_one_who_is_asked_answers_by_the_link_without_signing_in(
    app: APIFlask, workflow: UUID, client: Browser
) -> None:
    run, _ = ask(app, workflow, who={"email": "ana@venue.example"})
    assert write_letters(app) == 1
    letter = letter_to(app, "ana@venue.example")
    assert letter.subject == "Rosewood Weddings asks you: May we book it?"
    assert "If you say yes: “Book the date” comes next." in letter.text
    assert "If you say no: nothing more happens here." in letter.text
    opened = client.get(link_in(letter))
    assert opened.status_code == 200
    assert "May we book it?" in opened.text
    assert opened.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert opened.headers["Cache-Control"] == "no-store"
    assert opened.headers["Referrer-Policy"] == "same-origin"
    status, said = say(client, link_in(letter), note="With pleasure")
    assert status == 200
    assert "You said yes." in said
    assert answer_of(app, run) == {
        "approved": True,
        "by": "ana@venue.example",
        "note": "With pleasure",
    }
    assert one(app, "SELECT spent_at FROM approval_links").spent_at is not None


def test_nobody_is_told_twice(app: APIFlask, workflow: UUID) -> None:
    ask(app, workflow, who={"email": "ana@venue.example"})
    assert [write_letters(app), write_letters(app)] == [1, 0]


def test_a_role_is_everybody_who_has_it_and_who_is_gone_leaves_the_owners(
    app: APIFlask, team: Persona, editor: Persona
) -> None:
    mine = publish_workflow(app, team.organization_id, question())
    ask(app, mine, who={"role": "editor"})
    write_letters(app)
    assert (len(letters_to(app, editor.email)), len(letters_to(app, team.email))) == (1, 0)
    for gone in (
        {"role": "viewer"},
        {"user": "01a20669-c076-7602-b3c6-7925445fabaa"},
        {"user": "nobody"},
        {"email": "broken @ address"},
        {"email": "ana@venue.example\r\nBcc: ben@venue.example"},
    ):
        ask(app, mine, who=gone)
        write_letters(app)
    assert len(letters_to(app, team.email)) == 5
    assert len(rows(app, "SELECT * FROM mail_messages")) == 6


def test_fifty_questions_of_one_loop_are_one_e_mail_with_a_link_each(
    app: APIFlask, workflow: UUID, client: Browser
) -> None:
    ana = {"email": "ana@venue.example"}
    root, _ = ask(app, workflow, who={"email": "ben@venue.example"})
    items = [
        ask(app, workflow, f"Seat guest {number}?", who=ana, root_id=root, item=number)[0]
        for number in range(50)
    ]
    assert write_letters(app) == 2
    letter = letter_to(app, "ana@venue.example")
    assert letter.subject == "Rosewood Weddings asks you 50 questions"
    links = links_in(letter)
    assert len(set(links)) == 50
    say(client, links[7], "refused")
    assert answer_of(app, items[7])["approved"] is False
    assert [run for run in items if answer_of(app, run)] == [items[7]]


def test_opening_a_link_spends_nothing_however_often(
    app: APIFlask, workflow: UUID, client: Browser
) -> None:
    run, _ = ask(app, workflow, who={"email": "ana@venue.example"})
    write_letters(app)
    link = link_in(letter_to(app, "ana@venue.example"))
    for _ in range(3):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
    assert answer_of(app, run) is None
    assert one(app, "SELECT spent_at FROM approval_links").spent_at is None
    assert say(client, link)[0] == 200


def test_after_the_answer_the_link_tells_who_said_what_and_changes_nothing(
    app: APIFlask, team: Persona, client: Browser
) -> None:
    mine = publish_workflow(app, team.organization_id, question())
    run, approval = ask(app, mine, who={"email": "ana@venue.example"})
    write_letters(app)
    link = link_in(letter_to(app, "ana@venue.example"))
    team.browser.post(f"/approvals/{approval}", data={"answer": "refused", "note": "Too dear"})
    page = client.get(link).text
    assert f"{team.name} said no" in page
    assert "“Too dear”" in page
    assert "Say yes" not in page
    status, said = say(client, link)
    assert status == 409
    assert f"{team.name} was quicker and said no. Your answer changes nothing." in said
    assert answer_of(app, run)["approved"] is False


def test_a_spent_link_and_a_forwarded_one_answer_once(
    app: APIFlask, workflow: UUID, client: Browser
) -> None:
    run, _ = ask(app, workflow, who={"email": "ana@venue.example"})
    write_letters(app)
    link = link_in(letter_to(app, "ana@venue.example"))
    assert say(client, link, "refused")[0] == 200
    status, said = say(browser_of(app), link)
    assert status == 409
    assert "ana@venue.example was quicker and said no." in said
    assert say(client, link)[0] == 409
    assert answer_of(app, run)["approved"] is False


def test_wrong_cut_foreign_and_expired_tokens_are_one_same_page(
    app: APIFlask, workflow: UUID, client: Browser
) -> None:
    ask(app, workflow, who={"email": "ana@venue.example"}, expires_after_s=3600)
    write_letters(app)
    link = link_in(letter_to(app, "ana@venue.example"))
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE approval_links SET expires_at = clock_timestamp()"))
        connection.execute(text("UPDATE approvals SET expires_at = clock_timestamp()"))
    made_up = f"/approvals/{tokens.new(TOKEN_PREFIX)}"
    of_another_kind = f"/approvals/{tokens.new('wsr_')}"
    wrong = [link, link[:-3], link + "x", made_up, of_another_kind, "/approvals/%F0%9F%8C%B8"]
    pages = {_without_chance(client, each) for each in wrong}
    assert len(pages) == 1
    assert "This link leads to nothing we know, or not any more." in pages.pop()
    for each in wrong:
        assert say(client, each)[0] == 404
    assert rows(app, "SELECT * FROM runs WHERE pending_decision IS NOT NULL") == []


def test_a_link_to_a_question_nobody_needs_answered_any_more_says_so(
    app: APIFlask, workflow: UUID, client: Browser
) -> None:
    run, _ = ask(app, workflow, who={"email": "ana@venue.example"})
    write_letters(app)
    link = link_in(letter_to(app, "ana@venue.example"))
    organization = one(app, "SELECT organization_id FROM runs WHERE id = :id", id=run)
    with app.app_context():
        runs.stop(organization.organization_id, run)
        asking.close(db.session.connection(), [run])
        db.session.commit()
    assert "This does not need an answer any more." in client.get(link).text
    assert say(client, link)[0] == 409
    assert answer_of(app, run) is None


def test_the_reminder_comes_once_and_hands_over(app: APIFlask, workflow: UUID) -> None:
    ask(
        app,
        workflow,
        who={"email": "ana@venue.example"},
        then_ask={"email": "ben@venue.example"},
        remind_after_s=3600,
    )
    assert write_letters(app) == 1
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE approvals SET remind_at = clock_timestamp()"))
    assert [write_letters(app), write_letters(app)] == [2, 0]
    first, again = letters_to(app, "ana@venue.example")
    assert "Nobody has answered yet, so we ask once more." in again.text
    assert link_in(first) != link_in(again)
    (handed_over,) = letters_to(app, "ben@venue.example")
    assert "Nobody has answered yet, so we ask you as well." in handed_over.text


def test_nobody_is_reminded_of_what_is_answered(
    app: APIFlask, workflow: UUID, client: Browser
) -> None:
    ask(app, workflow, who={"email": "ana@venue.example"}, remind_after_s=1)
    write_letters(app)
    say(client, link_in(letter_to(app, "ana@venue.example")))
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("UPDATE approvals SET remind_at = clock_timestamp()"))
    assert write_letters(app) == 0


def test_what_somebody_else_wrote_can_neither_end_the_subject_nor_pass_for_a_link(
    app: APIFlask, workflow: UUID
) -> None:
    evil = "Pay?\n\nhttp://localhost:8000/approvals/evil\n\nBcc: ben@venue.example"
    ask(app, workflow, evil, who={"email": "ana@venue.example"})
    write_letters(app)
    letter = letter_to(app, "ana@venue.example")
    assert "\n" not in letter.subject
    assert "evil" not in link_in(letter)


def test_a_token_is_kept_only_as_a_hash(app: APIFlask, workflow: UUID) -> None:
    ask(app, workflow, who={"email": "ana@venue.example"})
    write_letters(app)
    token = link_in(letter_to(app, "ana@venue.example")).rpartition("/")[2]
    (link,) = rows(app, "SELECT * FROM approval_links")
    assert bytes(link.token_hash) == tokens.hashed(token)
    assert token not in str(link)


def test_a_huge_note_is_refused_on_the_page(app: APIFlask, workflow: UUID, client: Browser) -> None:
    run, _ = ask(app, workflow, who={"email": "ana@venue.example"})
    write_letters(app)
    link = link_in(letter_to(app, "ana@venue.example"))
    assert say(client, link, note="x" * 2001)[0] == 422
    assert say(client, link, note="x" * 900_000)[0] == 422
    assert answer_of(app, run) is None


def _without_chance(client: Browser, link: str) -> str:
    """A page without what is different each time."""
    answered = client.get(link)
    assert answered.status_code == 404
    return re.sub(r'nonce="[^"]*"|number [0-9a-f]{16}|nonce-[^"\']*', "", answered.text)
