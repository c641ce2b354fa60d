"""The panel of a step: shown, filled in and posted as a page does."""

from typing import Any
from uuid import UUID, uuid4

from tests.workflows.building.surroundings import RSVP, known_of
from wedsync.workflows.building.panel.field import Field
from wedsync.workflows.building.panel.field_writing import write
from wedsync.workflows.building.panel.fields import fields_on
from wedsync.workflows.building.panel.sheets import sheet_of
from wedsync.workflows.catalogue import entries
from wedsync.workflows.editing.draft_operations import apply

NOBODY = uuid4()
NAME = {"var": "trigger.data.guest.name"}
KNOWN = known_of({"format": 1, "trigger": RSVP, "steps": []})


def draft(*steps: Any, trigger: Any = None) -> dict[str, Any]:
    named = [{"id": f"s{number}", **step} for number, step in enumerate(steps)]
    return {"format": 1, "trigger": trigger or {"kind": "manual"}, "steps": named}


def fields_of(organization: UUID, definition: Any, step: str | None, known: Any = None) -> Any:
    found = entries(organization)
    sheet = sheet_of(definition, step, found, known)
    return () if sheet is None else fields_on(organization, sheet, found)


def panel(
    definition: Any, step: str | None = "s0", organization: UUID = NOBODY
) -> dict[str, Field]:
    return {each.name: each for each in fields_of(organization, definition, step, KNOWN)}


def written(
    definition: Any, form: dict[str, str], step: str | None = "s0", organization: UUID = NOBODY
) -> Any:
    """The step, or trigger, after the form."""
    changes = write(organization, definition, step, form, KNOWN)
    after = apply(definition, changes) if changes else definition
    return after["trigger"] if step is None else after["steps"][0]


def posted(fields: dict[str, Field]) -> dict[str, str]:
    """The whole panel as a page posts it."""
    form = {name: field.typed for name, field in fields.items() if not field.rows}
    for name, field in fields.items():
        for number, row in enumerate(field.rows):
            form[f"{name}.{number}.name"] = row.name
            form[f"{name}.{number}.value"] = row.typed
    return form
