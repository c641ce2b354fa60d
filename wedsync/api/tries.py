"""`/workflows/{id}/tries`: what a draft would do, and one step of it that really happens."""

from uuid import UUID

from wedsync.api.resources import Resource
from wedsync.api.schemas.tries import TryIn, TryOut, try_out
from wedsync.errors import FieldError, Invalid
from wedsync.platform import identity
from wedsync.workflows.building.tries import service

tries = Resource("Tries", "A draft tried: pretended, or one step of it really.")

_TRIES = "/workflows/<uuid:workflow_id>/tries"


@tries.post(_TRIES, body=TryIn, answer=TryOut, status=201, rings=["tries"], problems=[409])
def try_workflow(workflow_id: UUID, body: TryIn) -> TryOut:
    """Try the draft as it is now.

    Pretended, nothing leaves and the answer tells what would happen. A step that is to happen
    really is `asked` for: read the try again to see what came of it.
    """
    me = identity.current()
    if body.how == "pretend":
        pretended = service.pretend(
            me, workflow_id, sample=body.sample, step=body.step, onwards=body.onwards
        )
        return try_out(pretended)
    if body.step is None:
        message = "Only one step at a time really happens: say which."
        raise Invalid(message, errors=[FieldError("/step", "missing", message)])
    return try_out(service.really(me, workflow_id, body.step, sample=body.sample, to_me=body.to_me))


@tries.get(f"{_TRIES}/<uuid:try_id>", answer=TryOut)
def get_try(workflow_id: UUID, try_id: UUID) -> TryOut:
    """Read how far a try is, and what came of it.

    It is kept for a week; of those you pretend, only the last.
    """
    return try_out(service.get(identity.organization_id(), workflow_id, try_id))
