"""Who did what to a workflow, for the audit log."""

from typing import Any

from wedsync.audit import service as audit
from wedsync.platform.identity import Identity
from wedsync.workflows.models import Workflow


def record(action: str, workflow: Workflow, by: Identity | None, **facts: Any) -> None:
    """Write down `workflow.<action>` by somebody, None being the platform, in the transaction of
    the change."""
    audit.record(
        f"workflow.{action}",
        "workflow",
        workflow.id,
        organization_id=workflow.organization_id,
        by=by,
        facts=facts,
    )
