"""Invitations: made by an owner, sent by e-mail or passed on by hand, taken once."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from apiflask import APIFlask
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tests.accounts.ways import at_once, audited, invite, sign_in
from tests.letters import letter_to, letters_to
from tests.personas import Browser, Persona, browser_of, signed_in_browser
from wedsync.accounts.models import Invitation, Membership, User
from wedsync.platform import clock, ids

PASSWORD = "a lantern in the garden"


def _join(browser: Browser, link: str, **changed: str) -> TestResponse:
    return browser.post(link, data={"name": "Priya Nair", "password": PASSWORD, **changed})


def _invitation(database: Session, email: str) -> Invitation:
    return database.scalars(select(Invitation).where(Invitation.email == email)).one()


def _roles(database: Session, email: str) -> list[str]:
    roles = select(Membership.role).join(Membership.user).where(User.email == email)
    return list(database.scalars(roles))


# --- works


def test_somebody_new_joins_with_the_role_they_were_invited_to(
    owner: Persona, client: Browser, database: Session
) -> None:
    link = invite(owner, "Priya@join.example.com", "viewer")
    page = client.get(link)
    assert page.status_code == 200
    assert "Join Rosewood Weddings" in page.text
    assert "priya@join.example.com" in page.text
    assert _join(client, link).headers["Location"] == "/"
    assert _roles(database, "priya@join.example.com") == ["viewer"]
    assert "Rosewood Weddings" in client.get("/settings").text
    invited = _invitation(database, "priya@join.example.com")
    assert audited(database, owner.organization_id, invited.id) == [
        "invitation.created",
        "invitation.accepted",
    ]


def test_the_link_is_shown_once_and_kept_as_a_hash_only(owner: Persona, database: Session) -> None:
    link = invite(owner, "once@example.com")
    assert link not in owner.browser.get("/settings").text
    token = link.rpartition("/")[2].encode()
    assert token not in _invitation(database, "once@example.com").token_hash


def test_looking_at_the_link_does_not_spend_it(owner: Persona, client: Browser) -> None:
    link = invite(owner, "looks@example.com")
    for _ in range(3):
        assert client.get(link).status_code == 200
    assert _join(client, link).status_code == 303


def test_asking_for_its_headers_does_not_spend_it_even_for_who_is_signed_in(
    owner: Persona, stranger: Persona, database: Session
) -> None:
    link = invite(owner, stranger.email)
    assert stranger.browser.head(link).status_code == 200
    assert _roles(database, stranger.email) == ["owner"]
    assert stranger.browser.post(link).status_code == 303


def test_somebody_signed_in_joins_as_who_they_are_and_goes_on_there(
    owner: Persona, stranger: Persona, database: Session
) -> None:
    link = invite(owner, stranger.email)
    page = stranger.browser.get(link).text
    assert f"You are signed in as {stranger.name}" in page
    assert stranger.browser.post(link).headers["Location"] == "/"
    assert sorted(_roles(database, stranger.email)) == ["editor", "owner"]
    assert owner.email in stranger.browser.get("/settings").text


def test_somebody_with_an_account_signs_in_first_and_comes_back(
    owner: Persona, stranger: Persona, client: Browser, database: Session
) -> None:
    link = invite(owner, stranger.email)
    assert f'href="/sign-in?next={link}"' in client.get(link).text
    _join(client, link)
    assert _roles(database, stranger.email) == ["owner"]
    assert sign_in(client, stranger.email, to=link).headers["Location"] == link
    assert client.post(link).status_code == 303


def test_inviting_the_same_person_again_replaces_the_first_link(
    owner: Persona, client: Browser
) -> None:
    first, second = (invite(owner, "twice@example.com") for _ in range(2))
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_who_is_invited_gets_the_link_by_e_mail(
    app: APIFlask, owner: Persona, client: Browser
) -> None:
    link = invite(owner, "written@example.com", "viewer")
    letter = letter_to(app, "written@example.com", "invitation")
    assert letter.link == link
    assert letter.subject == "Imogen invites you to Rosewood Weddings"
    assert "to see what happens there" in letter.text
    assert link.encode() not in letter.sealed
    assert _join(client, letter.link).status_code == 303


def test_a_name_cannot_break_out_of_the_subject(
    app: APIFlask, owner: Persona, database: Session
) -> None:
    name = "Rosewood\r\nBcc: everybody@example.com\n\n{{ 7 * 7 }}"
    database.execute(
        text("UPDATE organizations SET name = :name WHERE id = :id"),
        {"name": name, "id": owner.organization_id},
    )
    invite(owner, "subject@example.com")
    letter = letter_to(app, "subject@example.com", "invitation")
    assert letter.subject == (
        "Imogen invites you to Rosewood Bcc: everybody@example.com {{ 7 * 7 }}"
    )
    assert letter.text.startswith("Imogen invites you to join Rosewood Bcc:")


# --- refused


def test_a_team_that_invites_a_hundred_people_a_day_goes_on_tomorrow(
    owner: Persona, database: Session
) -> None:
    database.execute(
        text(
            "INSERT INTO invitations (organization_id, email, role, token_hash, expires_at)"
            " SELECT :id, n || '@example.com', 'viewer', uuid_send(gen_random_uuid()), now()"
            " FROM generate_series(1, 100) n"
        ),
        {"id": owner.organization_id},
    )
    form = {"email": "one-more@example.com", "role": "viewer"}
    answer = owner.browser.post("/settings/invitations", data=form)
    assert answer.status_code == 429
    assert "Go on tomorrow" in answer.text


@pytest.mark.parametrize("email", ["", "priya", "a\nb@example.com"])
def test_an_email_that_cannot_be_one_is_refused(owner: Persona, email: str) -> None:
    form = {"email": email, "role": "editor"}
    assert owner.browser.post("/settings/invitations", data=form).status_code == 422


def test_a_member_is_not_invited_again(owner: Persona, editor: Persona) -> None:
    form = {"email": editor.email.upper(), "role": "viewer"}
    answer = owner.browser.post("/settings/invitations", data=form)
    assert answer.status_code == 422
    assert "in your team already" in answer.text


def test_a_weak_password_does_not_spend_the_link(
    owner: Persona, client: Browser, database: Session
) -> None:
    link = invite(owner, "weak@join.example.com")
    assert _join(client, link, password="password1234").status_code == 422
    assert _roles(database, "weak@join.example.com") == []
    assert _join(client, link).status_code == 303


def test_a_used_link_is_gone_and_the_try_is_remembered(
    owner: Persona, client: Browser, database: Session
) -> None:
    link = invite(owner, "used@example.com")
    _join(browser_of(client.application), link)
    answer = _join(client, link, name="Mallory")
    assert answer.status_code == 410
    assert "used already" in answer.text
    invited = _invitation(database, "used@example.com")
    assert audited(database, owner.organization_id, invited.id)[-1] == "invitation.refused"


def test_a_link_tried_again_and_again_is_remembered_once_an_hour(
    owner: Persona, client: Browser, database: Session
) -> None:
    link = invite(owner, "again@example.com")
    _join(browser_of(client.application), link)
    invited = _invitation(database, "again@example.com")

    def times() -> int:
        done = audited(database, owner.organization_id, invited.id)
        return done.count("invitation.refused")

    at_once(*[lambda: browser_of(client.application).get(link).status_code] * 3)
    assert [client.get(link).status_code for _ in range(3)] == [410] * 3
    assert times() == 1
    database.execute(text("SET LOCAL session_replication_role = replica"))
    database.execute(
        text(
            "UPDATE audit_entries SET id = :earlier"
            " WHERE object_id = :id AND action = 'invitation.refused'"
        ),
        {"earlier": ids.first_at(datetime.now(UTC) - timedelta(hours=2)), "id": invited.id},
    )
    database.commit()
    client.get(link)
    assert times() == 2


def test_where_we_write_the_invitation_who_invites_has_confirmed_their_own_e_mail(
    mailing_app: APIFlask, owner: Persona, database: Session
) -> None:
    browser = signed_in_browser(mailing_app, owner.sign_in_id)
    confirmed = "UPDATE users SET email_confirmed_at = {} WHERE id = :id"
    form = {"email": "unasked@example.com", "role": "viewer"}
    database.execute(text(confirmed.format("NULL")), {"id": owner.user_id})
    refused = browser.post("/settings/invitations", data=form)
    assert refused.status_code == 422
    assert "Confirm your own e-mail first" in refused.text
    assert 'action="/settings/confirm-email"' in refused.text
    assert letters_to(mailing_app, "unasked@example.com") == []
    database.execute(text(confirmed.format("now()")), {"id": owner.user_id})
    assert browser.post("/settings/invitations", data=form).status_code == 200
    assert letter_to(mailing_app, "unasked@example.com", "invitation").link


def test_a_link_taken_back_is_gone(owner: Persona, client: Browser, database: Session) -> None:
    link = invite(owner, "back@example.com")
    path = f"/settings/invitations/{_invitation(database, 'back@example.com').id}/revoke"
    assert owner.browser.post(path).status_code == 303
    assert "taken back" in client.get(link).text
    assert owner.browser.post(path).status_code == 404


def test_a_link_is_gone_after_seven_days(
    owner: Persona, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = invite(owner, "late@example.com")
    later = datetime.now(UTC) + timedelta(days=7, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "good for seven days" in client.get(link).text
    assert _join(client, link).status_code == 410


@pytest.mark.parametrize("token", ["wsi_short", "nonsense", "wsi_" + "A" * 46])
def test_a_made_up_link_is_not_found(client: Browser, token: str) -> None:
    assert client.get(f"/invitations/{token}").status_code == 404
    assert client.post(f"/invitations/{token}").status_code == 404


def test_a_member_who_takes_a_link_of_their_own_team_does_not_spend_it(
    owner: Persona, editor: Persona, client: Browser
) -> None:
    link = invite(owner, "mistaken@example.com")
    assert editor.browser.post(link).status_code == 409
    assert _join(client, link).status_code == 303


def test_a_stranger_cannot_take_back_an_invitation(
    owner: Persona, stranger: Persona, client: Browser, database: Session
) -> None:
    link = invite(owner, "safe@example.com")
    path = f"/settings/invitations/{_invitation(database, 'safe@example.com').id}/revoke"
    assert stranger.browser.post(path).status_code == 404
    assert client.get(link).status_code == 200


# --- at the same time


def test_of_two_who_take_one_link_at_once_one_gets_in(
    owner: Persona, stranger: Persona, partner: Persona, database: Session
) -> None:
    link = invite(owner, "raced@join.example.com")
    answers = at_once(
        lambda: stranger.browser.post(link).status_code,
        lambda: partner.browser.post(link).status_code,
    )
    assert sorted(answers) == [303, 410]
    team = select(Membership).where(Membership.organization_id == owner.organization_id)
    assert len(database.scalars(team).all()) == 2


@pytest.mark.parametrize("way", ["remove", "role"])
def test_an_owner_who_goes_leaves_no_link_to_come_back_by(
    owner: Persona, client: Browser, database: Session, way: str
) -> None:
    joined = browser_of(owner.browser.application)
    _join(joined, invite(owner, f"second-{way}@example.com", "owner"))
    second = database.scalars(
        select(Membership).join(Membership.user).where(User.email == f"second-{way}@example.com")
    ).one()
    page = joined.post("/settings/invitations", data={"email": "x@example.com", "role": "owner"})
    link = re.search(r"/invitations/wsi_\w+", page.text)
    assert link
    owner.browser.post(f"/settings/members/{second.id}/{way}", data={"role": "viewer"})
    assert _join(client, link.group()).status_code == 410
