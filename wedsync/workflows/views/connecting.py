"""Where an account is connected from within a workflow, and where that leads back to."""

from uuid import UUID

from flask import url_for

from wedsync.workflows.building.picking.step_picker import connect_url


def connect_page(workflow_id: UUID, step: str | None, slug: str) -> str:
    """Where an account of a connector is connected for a step (None: for what starts it)."""
    return connect_url(slug, landing(workflow_id, step))


def landing(workflow_id: UUID, step: str | None) -> str:
    """Where somebody comes back to, so that the step has the account."""
    return url_for("workflows.builder_connected", workflow_id=workflow_id, step=step or None)
