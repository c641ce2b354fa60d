"""Drafts as they are looked at for an example, without anything that came in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wedsync import connectors
from wedsync.platform.wording import Wording
from wedsync.workflows.building.known.data_items import DataGroup, DataItem
from wedsync.workflows.building.known.known_data import Known, known_in
from wedsync.workflows.building.known.made_up import example_wedding
from wedsync.workflows.building.known.sample_events import shape_of
from wedsync.workflows.building.known.samples import Sample, sample_of
from wedsync.workflows.engine.shape import readable

WORDS = Wording("Europe/London", datetime(2026, 11, 23, 6, 40, tzinfo=UTC))
RSVP = {"kind": "event", "event_type": "external.rsvp.received", "source": "connection:any"}
PAID = {"kind": "event", "event_type": "payment_intent.succeeded", "source": "connection:any"}


def draft(*steps: Any, trigger: Any = RSVP) -> dict[str, Any]:
    return {"format": 1, "trigger": trigger, "steps": list(steps)}


def read(path: str) -> dict[str, str]:
    return {"var": path}


def example(definition: Any, data: Any = None, **fields: Any) -> Sample:
    """The example couple, and what the built-in connectors say comes in, unless `data` did."""
    trigger = definition.get("trigger") if isinstance(definition, dict) else None
    known = tuple(connectors.manifests().values())
    shape = shape_of(trigger if isinstance(trigger, dict) else {}, known)
    came = {"occurred_at": WORDS.now.isoformat(), "data": shape if data is None else data}
    wedding = example_wedding(WORDS.today)
    real = data is not None
    draft = readable(definition)
    return sample_of(draft, came, wedding, shape=shape, is_real=real, now=WORDS.now, **fields)


def known_of(definition: Any, data: Any = None, names: Mapping[str, str] | None = None) -> Known:
    seen = example(definition, data)
    return known_in(readable(definition), seen, names=names, wording=WORDS)


def items(groups: tuple[DataGroup, ...]) -> dict[str, DataItem]:
    """Every value by its name."""
    return {item.label: item for group in groups for item in group.items}


def said(groups: tuple[DataGroup, ...]) -> dict[str, str]:
    """What the picker shows: every name with its sample."""
    return {name: item.sample_words for name, item in items(groups).items()}
