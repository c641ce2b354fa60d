"""Who is in the team, with which role; and going from one team to another."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.accounts.ways import at_once, audited, invite
from tests.personas import Persona
from wedsync.accounts.models import Membership

MemberOf = Callable[[Persona], UUID]


@pytest.fixture
def member(database: Session) -> MemberOf:
    """The id a persona has in their team."""

    def find(persona: Persona) -> UUID:
        wanted = select(Membership.id).where(Membership.user_id == persona.user_id)
        return database.scalars(wanted).one()

    return find


def _role(database: Session, persona: Persona) -> str | None:
    return database.scalar(select(Membership.role).where(Membership.user_id == persona.user_id))


def _change(by: Persona, member_id: UUID, role: str) -> int:
    path = f"/settings/members/{member_id}/role"
    return by.browser.post(path, data={"role": role}).status_code


def _remove(by: Persona, member_id: UUID) -> int:
    return by.browser.post(f"/settings/members/{member_id}/remove").status_code


# --- works


def test_everybody_sees_the_team_and_only_owners_see_how_to_change_it(
    owner: Persona, viewer: Persona
) -> None:
    for persona in (owner, viewer):
        page = persona.browser.get("/settings").text
        assert owner.email in page
        assert viewer.email in page
        assert ("Make a link" in page) is (persona is owner)
        assert ("API keys" in page) is (persona is owner)


def test_an_owner_changes_a_role_and_it_counts_at_once(
    owner: Persona, viewer: Persona, member: MemberOf, database: Session
) -> None:
    assert viewer.browser.get("/settings/api-keys").status_code == 403
    assert _change(owner, member(viewer), "owner") == 303
    assert viewer.browser.get("/settings/api-keys").status_code == 200
    assert audited(database, owner.organization_id, viewer.user_id) == ["member.role_changed"]


def test_somebody_taken_out_is_signed_out_at_once(
    owner: Persona, editor: Persona, member: MemberOf, database: Session
) -> None:
    assert _remove(owner, member(editor)) == 303
    assert editor.browser.get("/settings").status_code == 303
    assert audited(database, owner.organization_id, editor.user_id) == ["member.removed"]
    assert _role(database, editor) is None


def test_an_owner_may_leave_when_another_stays(
    owner: Persona, editor: Persona, member: MemberOf
) -> None:
    _change(owner, member(editor), "owner")
    assert _remove(owner, member(owner)) == 303
    assert owner.browser.get("/settings").status_code == 303


def test_somebody_in_two_teams_goes_from_one_to_the_other(
    owner: Persona, stranger: Persona, database: Session
) -> None:
    link = invite(stranger, "whoever@example.com", "viewer")
    owner.browser.post(link)
    assert "Lumen Photography" in owner.browser.get("/settings").text
    answer = owner.browser.post(
        "/settings/organization", data={"organization": str(owner.organization_id)}
    )
    assert answer.headers["Location"] == "/"
    assert owner.browser.get("/settings/api-keys").status_code == 200
    started = audited(database, owner.organization_id, owner.sign_in_id)
    assert started == ["sign_in.started", "sign_in.switched"]


# --- refused


def test_the_last_owner_can_neither_step_down_nor_leave(
    owner: Persona, member: MemberOf, database: Session
) -> None:
    assert _change(owner, member(owner), "viewer") == 409
    assert _remove(owner, member(owner)) == 409
    assert _role(database, owner) == "owner"
    page = owner.browser.post(f"/settings/members/{member(owner)}/remove").text
    assert "Imogen is the only owner." in page


@pytest.mark.parametrize("role", ["admin", "", "OWNER"])
def test_a_role_that_does_not_exist_is_refused(
    owner: Persona, viewer: Persona, member: MemberOf, role: str
) -> None:
    assert _change(owner, member(viewer), role) == 422


def test_editors_and_viewers_cannot_manage_the_team(
    editor: Persona, viewer: Persona, owner: Persona, member: MemberOf, database: Session
) -> None:
    for persona in (editor, viewer):
        assert _change(persona, member(persona), "owner") == 403
        assert _remove(persona, member(owner)) == 403
        invited = {"email": "friend@example.com", "role": "owner"}
        assert persona.browser.post("/settings/invitations", data=invited).status_code == 403
    assert _role(database, editor) == "editor"


def test_a_strangers_team_cannot_be_touched(
    stranger: Persona, editor: Persona, member: MemberOf, database: Session
) -> None:
    assert _change(stranger, member(editor), "owner") == 404
    assert _remove(stranger, member(editor)) == 404
    assert _role(database, editor) == "editor"
    assert editor.email not in stranger.browser.get("/settings").text


def test_nobody_switches_to_a_team_they_are_not_in(stranger: Persona, owner: Persona) -> None:
    path = "/settings/organization"
    wanted = {"organization": str(owner.organization_id)}
    assert stranger.browser.post(path, data=wanted).status_code == 404
    assert stranger.browser.post(path, data={"organization": "nonsense"}).status_code == 422
    assert owner.email not in stranger.browser.get("/settings").text


# --- at the same time


def test_of_two_owners_leaving_at_once_one_stays(
    owner: Persona, editor: Persona, member: MemberOf, database: Session
) -> None:
    _change(owner, member(editor), "owner")
    first, second = member(owner), member(editor)
    answers = at_once(lambda: _remove(owner, first), lambda: _remove(editor, second))
    assert sorted(answers) == [303, 409]
    left = select(Membership.role).where(Membership.organization_id == owner.organization_id)
    assert database.scalars(left).all() == ["owner"]
