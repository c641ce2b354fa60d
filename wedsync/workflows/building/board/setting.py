"""Everything the page of a draft is told with, looked up once: its names, actions and example."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.platform.identity import Identity
from wedsync.platform.wording import Wording, here
from wedsync.workflows.building.known.known_data import Known, known_in
from wedsync.workflows.building.known.samples import Sample, SampleChoice, sample, samples_for
from wedsync.workflows.catalogue import Entries, entries_here
from wedsync.workflows.editing.drafts import Draft
from wedsync.workflows.page_queries import source_names


@dataclass(frozen=True, slots=True)
class Setting:
    """A draft, who looks at it, and what they look at it with."""

    draft: Draft
    person: Identity
    entries: Entries
    names: Mapping[str, str]
    sample: Sample
    samples: tuple[SampleChoice, ...]
    known: Known
    words: Wording

    @property
    def definition(self) -> Any:
        return self.draft.workflow.draft

    @property
    def may_edit(self) -> bool:
        return self.person.has_role("editor")


def setting_of(draft: Draft, person: Identity, chosen: str | None = None) -> Setting:
    """Look up what the board and the panel need; `chosen` is the couple (`SampleChoice.key`)."""
    words = here()
    definition = draft.workflow.draft
    names = source_names(person.organization_id)
    seen = sample(person.organization_id, definition, chosen, wording=words)
    return Setting(
        draft=draft,
        person=person,
        entries=entries_here(),
        names=names,
        sample=seen,
        samples=samples_for(person.organization_id, words),
        known=known_in(definition, seen, names=names, wording=words),
        words=words,
    )
