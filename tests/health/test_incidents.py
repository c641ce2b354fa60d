"""Incidents: opened once, told once, looked after, closed when it is over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from apiflask import APIFlask
from flask import url_for
from sqlalchemy import text

from tests.health.history import make_connection, make_runs
from tests.letters import letters_to
from tests.page_words import words_of
from tests.personas import Persona, make_organization, make_persona
from wedsync.health import everything
from wedsync.health.incidents import across, course, suspects, telling, watching
from wedsync.health.pages_of_things import PATHS, page_of
from wedsync.notices import queries as notices
from wedsync.notices import service as telling_service
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.runtime import runtime
from wedsync.platform.wording import Wording

ASKS_AGAIN = "Petal does not know us any more. Connect again."
A_MOMENT = timedelta(seconds=1)


def look(app: APIFlask, organization_id: UUID, now: datetime | None = None) -> None:
    """Judge everything of one organization, as the clock does."""
    now = now or clock.now()
    with app.app_context(), db.engine.begin() as connection:
        lines = everything.of(organization_id, Wording("UTC", now), most=None).lines
        watching.keep(connection, organization_id, lines, now)
        here = runtime()
        telling.keep_people_told(connection, here.vault, here.settings, organization_id)


def incidents(app: APIFlask, organization_id: UUID | None) -> list[Any]:
    with app.app_context():
        return list(
            db.session.execute(
                text(
                    "SELECT * FROM incidents WHERE organization_id IS NOT DISTINCT FROM :id"
                    " ORDER BY id"
                ),
                {"id": organization_id},
            )
        )


def mend(app: APIFlask, connection_id: UUID) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE connections SET state = 'active', reason = NULL WHERE id = :id"),
            {"id": connection_id},
        )


def titles(app: APIFlask, person: Persona) -> list[str]:
    with app.app_context():
        return [notice.title for notice in notices.open_ones(person.organization_id)]


@pytest.fixture
def lost(app: APIFlask, owner: Persona) -> UUID:
    """A connection that somebody has to make again."""
    return make_connection(
        app, owner.organization_id, "Petal RSVP", state="needs_reauth", reason=ASKS_AGAIN
    )


# --- works


def test_what_is_in_trouble_is_one_incident_and_one_letter_however_often_it_is_looked_at(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    for _ in range(3):
        look(app, owner.organization_id)
    (found,) = incidents(app, owner.organization_id)
    assert (found.kind, found.subject, found.state) == ("connection", str(lost), "needs_you")
    assert found.reason == ASKS_AGAIN
    assert found.opened_at < clock.now() - timedelta(hours=2)  # since when it is so, not was seen
    assert titles(app, owner) == ["“Petal RSVP” needs you"]
    (letter,) = letters_to(app, owner.email)
    assert ASKS_AGAIN in letter.text
    assert f"/connections/{lost}" in letter.text


def test_it_closes_after_it_was_well_for_a_minute_and_its_notice_with_it(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    now = clock.now()
    look(app, owner.organization_id, now)
    mend(app, lost)
    look(app, owner.organization_id, now + A_MOMENT)
    assert incidents(app, owner.organization_id)[0].closed_at is None
    look(app, owner.organization_id, now + course.CLEAR_FOR + A_MOMENT)
    (closed,) = incidents(app, owner.organization_id)
    assert closed.closed_at == now + A_MOMENT
    look(app, owner.organization_id, now + course.CLEAR_FOR + 2 * A_MOMENT)
    assert titles(app, owner) == []


def test_what_comes_again_within_the_minute_is_the_same_incident_and_not_told_again(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    now = clock.now()
    look(app, owner.organization_id, now)
    mend(app, lost)
    look(app, owner.organization_id, now + A_MOMENT)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE connections SET state = 'needs_reauth' WHERE id = :id"), {"id": lost}
        )
    look(app, owner.organization_id, now + 2 * course.CLEAR_FOR)
    (found,) = incidents(app, owner.organization_id)
    assert found.closed_at is None
    assert found.clear_since is None
    assert len(letters_to(app, owner.email)) == 1


def test_a_workflow_that_failed_is_told_of_though_another_run_only_asks(
    app: APIFlask, owner: Persona
) -> None:
    workflow = make_runs(app, owner.organization_id, "Seat the guests", 4, failed=2)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE runs SET state = 'needs_attention', finished_at = NULL WHERE id ="
                " (SELECT id FROM runs WHERE workflow_id = :id AND state = 'succeeded' LIMIT 1)"
            ),
            {"id": workflow},
        )
    look(app, owner.organization_id)
    (found,) = incidents(app, owner.organization_id)
    assert found.reason == (
        "One run asks you to decide. It did not work twice. What was done before stays done."
    )


def test_who_looks_after_it_stands_beside_it_and_can_be_taken_back(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    look(app, owner.organization_id)
    (found,) = incidents(app, owner.organization_id)
    path = f"/health/incidents/{found.id}"
    owner.browser.post(f"{path}/acknowledge")
    said = words_of(owner.browser.get("/health"))
    assert f"{owner.name} looks after it, since today" in said
    assert "I look after it" not in said
    owner.browser.post(f"{path}/take-back")
    assert "I look after it" in words_of(owner.browser.get("/health"))


def test_what_is_over_is_told_on_health_and_on_a_page_of_its_own(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    now = clock.now()
    look(app, owner.organization_id, now)
    mend(app, lost)
    look(app, owner.organization_id, now + A_MOMENT)
    look(app, owner.organization_id, now + 2 * course.CLEAR_FOR)
    for page in ("/health", "/health/earlier"):
        assert f"“Petal RSVP” needed somebody {ASKS_AGAIN}" in words_of(owner.browser.get(page))


def test_the_api_lists_them_and_acknowledges(app: APIFlask, owner: Persona, lost: UUID) -> None:
    look(app, owner.organization_id)
    (found,) = owner.api.get("/health/incidents?state=open").json["data"]
    assert (found["kind"], found["subject"]) == ("connection", str(lost))
    answer = owner.api.post(f"/health/incidents/{found['id']}/acknowledge")
    assert answer.json["acknowledged_at"]
    again = owner.api.post(f"/health/incidents/{found['id']}/acknowledge")
    assert again.json == answer.json
    assert owner.api.get("/health/incidents?state=closed").json["data"] == []


def test_the_same_connector_failing_for_several_is_one_incident_told_to_admins_once(
    app: APIFlask, owner: Persona, admin: Persona
) -> None:
    slug = f"seatwell-{ids.new_id().hex[-8:]}"
    others = (make_organization(app) for _ in range(across.SEVERAL - 1))
    people = [owner, *(make_persona(app, each, name="Beth") for each in others)]
    for number, person in enumerate(people, start=1):
        make_connection(
            app,
            person.organization_id,
            "Seatwell",
            state="degraded",
            reason="Seatwell does not answer.",
            refresh_failures=2,
            connector="Seatwell",
            slug=slug,
        )
        look(app, person.organization_id)
        _look_across(app)
        found = [each for each in incidents(app, None) if each.subject == slug]
        assert len(found) == (number == across.SEVERAL)
    _look_across(app)
    letters = [
        letter
        for letter in letters_to(app, admin.email)
        if letter.subject == "Seatwell fails for several businesses"
    ]
    assert [letter.text.count("Three businesses have trouble") for letter in letters] == [1]


def _look_across(app: APIFlask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        here = runtime()
        across.keep(connection, here.vault, here.settings, clock.now())


def test_a_few_rounds_of_the_clock_open_it_tell_of_it_and_close_both(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    now = clock.now()
    _rounds(app, now)
    assert len(incidents(app, owner.organization_id)) == 1
    assert titles(app, owner) == ["“Petal RSVP” needs you"]
    mend(app, lost)
    _rounds(app, now)
    _rounds(app, now + course.CLEAR_FOR)
    assert incidents(app, owner.organization_id)[0].closed_at is not None
    assert titles(app, owner) == []


def _rounds(app: APIFlask, first: datetime) -> None:
    for number in range(suspects.SHARES):
        with app.app_context(), db.engine.begin() as connection:
            here = runtime()
            at = first + timedelta(seconds=number * watching.EVERY_S)
            watching.watch(connection, here.vault, here.settings, at)


def test_the_clock_looks_at_everybody_in_trouble_within_a_few_rounds(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    with app.app_context(), db.engine.begin() as connection:
        shares = [
            {row.id for row in suspects.organizations(connection, share)}
            for share in range(suspects.SHARES)
        ]
    assert sum(owner.organization_id in share for share in shares) == 1


def test_the_paths_told_without_a_request_are_those_of_the_pages(app: APIFlask) -> None:
    thing = ids.new_id()
    pages = {
        "connection": "connections.connection",
        "hook": "webhooks.hook",
        "endpoint": "webhooks.endpoint",
        "workflow": "workflows.workflow",
    }
    assert set(pages) == set(PATHS)
    with app.test_request_context():
        for kind, endpoint in pages.items():
            assert page_of(kind, thing) == url_for(endpoint, **{f"{kind}_id": thing})


# --- is refused, or left alone


def test_what_only_waits_for_somebody_is_no_incident(app: APIFlask, owner: Persona) -> None:
    make_connection(
        app, owner.organization_id, "Petal RSVP", state="pending", reason="You said no there."
    )
    look(app, owner.organization_id)
    assert incidents(app, owner.organization_id) == []


def test_a_notice_that_says_more_about_it_speaks_for_it(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    tell = _about(app, owner, lost)
    tell()
    look(app, owner.organization_id)
    assert titles(app, owner) == ["Petal RSVP has to be connected again"]


def test_one_told_later_takes_the_place_of_the_incidents(
    app: APIFlask, owner: Persona, lost: UUID
) -> None:
    look(app, owner.organization_id)
    _about(app, owner, lost)()
    look(app, owner.organization_id)
    assert titles(app, owner) == ["Petal RSVP has to be connected again"]


def _about(app: APIFlask, owner: Persona, thing: UUID) -> Callable[[], None]:
    def tell() -> None:
        with app.app_context(), db.engine.begin() as connection:
            here = runtime()
            telling_service.tell(
                connection,
                here.vault,
                here.settings,
                owner.organization_id,
                "connection",
                thing,
                "needs_reauth",
                title="Petal RSVP has to be connected again",
                words=ASKS_AGAIN,
                path=f"/connections/{thing}",
            )

    return tell


def test_what_was_taken_away_is_over(app: APIFlask, owner: Persona, lost: UUID) -> None:
    now = clock.now()
    look(app, owner.organization_id, now)
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(
            text("UPDATE connections SET state = 'deleted' WHERE id = :id"), {"id": lost}
        )
    look(app, owner.organization_id, now + A_MOMENT)
    look(app, owner.organization_id, now + 2 * course.CLEAR_FOR)
    assert incidents(app, owner.organization_id)[0].closed_at is not None
