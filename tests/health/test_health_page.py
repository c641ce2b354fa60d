"""How everything does, on one page: the news first, then each thing with its reason."""

import time
from datetime import timedelta
from uuid import UUID

from apiflask import APIFlask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.far_ends.rest_service import RestService
from tests.health.history import analyze, make_connection, make_deliveries, make_runs
from tests.page_words import words_of
from tests.personas import Persona
from tests.statements import statements_asked
from tests.webhooks.arranging import BY_HAND, connected, hook_of
from tests.workers.scene import Worker, make_hook
from wedsync.notices import service as notices
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.runtime import runtime
from wedsync.webhooks.models import HookMinute

MANY = 12_000
ASKS_AGAIN = "Petal does not know us any more. Connect again."


def health(persona: Persona) -> str:
    answer = persona.browser.get("/health")
    assert answer.status_code == 200
    return words_of(answer)


def today(persona: Persona) -> str:
    return words_of(persona.browser.get("/"))


# --- works


def test_with_nothing_set_up_the_page_says_what_it_is_for(owner: Persona) -> None:
    said = health(owner)
    assert "Nothing to watch over yet" in said
    assert "Needs you" not in said


def test_when_all_is_well_the_title_says_so_and_each_thing_says_its_figures(
    app: APIFlask, owner: Persona
) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    make_deliveries(app, owner.organization_id, "Olive & Thyme kitchen", 20)
    make_runs(app, owner.organization_id, "Seat the guests", 20, connection_id=petal)
    said = health(owner)
    assert "Everything is well" in said
    assert "Happening now" not in said
    assert (
        "Petal RSVP account of Petal RSVP half within 300 ms, 95 % within 300 ms: the figures"
        in said
    )
    assert "Olive & Thyme kitchen 20 150 ms 150 ms Well" in said
    assert "Seat the guests 20 of 20 runs worked: half within 150 ms" in said
    assert "20 things came in over the last 24 hours, none is lost" in said


def test_what_needs_somebody_comes_first_with_its_reason_and_since_when(
    app: APIFlask, owner: Persona
) -> None:
    make_connection(
        app, owner.organization_id, "Petal RSVP", state="needs_reauth", reason=ASKS_AGAIN
    )
    make_connection(
        app,
        owner.organization_id,
        "Ledger",
        state="degraded",
        reason="Ledger does not answer.",
        refresh_failures=1,
        due_in=30,
    )
    make_hook(app, owner.organization_id)
    said = health(owner)
    assert "One thing needs you" in said
    assert "“Petal RSVP” needs you Since" in said
    assert f"{ASKS_AGAIN} Look and mend" in said
    assert "“Ledger” does not work as it should" in said
    assert "Nothing for you to do." in said
    assert said.index("“Petal RSVP” needs you") < said.index("“Ledger” does not work")
    assert "Petal's orders Nothing has come in yet Well" in said


def test_only_what_fails_by_itself_leaves_the_title_calm(app: APIFlask, owner: Persona) -> None:
    make_connection(
        app, owner.organization_id, "Ledger", state="degraded", reason="It is down.", due_in=30
    )
    said = health(owner)
    assert "Well, but for one place" in said
    assert "Trying again" in said


def test_steps_that_do_not_work_are_the_connection_s_and_the_workflow_s(
    app: APIFlask, owner: Persona
) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    make_runs(app, owner.organization_id, "Seat", 10, failed=4, connection_id=petal)
    said = health(owner)
    assert "4 of 10 tries in the last ten minutes did not work." in said
    assert "It did not work four times. What was done before stays done." in said


def test_an_integration_is_told_for_everybody_so_that_one_can_tell_whether_it_is_them(
    app: APIFlask, owner: Persona, stranger: Persona
) -> None:
    theirs = make_connection(app, stranger.organization_id, "Petal of Marek", slug="petal-for-all")
    make_runs(app, stranger.organization_id, "Seat", 39, connection_id=theirs)
    mine = make_connection(
        app,
        owner.organization_id,
        "Petal of Imogen",
        connector="Petal RSVP",
        state="needs_reauth",
        slug="petal-for-all",
    )
    assert "Petal RSVP 100 % worked, well; it is only yours" in health(owner)
    make_runs(app, owner.organization_id, "Seat", 21, failed=20, connection_id=mine)
    assert "Petal RSVP 66.7 % worked, failing for everybody" in health(owner)


def test_today_asks_for_a_connection_and_counts_it_like_the_frame_of_every_page(
    app: APIFlask, owner: Persona
) -> None:
    connection_id = make_connection(
        app, owner.organization_id, "Petal RSVP", state="needs_reauth", reason=ASKS_AGAIN
    )
    make_connection(
        app, owner.organization_id, "Ledger", state="pending", reason="It was not allowed."
    )
    make_connection(app, owner.organization_id, "Begun only", state="pending")
    said = today(owner)
    assert "Two things need you" in said
    assert ASKS_AGAIN in said
    assert "Ledger is not connected yet" in said
    assert "Begun only needs" not in said
    assert "Connections 1 tool you are connected to 2 need you" in said
    assert f'href="/connections/{connection_id}"' in owner.browser.get("/").text


def test_today_asks_for_hooks_that_a_person_has_to_look_after(
    app: APIFlask, owner: Persona, database: Session
) -> None:
    by_hand, failed = (make_hook(app, owner.organization_id).id for _ in range(2))
    _subscribe(database, by_hand, "by_hand", None)
    _subscribe(database, failed, "failed", '{"message": "They know no such wedding."}')
    said = today(owner)
    assert "Two things need you" in said
    assert "has to be told where to send" in said
    assert "They know no such wedding." in said
    assert "Two things need you" in health(owner)


def test_hooks_of_connections_that_were_taken_away_are_not_spoken_of(
    app: APIFlask, owner: Persona, database: Session
) -> None:
    make_connection(app, owner.organization_id, "Petal RSVP", state="active")
    make_hook(app, owner.organization_id)
    for _ in range(3):
        _subscribe(database, make_hook(app, owner.organization_id).id, "gone", None)
    assert "1 address for others to tell you things" in today(owner)
    assert owner.browser.get("/health").text.count('href="/webhooks/hooks/') == 1


def test_the_hook_of_a_connection_leads_to_the_connection_and_says_what_it_took(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService, database: Session
) -> None:
    connection = connected(app, worker, owner, service, hooks=BY_HAND)
    hook = hook_of(app, connection)
    database.execute(text("UPDATE hooks SET last_seen_at = now() WHERE id = :id"), {"id": hook.id})
    minute = clock.now().replace(second=0, microsecond=0)
    mine = {"hook_id": hook.id, "organization_id": owner.organization_id}
    for minutes, taken in ((0, 40), (61, 2), (26 * 60, 9)):
        database.add(HookMinute(**mine, minute=minute - timedelta(minutes=minutes), taken=taken))
    database.commit()
    page = owner.browser.get("/health")
    assert f'href="/connections/{connection}"' in page.text
    assert f"/webhooks/hooks/{hook.id}" not in page.text
    assert "42 requests in the last day" in words_of(page)
    assert "42 in the last day" in words_of(
        owner.browser.get(f"/webhooks/of-connection/{connection}")
    )


def test_today_shows_notices_that_are_about_nothing_else_on_it(
    app: APIFlask, owner: Persona
) -> None:
    make_connection(
        app, owner.organization_id, "Petal RSVP", state="needs_reauth", reason=ASKS_AGAIN
    )
    for kind, title in (("connection", "Said above"), ("listing", "Your listing was sent back")):
        _tell(app, owner, kind, title)
    said = today(owner)
    assert "Two things need you" in said
    assert "Your listing was sent back" in said
    assert "Said above" not in said


def test_the_books_are_a_step_away(owner: Persona) -> None:
    assert 'href="/books"' in owner.browser.get("/health").text
    assert owner.browser.get("/books").status_code == 200


# --- who sees it


def test_a_viewer_sees_it_too(app: APIFlask, owner: Persona, viewer: Persona) -> None:
    make_connection(app, owner.organization_id, "Petal RSVP", state="needs_reauth")
    assert "One thing needs you" in health(viewer)


def test_a_stranger_sees_nothing_of_it(app: APIFlask, owner: Persona, stranger: Persona) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP", state="needs_reauth")
    make_runs(app, owner.organization_id, "Seat the guests", 3, connection_id=petal)
    make_deliveries(app, owner.organization_id, "Olive & Thyme kitchen", 3)
    make_hook(app, owner.organization_id)
    assert "Nothing to watch over yet" in health(stranger)


def test_names_are_shown_as_they_were_typed_and_never_as_markup(
    app: APIFlask, owner: Persona
) -> None:
    name = "<script>alert(1)</script>"
    make_connection(app, owner.organization_id, name, state="needs_reauth", reason=name)
    page = owner.browser.get("/health").text
    assert name not in page
    assert "&lt;script&gt;alert(1)" in page


# --- stays quick


def test_a_long_history_is_not_read(app: APIFlask, owner: Persona, stranger: Persona) -> None:
    petal = make_connection(app, owner.organization_id, "Petal RSVP")
    for person in (owner, stranger):
        make_deliveries(app, person.organization_id, "Kitchen", MANY)
        make_runs(app, person.organization_id, "Seat", MANY, connection_id=petal)
    analyze(app)
    began = time.thread_time()
    with statements_asked(app) as statements:
        said = health(owner)
    assert time.thread_time() - began < 1
    assert "12,000" in said
    assert not [each for each in statements if "_attempts" in each]


def test_the_page_takes_as_many_statements_for_thirty_things_as_for_three(
    app: APIFlask, owner: Persona
) -> None:
    counts = []
    for _ in range(2):
        for number in range(3 if not counts else 27):
            petal = make_connection(app, owner.organization_id, f"Petal {number}")
            make_runs(app, owner.organization_id, f"Seat {number}", 1, connection_id=petal)
            make_deliveries(app, owner.organization_id, f"Kitchen {number}", 1)
            make_hook(app, owner.organization_id)
        with statements_asked(app) as statements:
            health(owner)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 25


def _subscribe(database: Session, hook_id: UUID, subscription: str, error: str | None) -> None:
    database.execute(
        text(
            "UPDATE hooks SET subscription = :subscription,"
            " subscription_error = CAST(:error AS jsonb) WHERE id = :id"
        ),
        {"id": hook_id, "subscription": subscription, "error": error},
    )


def _tell(app: APIFlask, person: Persona, kind: str, title: str) -> None:
    with app.app_context():
        here = runtime()
        notices.tell(
            db.session,
            here.vault,
            here.settings,
            person.organization_id,
            kind,
            ids.new_id(),
            "test",
            title=title,
            words="Somebody looked at it.",
            path="/health",
        )
        db.session.commit()
