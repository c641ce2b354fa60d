"""What of a workflow the builder shows: which step's panel is open, which picker, which couple is
the example. It stands in the query of the page, so that a reload and a link show the same."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from flask import g, request, url_for

from wedsync.platform import ids
from wedsync.platform.fragments import wants_fragment
from wedsync.workflows.building.gestures.spots import Spot

_LONGEST = 500
_KEPT = ("step", "field", "sample")
_SPOT = ("owner", "list", "after", "on")
_UNQUOTED = "!$'()*,/:;?@"
"""As in other addresses of ours."""


@dataclass(frozen=True, slots=True)
class Here:
    """`step` and `field` are what the panel shows (`START` is what starts the workflow), `pick` is
    the picker that is open: `step` at the spot `owner, list, after, on`, `start`, or one of data
    (`panel_parts.Opened`). `q` is what is searched for, `function` one still to be told more.

    Where it `is_near` its addresses are for this very page, which knows where it is: shorter, and
    gestures leave the state to the address that the script says."""

    workflow_id: UUID
    step: str = ""
    field: str = ""
    pick: str = ""
    owner: str = ""
    list: str = ""
    after: str = ""
    on: str = ""
    q: str = ""
    function: str = ""
    sample: str = ""
    is_near: bool = False

    START: ClassVar[str] = "-start"

    @classmethod
    def of(cls, workflow_id: UUID, given: Mapping[str, str]) -> "Here":
        """What a query says; what is no part of it is left out."""
        known: dict[str, Any] = {name: given[name][:_LONGEST] for name in _STATE if given.get(name)}
        return cls(workflow_id, **known)

    @property
    def spot(self) -> Spot:
        """Where a step is to be added."""
        return Spot(self.owner or None, self.list or "steps", self.after or None, self.on or None)

    @property
    def page(self) -> str:
        """The page without any of this."""
        if g.get("builder_page", ("", ""))[0] != self.workflow_id:
            page = url_for("workflows.builder", workflow_id=self.workflow_id)
            g.builder_page = (self.workflow_id, page)
        found: str = g.builder_page[1]
        return found

    def url(self, **changes: Any) -> str:
        """The page with another state; see `at`."""
        asking = _asking(self.at(**changes).query())
        return asking or "?" if self.is_near else f"{self.page}{asking}"

    def do(self, gesture: str, **changes: Any) -> str:
        """Where the form of a gesture is sent, to come back to all of this."""
        name = gesture.replace("_", "-")
        if self.is_near and not changes:
            return f"edit/{name}"
        return f"{self.page}/{name}{_asking(replace(self, **_named(changes)).query())}"

    def at(self, **changes: Any) -> "Here":
        """Another state: the step, its field and the example stay unless they are changed, and
        pickers are closed unless they are opened. A `spot` opens the picker of steps there."""
        said = _named(changes)
        if "spot" in changes:
            said = {"pick": "step", "step": "", **said}
        kept = {name: getattr(self, name) for name in _KEPT}
        if said.get("step", self.step) != self.step:
            kept["field"] = ""
        return Here(self.workflow_id, **{**kept, **said})

    def query(self) -> dict[str, Any]:
        """The state as a query."""
        return {name: value for name in _STATE if (value := getattr(self, name))}

    def fields(self, but: Collection[str] = ()) -> Sequence[tuple[str, str]]:
        """The state as fields of a form that asks for the page again."""
        return [(name, value) for name, value in self.query().items() if name not in but]

    @staticmethod
    def once() -> str:
        """A key by which a form that is sent twice is known."""
        return str(ids.new_id())


_STATE = tuple(each.name for each in fields(Here) if each.name not in ("workflow_id", "is_near"))


def _asking(query: Mapping[str, Any]) -> str:
    return f"?{urlencode(query, safe=_UNQUOTED)}" if query else ""


def here_of(workflow_id: UUID) -> Here:
    """The state of this request. What is done by a part of a page is shown with the state of its
    page: what was not swapped lately may name an earlier one in its forms."""
    here = Here.of(workflow_id, request.args)
    address = urlsplit(request.headers.get("HX-Current-URL", ""))
    if request.method != "POST" or not wants_fragment() or address.path != here.page:
        return here
    there = Here.of(workflow_id, dict(parse_qsl(address.query)))
    if not any(request.args.get(name) for name in _SPOT):
        return there
    return replace(there, **{name: getattr(here, name) for name in _SPOT})


def _named(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes by the names of the query; None is nothing."""
    spot: Spot | None = changes.get("spot")
    said = {name: "" if value is None else str(value) for name, value in changes.items()}
    said.pop("spot", None)
    if spot is None:
        return said
    place = (spot.owner or "", spot.field, spot.after or "", spot.branch or "")
    return {**said, **dict(zip(_SPOT, place, strict=True))}
