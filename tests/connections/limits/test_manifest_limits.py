"""What a manifest says of limits: kept as it was written, and judged in sentences."""

import pytest

from tests.connectors.test_checks import GOOD
from wedsync import connectors
from wedsync.connectors.checks import problems
from wedsync.connectors.manifest import Limits, Manifest
from wedsync.connectors.manifest_limits import LimitHeaders, Rate
from wedsync.listings import manifests

WHOLE = {
    "connection": {"calls": 100, "seconds": 60},
    "connector": {"calls": 5_000, "seconds": 3_600},
    "headers": {
        "limit": "X-Quota",
        "remaining": "X-Quota-Left",
        "reset": "X-Quota-Until",
        "reset_in": "epoch",
    },
}


def test_limits_are_kept_as_they_were_written() -> None:
    document = {**GOOD, "limits": WHOLE}
    assert problems(document, built_in=False) == []
    manifest = Manifest.model_validate(document)
    assert manifest.limits == Limits(
        connection=Rate(calls=100, seconds=60),
        connector=Rate(calls=5_000, seconds=3_600),
        headers=LimitHeaders(
            limit="X-Quota", remaining="X-Quota-Left", reset="X-Quota-Until", reset_in="epoch"
        ),
    )
    written = manifests.document_of(manifest)
    assert written["limits"] == WHOLE
    assert Manifest.model_validate(written) == manifest


def test_without_limits_nothing_is_written_of_them() -> None:
    assert "limits" not in manifests.document_of(Manifest.model_validate(GOOD))


@pytest.mark.parametrize(
    ("limits", "path", "sentence"),
    [
        (
            {"connection": {"calls": 0, "seconds": 1}},
            "limits.connection.calls",
            "This should be between 1 and 1,000,000 calls.",
        ),
        (
            {"connector": {"calls": 10, "seconds": 0}},
            "limits.connector.seconds",
            "This should be between one second and 31 days.",
        ),
        ({"connection": {"calls": 10}}, "limits.connection.seconds", "This is missing."),
        (
            {"connection": {"calls": "ten", "seconds": 1}},
            "limits.connection.calls",
            "This should be a whole number.",
        ),
        (
            {"headers": {"remaining": "left over", "reset": "Reset"}},
            "limits.headers.remaining",
            "This is not the name of a header.",
        ),
        (
            {"headers": {"remaining": "Left"}},
            "limits.headers.reset",
            "Name the header that says when there is more again.",
        ),
        (
            {"headers": {"reset": "Reset"}},
            "limits.headers.remaining",
            "Name the header that says how much is left.",
        ),
        ({"per_hour": 10}, "limits.per_hour", "A manifest has nothing of this name here."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(limits: object, path: str, sentence: str) -> None:
    found = problems({**GOOD, "limits": limits}, built_in=False)
    assert [(each.path, each.sentence) for each in found] == [(path, sentence)]


def test_ours_that_know_their_service_say_how_often_it_may_be_called() -> None:
    assert connectors.manifests()["stripe"].limits == Limits(connection=Rate(calls=25, seconds=1))
