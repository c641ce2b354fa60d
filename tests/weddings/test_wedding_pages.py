"""One wedding's pages: adding it, what it says, changing it, its turning points."""

from uuid import UUID

from apiflask import APIFlask

from tests.page_words import words_of
from tests.personas import Persona
from tests.weddings.couples import ahead, marry, wedding
from tests.workers.scene import worker_of
from wedsync.events import service as events
from wedsync.platform.db import db
from wedsync.platform.wording import Wording
from wedsync.workflows.editing import service as workflows

NEW = {
    "title": "Hannah & Josef",
    "partners": "Hannah Byrne\nJosef Brandt\n",
    "date": "2031-06-14",
    "rsvp_deadline": "",
    "venue": "Villa Serena",
    "zone": "Europe/Rome",
    "currency": "eur",
    "status": "booked",
    "final_count": "",
}


def test_a_wedding_is_added_and_shown(owner: Persona) -> None:
    made = owner.browser.post("/weddings/new", data=NEW, follow_redirects=True)
    said = words_of(made)
    assert "Hannah & Josef Sat 14 June 2031 at Villa Serena." in said
    assert "Its days by the clocks in Rome" in said
    assert "Who marries Hannah Byrne and Josef Brandt" in said
    assert "Time zone Europe/Rome Currency EUR" in said
    assert "Hannah & Josef" in words_of(owner.browser.get("/weddings"))


def test_what_is_wrong_stands_beside_its_field_and_the_rest_is_kept(owner: Persona) -> None:
    answer = owner.browser.post("/weddings/new", data={**NEW, "zone": "Europe/Atlantis"})
    assert answer.status_code == 422
    said = words_of(answer)
    assert "There is no such time zone. Write it as Europe/London." in said
    assert 'value="Hannah &amp; Josef"' in answer.text
    empty = owner.browser.post("/weddings/new", data={**NEW, "title": ""})
    assert "Give it a name" in words_of(empty)
    huge = owner.browser.post("/weddings/new", data={**NEW, "title": "x" * 5_000})
    assert "At most 200 characters." in words_of(huge)


def test_a_change_is_kept(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    shown = owner.browser.get(f"/weddings/{couple}/edit").text
    assert 'value="Villa Serena"' in shown
    assert 'name="revision" type="hidden" value="1"' in shown
    form = {**NEW, "venue": "Bath", "final_count": "82", "revision": "1"}
    owner.browser.post(f"/weddings/{couple}/edit", data=form)
    now = wedding(app, couple)
    assert (now.venue, now.final_count, now.date) == ("Bath", 82, ahead(365))


def test_of_two_tabs_the_second_is_told_and_may_let_its_own_stand(
    app: APIFlask, owner: Persona
) -> None:
    couple = marry(app, owner)
    form = {**NEW, "revision": "1"}
    owner.browser.post(f"/weddings/{couple}/edit", data={**form, "venue": "Bath"})
    late = owner.browser.post(f"/weddings/{couple}/edit", data={**form, "venue": "Rome"})
    assert late.status_code == 422
    assert "Somebody changed this wedding since you looked." in words_of(late)
    assert 'value="Rome"' in late.text
    assert 'name="revision" type="hidden" value="2"' in late.text
    assert wedding(app, couple).venue == "Bath"
    owner.browser.post(f"/weddings/{couple}/edit", data={**form, "venue": "Rome", "revision": "2"})
    assert wedding(app, couple).venue == "Rome"


def test_moving_the_date_shows_before_and_after_and_asks(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner, rsvp_deadline=ahead(323))
    say = Wording().day
    url = f"/weddings/{couple}/move"
    new_day = ahead(372)
    first = owner.browser.get(url)
    assert "nothing changes before you say so" in words_of(first)
    look = owner.browser.get(url, query_string={"date": new_day.isoformat(), "along": "y"})
    said = words_of(look)
    assert f"The wedding {say(ahead(365), year=True)} {say(new_day, year=True)}" in said
    assert f"RSVP deadline {say(ahead(323), year=True)} {say(ahead(330), year=True)}" in said
    assert f"/workflows/moves-of-wedding/{couple}?date={new_day.isoformat()}" in look.text
    assert wedding(app, couple).revision == 1
    moved = {"date": new_day.isoformat(), "rsvp_deadline": ahead(330).isoformat(), "revision": "1"}
    done = owner.browser.post(url, data=moved, follow_redirects=True)
    assert "Its dates are changed." in words_of(done)
    now = wedding(app, couple)
    assert (now.date, now.rsvp_deadline) == (new_day, ahead(330))


def test_a_date_chosen_by_hand_does_not_move_along(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner, rsvp_deadline=ahead(323), delivery_date=ahead(400))
    chosen = {
        "date": ahead(372).isoformat(),
        "along": "y",
        "rsvp_deadline": ahead(310).isoformat(),
        "delivery_date": ahead(400).isoformat(),
    }
    look = owner.browser.get(f"/weddings/{couple}/move", query_string=chosen)
    assert f'name="rsvp_deadline" value="{ahead(310).isoformat()}"' in look.text
    assert f'name="delivery_date" value="{ahead(407).isoformat()}"' in look.text


def test_dates_that_moved_meanwhile_are_looked_at_again(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    url = f"/weddings/{couple}/move"
    owner.browser.post(url, data={"date": ahead(372).isoformat(), "revision": "1"})
    late = owner.browser.post(url, data={"date": ahead(379).isoformat(), "revision": "1"})
    assert late.status_code == 422
    assert "Somebody changed this wedding since you looked." in words_of(late)
    assert wedding(app, couple).date == ahead(372)


def test_a_wrong_day_is_told(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    for day in ("0001-01-01", "2027-02-30", "soon"):
        answer = owner.browser.get(f"/weddings/{couple}/move", query_string={"date": day})
        assert answer.status_code == 422, day
    assert wedding(app, couple).revision == 1


def test_it_is_postponed_without_a_new_date(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    url = f"/weddings/{couple}/postpone"
    look = owner.browser.get(url, query_string={"date": "", "along": "y"})
    assert "Postpone this wedding?" in words_of(look)
    assert f"{Wording().day(ahead(365), year=True)} not known" in words_of(look)
    done = owner.browser.post(url, data={"date": "", "revision": "1"}, follow_redirects=True)
    assert "Its new date is not known yet." in words_of(done)
    assert wedding(app, couple).date is None


def test_cancelling_asks_first_and_can_be_taken_back(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    asked = owner.browser.get(f"/weddings/{couple}/cancel")
    assert "Cancel this wedding?" in words_of(asked)
    assert f"/workflows/moves-of-wedding/{couple}?status=cancelled" in asked.text
    status = f"/weddings/{couple}/status"
    done = owner.browser.post(status, data={"status": "cancelled"}, follow_redirects=True)
    assert "This wedding is cancelled" in words_of(done)
    back = owner.browser.post(status, data={"status": "booked"}, follow_redirects=True)
    assert "It is booked now." in words_of(back)
    odd = owner.browser.post(status, data={"status": "married"}, follow_redirects=True)
    assert "There is no such status." in words_of(odd)


def test_one_put_away_stands_in_no_list_and_comes_back(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    assert "Put this wedding away?" in words_of(owner.browser.get(f"/weddings/{couple}/put-away"))
    status = f"/weddings/{couple}/status"
    done = owner.browser.post(status, data={"status": "archived"}, follow_redirects=True)
    assert "Hannah" not in words_of(done)
    assert "This wedding was put away" in words_of(owner.browser.get(f"/weddings/{couple}"))
    owner.browser.post(status, data={"status": "booked"})
    assert "Hannah" in words_of(owner.browser.get("/weddings"))


def test_a_viewer_sees_it_and_is_offered_nothing(
    app: APIFlask, owner: Persona, viewer: Persona
) -> None:
    couple = marry(app, owner)
    said = words_of(viewer.browser.get(f"/weddings/{couple}"))
    assert "Hannah & Josef" in said
    assert "Cancel it" not in said
    assert "Move the date" not in said
    assert "Add a wedding" not in words_of(viewer.browser.get("/weddings"))


def test_what_waits_for_its_days_and_what_happened_are_told(app: APIFlask, owner: Persona) -> None:
    couple = marry(app, owner)
    page = owner.browser.get(f"/weddings/{couple}").text
    for part in ("moves-of-wedding", "runs-of-wedding"):
        address = f"/workflows/{part}/{couple}"
        assert f'hx-get="{address}"' in page
        assert f'<a href="{address}">' in page, "also without script"
    with app.app_context():
        steps = [{"id": "note", "kind": "set", "values": {"a": 1}}]
        trigger = {"kind": "event", "event_type": "food.asked", "source": "any", "filter": None}
        definition = {"format": 1, "trigger": trigger}
        draft = workflows.create(owner.organization_id, "Ask", {**definition, "steps": steps})
        workflows.publish(owner.organization_id, draft.workflow.id)
        db.session.commit()
    empty = owner.browser.get(f"/workflows/runs-of-wedding/{couple}", fragment=True)
    assert "Nothing happened around this wedding yet." in words_of(empty)
    publish_about(app, owner, couple, "food.asked")
    told = owner.browser.get(f"/workflows/runs-of-wedding/{couple}", fragment=True)
    assert "Ask" in words_of(told)


def publish_about(app: APIFlask, owner: Persona, couple: UUID, event_type: str) -> None:
    """An event about a wedding, passed on to the workflows that listen."""
    with app.app_context():
        events.publish(owner.organization_id, event_type, {}, source="api", wedding_id=couple)
        db.session.commit()
    with worker_of(app) as worker:
        worker.fan_out()
