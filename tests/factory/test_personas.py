"""The personas every other test leans on are who they say."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.personas import Persona
from wedsync.accounts.models import Membership


def test_owner_editor_and_viewer_share_a_business_and_the_stranger_does_not(
    owner: Persona, editor: Persona, viewer: Persona, stranger: Persona, database: Session
) -> None:
    team = database.scalars(
        select(Membership.role).where(Membership.organization_id == owner.organization_id)
    ).all()
    assert sorted(team) == ["editor", "owner", "viewer"]
    assert {editor.organization_id, viewer.organization_id} == {owner.organization_id}
    assert stranger.organization_id != owner.organization_id
