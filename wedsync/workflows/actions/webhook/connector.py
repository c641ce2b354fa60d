"""`webhook.send`: tell every subscribed endpoint, by publishing an event of ours.

The event is committed with the step; deliveries come from the fan-out. Nothing leaves here, so
nothing can be half sent.
"""

from collections.abc import Mapping
from typing import Any

from wedsync.connectors.contract import (
    Access,
    Call,
    Effect,
    Failed,
    Publish,
    Succeeded,
    Task,
)
from wedsync.events.types import is_ours, problem_with
from wedsync.platform.outbound import Outcome


class SendWebhook:
    def effect(self, given: Mapping[str, Any]) -> Effect:
        return "local"

    def begin(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Call | Task | Publish | Failed:
        event_type = given.get("event_type")
        if not isinstance(event_type, str) or not event_type:
            return Failed("permanent", "input_invalid", "The name of what happened is missing.")
        if is_ours(event_type):
            return Failed(
                "permanent",
                "event_type_reserved",
                f"Names that begin with “{event_type.partition('.')[0]}.” are WedSync's own.",
            )
        if problem := problem_with(event_type):
            return Failed("permanent", "input_invalid", problem)
        return Publish(event_type, given.get("data"))

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed:
        raise AssertionError("a local action has no outcome to read")


ACTIONS = {"send": SendWebhook()}
