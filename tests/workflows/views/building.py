"""Somebody in front of the builder: pressing what is on its page, looking at what came of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apiflask import APIFlask
from werkzeug.test import TestResponse

from tests.personas import Persona
from tests.workflows.definitions import make_workflow
from wedsync.workflows import queries
from wedsync.workflows.building.gestures.contradictions import fingerprint


@dataclass(frozen=True)
class Builder:
    """The builder of one workflow in one person's browser."""

    app: APIFlask
    persona: Persona
    workflow_id: UUID

    @property
    def address(self) -> str:
        return f"/workflows/{self.workflow_id}/edit"

    def look(self, **state: str) -> TestResponse:
        """The page in a state."""
        return self.persona.browser.get(self.address, query_string=state)

    def press(
        self,
        gesture: str,
        state: Any = None,
        *,
        headers: Any = None,
        fragment: Any = False,
        **fields: str,
    ) -> TestResponse:
        """Send the form of a gesture; `others__0` is the field `others.0`."""
        form = {name.replace("__", "."): value for name, value in fields.items()}
        return self.persona.browser.post(
            f"{self.address}/{gesture}",
            query_string=state or {},
            data=form,
            headers=headers,
            fragment=fragment,
        )

    @property
    def draft(self) -> Any:
        with self.app.app_context():
            return queries.get_workflow(self.persona.organization_id, self.workflow_id).draft

    @property
    def operation(self) -> int:
        with self.app.app_context():
            found = queries.get_workflow(self.persona.organization_id, self.workflow_id)
            return found.draft_operation

    def seen(self, step: str | None) -> str:
        """What the panel of a step posts as that which it showed."""
        return fingerprint(self.draft, step)

    @property
    def ids(self) -> list[str]:
        """The ids of the workflow's own steps, in order."""
        return [step["id"] for step in self.draft["steps"]]


def builder_of(app: APIFlask, persona: Persona, definition: Any) -> Builder:
    """The builder of a new draft."""
    made = make_workflow(app, persona.organization_id, definition, publish=False)
    return Builder(app, persona, made)
