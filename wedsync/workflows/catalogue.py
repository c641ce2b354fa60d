"""What the engine's validation and sentences know of the actions, read from their manifests."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from wedsync.events.types import is_ours, problem_with
from wedsync.workflows import actions
from wedsync.workflows.engine import ActionInfo


@cache
def action_infos() -> Mapping[str, ActionInfo]:
    """Every action there is by its name in a definition, `<connector>.<key>`."""
    return {
        f"{slug}.{entry['key']}": _info(slug, entry)
        for slug, manifest in actions.manifests().items()
        for entry in manifest["actions"]
    }


def _info(slug: str, entry: Mapping[str, Any]) -> ActionInfo:
    key = f"{slug}.{entry['key']}"
    action = actions.find(key)
    fields = entry["input"]["properties"]
    return ActionInfo(
        key=key,
        label=entry["label"],
        required=tuple(entry["input"].get("required", ())),
        fields=tuple(fields),
        effect=action.effect if action else "once",
        sentence=entry.get("sentence"),
        check=_check_event_type if "event_type" in fields else None,
    )


def _check_event_type(given: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """An action that publishes must give its event a name that is not one of ours."""
    event_type = given.get("event_type")
    if not isinstance(event_type, str):
        return []  # worked out when it runs, and looked at there
    if problem := problem_with(event_type):
        return [("event_type", problem, "Choose a name such as seating.guest_added.")]
    if is_ours(event_type):
        first = event_type.partition(".")[0]
        message = f"Names that begin with “{first}.” are WedSync's own."
        return [("event_type", message, "Choose a name that begins with another word.")]
    return []
