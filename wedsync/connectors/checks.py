"""What is wrong with a manifest, in sentences: for partners' submissions, `wedsync connector
check` and the contract suite. Hostile documents never raise.

`shape` first: a document that does not have a manifest's form is judged no further; then what the
form cannot say: names that must exist, secrets where they belong, addresses that may be called.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from wedsync import connectors
from wedsync.connectors.manifest import Manifest
from wedsync.connectors.manifest_rules import (
    addresses,
    authorising,
    choosing,
    inputs,
    limits,
    parts,
    placeholders,
)
from wedsync.connectors.manifest_rules.problem import Problem
from wedsync.connectors.manifest_rules.shape import too_large, wrong_shape

__all__ = ["RESERVED", "Problem", "problems"]

RESERVED = frozenset({"webhook", "http", "wedding", "approval"})


def problems(document: Mapping[str, Any], *, built_in: bool) -> list[Problem]:
    """Everything to mend before this manifest can be used; empty when nothing is."""
    if refusal := too_large(document):
        return [refusal]
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        return wrong_shape(error)
    return list(_wrong(manifest, built_in))


def _wrong(manifest: Manifest, built_in: bool) -> Iterator[Problem]:
    yield from parts.problems(manifest)
    yield from authorising.problems(manifest)
    yield from inputs.problems(manifest, built_in)
    yield from choosing.problems(manifest)
    yield from limits.problems(manifest)
    yield from placeholders.problems(manifest)
    yield from addresses.problems(manifest, built_in)
    if not built_in:
        yield from _not_a_partners(manifest)


def _not_a_partners(manifest: Manifest) -> Iterator[Problem]:
    """What only connectors of our own may leave out, or have."""
    if manifest.slug in RESERVED or manifest.slug in connectors.manifests():
        yield Problem("slug", "This name is taken by one of WedSync's own. Choose another.")
    if manifest.shelf is None:
        yield Problem("shelf", "Say how it stands in the marketplace.")
    for index, entry in enumerate(manifest.actions):
        if entry.request is None:
            yield Problem(f"actions.{index}.request", "Say which request this action sends.")
    oauth = manifest.auth.oauth
    if oauth is not None and oauth.client_from == "installation":
        yield Problem(
            "auth.oauth.client_from",
            "A partner's connector takes its client from the listing or from the connect form.",
        )
