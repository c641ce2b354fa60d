"""Today: what needs somebody, what is next, what happened, and whether everything is well."""

from datetime import timedelta

from apiflask import APIFlask
from sqlalchemy import text

from tests.listings.ways import a_draft, decided, sent
from tests.page_words import words_of
from tests.personas import Persona
from tests.weddings.couples import ahead
from tests.workers.scene import (
    Sink,
    Worker,
    call,
    make_endpoint,
    make_workflow,
    note,
    on_event,
    publish,
    retrying,
    tell,
)
from tests.workflows.clockwork.ticking import MovedClock
from wedsync.platform import clock
from wedsync.platform.db import db
from wedsync.webhooks.hooks import service as hooks
from wedsync.weddings.models import Wedding


def today(persona: Persona) -> str:
    answer = persona.browser.get("/")
    assert answer.status_code == 200
    return words_of(answer)


def test_a_new_organization_is_welcomed_with_its_first_step(owner: Persona) -> None:
    said = today(owner)
    assert "Welcome to Rosewood Weddings" in said
    assert "See ready-made workflows" in said


def test_a_partner_s_first_step_is_a_listing(partner: Persona) -> None:
    said = today(partner)
    assert "It begins with a listing" in said
    assert "See ready-made workflows" not in said


def test_a_partner_whom_something_needs_reads_nothing_of_workflows(
    app: APIFlask, partner: Persona, admin: Persona
) -> None:
    listing_id = a_draft(app, partner)
    decided(app, admin, sent(app, partner, listing_id), "changes", "Say so on the page.")
    said = today(partner)
    assert "One thing needs you" in said
    for words in ("ready-made", "runs were done", "How everything is"):
        assert words not in said


def test_when_all_is_well_nothing_needs_you(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    make_workflow(app, owner.organization_id, on_event("flowers.chosen"), tell("t", "flowers.told"))
    make_endpoint(app, owner.organization_id, sink.url("/ok/well"))
    publish(app, owner.organization_id, "flowers.chosen", {"guest": "Ana"})
    worker.work()
    said = today(owner)
    assert "Nothing needs you" in said
    assert "One run was done in the last day. Nothing is waiting." in said
    assert "Ana Told the tools that listen: Flowers told." in said
    assert "Deliveries 2 arrived in the last day, 0 waiting Well" in said
    assert "unaccounted for 0" in said


def test_everything_that_needs_somebody_is_asked_for_once(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    order = call("order", sink.url("/status/500/today"), key=False)
    never = call("never", sink.url("/status/404/today"))
    make_workflow(app, owner.organization_id, on_event("flowers.chosen"), order)
    make_workflow(app, owner.organization_id, on_event("photo.wanted"), never)
    publish(app, owner.organization_id, "flowers.chosen", {"guest": "Ana"})
    for guest in ("Ben", "Cleo"):
        publish(app, owner.organization_id, "photo.wanted", {"guest": guest})
    worker.work()
    gone, _ = make_endpoint(app, owner.organization_id, sink.url("/status/410/x"), description="F")
    with app.app_context():
        hooks.create(owner.organization_id, {"name": "Payments", "scheme": "stripe"})
        db.session.commit()
    publish(app, owner.organization_id, "flowers.seen", {})
    worker.work()
    said = today(owner)
    assert "Four things need you" in said
    assert "“Seat the guests” for Ana asks you to decide" in said
    assert "“Seat the guests” did not work It happened 2 times since" in said
    assert "F is no longer told anything" in said
    assert "“Payments” needs its secret" in said
    assert f"/webhooks/endpoints/{gone}" in owner.browser.get("/").get_data(as_text=True)
    assert "Today 4 need you" in words_of(owner.browser.get("/runs"))


def test_a_failure_that_was_taken_up_again_needs_nobody_any_more(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    never = call("never", sink.url("/status/404/again"))
    make_workflow(app, owner.organization_id, on_event("photo.wanted"), never)
    publish(app, owner.organization_id, "photo.wanted", {"guest": "Ben"})
    worker.work()
    assert "One thing needs you" in today(owner)
    assert "One run did not work, and nothing is going on." in words_of(owner.browser.get("/runs"))
    with app.app_context():
        run_id = db.session.scalar(text("SELECT id FROM runs"))
    owner.browser.post(f"/runs/{run_id}/retry")
    assert "Nothing needs you" in today(owner)


def test_what_is_next_stands_under_its_couple(
    app: APIFlask, moved_clock: MovedClock, worker: Worker, sink: Sink, owner: Persona
) -> None:
    with app.app_context():
        wedding = Wedding(
            organization_id=owner.organization_id,
            title="Hannah & Josef",
            date=ahead(5),
            venue="Bath",
        )
        db.session.add(wedding)
        db.session.commit()
        wedding_id = str(wedding.id)
    wait = call("wait", sink.url("/status/503/next"), **retrying(3, delay_s=600))
    make_workflow(app, owner.organization_id, on_event("count.final"), wait)
    publish(app, owner.organization_id, "count.final", {"wedding_id": wedding_id})
    worker.work()
    said = today(owner)
    assert "Hannah & Josef in 5 days, Bath" in said
    assert "Seat the guests" in said.split("What is next")[1].split("What happened")[0]
    assert "The wedding" in said


def test_days_are_those_of_the_organization_s_zone(app: APIFlask, owner: Persona) -> None:
    make_workflow(app, owner.organization_id, {"kind": "manual"}, note("hello", words="hi"))
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE organizations SET zone = 'Pacific/Kiritimati' WHERE id = :id"),
            {"id": owner.organization_id},
        )
    there = clock.now() + timedelta(hours=14)
    assert f"{there:%a} {there.day} {there:%B} {there.year}" in today(owner)


def test_a_stranger_sees_nothing_of_it(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona, stranger: Persona
) -> None:
    order = call("order", sink.url("/status/500/strange"), key=False)
    make_workflow(app, owner.organization_id, on_event("flowers.chosen"), order)
    publish(app, owner.organization_id, "flowers.chosen", {"guest": "Ana"})
    worker.work()
    assert "Ana" not in today(stranger)
    assert "Welcome to Lumen" in today(stranger)


def test_the_books_account_for_everything(
    app: APIFlask, worker: Worker, sink: Sink, owner: Persona
) -> None:
    make_workflow(app, owner.organization_id, on_event("flowers.chosen"), tell("t", "flowers.told"))
    make_endpoint(app, owner.organization_id, sink.url("/ok/books"))
    publish(app, owner.organization_id, "flowers.chosen", {"guest": "Ana"})
    worker.work()
    said = words_of(owner.browser.get("/books"))
    assert "Everything is accounted for" in said
    assert "Passed on 2 About to be passed on 0 Set aside 0 Together, unaccounted for 0 2" in said
    assert "Done 1" in said
    assert "Arrived 2" in said
