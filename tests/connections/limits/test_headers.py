"""What answers say of how much more may be asked, in the forms there are."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync.connections.limits.headers import Said, said_by
from wedsync.connectors.manifest_limits import LimitHeaders
from wedsync.platform.outbound import Answer, Timings
from wedsync.platform.retry_after import LONGEST_S

NOW = datetime(2027, 6, 12, 9, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def said(headers: dict[str, str], *, status: int = 200, named: LimitHeaders | None = None) -> Said:
    lower = {name.lower(): value for name, value in headers.items()}
    return said_by(Answer(status, lower, b"", Timings()), named, NOW)


# --- understood


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"RateLimit": '"hour";r=12;t=60', "RateLimit-Policy": '"hour";q=100;w=3600'},
            (100, 12, 60.0),
        ),
        ({"RateLimit": '"a, b";r=12;t=60, "burst";r=3;t=1'}, (None, 3, 1.0)),
        (
            {
                "RateLimit-Limit": "100, 100;w=60",
                "RateLimit-Remaining": "7",
                "RateLimit-Reset": "9",
            },
            (100, 7, 9.0),
        ),
        (
            {
                "X-RateLimit-Limit": "100",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": str(EPOCH + 30),
            },
            (100, 0, 30.0),
        ),
        ({"X-RateLimit-Remaining": "4", "X-RateLimit-Reset": "30"}, (None, 4, 30.0)),
        (
            {"X-RateLimit-Remaining": "4", "X-RateLimit-Reset": str((EPOCH + 30) * 1_000)},
            (None, 4, 30.0),
        ),
        (
            {"X-RateLimit-Remaining": "4", "X-RateLimit-Reset": "2027-06-12T09:00:30Z"},
            (None, 4, 30.0),
        ),
        ({"X-Rate-Limit-Remaining": "4", "X-Rate-Limit-Reset": "1.5"}, (None, 4, 1.5)),
    ],
)
def test_the_usual_headers_are_understood(
    headers: dict[str, str], expected: tuple[int | None, int, float]
) -> None:
    found = said(headers)
    assert (found.limit, found.left, found.reset_s) == expected
    assert found.wait_s is None


@pytest.mark.parametrize(
    ("form", "reset"),
    [
        ("seconds", "30"),
        ("epoch", str(EPOCH + 30)),
        ("epoch_ms", str((EPOCH + 30) * 1_000)),
        ("date", "Sat, 12 Jun 2027 09:00:30 GMT"),
    ],
)
def test_the_headers_a_manifest_names_are_read_in_its_form(form: str, reset: str) -> None:
    named = LimitHeaders.model_validate(
        {"limit": "X-Quota", "remaining": "X-Left", "reset": "X-Until", "reset_in": form}
    )
    found = said({"X-Quota": "50", "X-Left": "8", "X-Until": reset}, named=named)
    assert (found.limit, found.left, found.reset_s) == (50, 8, 30.0)


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_to_come_back_later_says_when(status: int) -> None:
    assert said({"Retry-After": "12"}, status=status).wait_s == 12.0


def test_too_many_requests_without_a_time_are_waited_for_until_there_is_more() -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "20"}
    assert said(headers, status=429).wait_s == 20.0
    assert said(headers, status=503).wait_s is None


# --- not understood


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Retry-After": "12"},
        {"X-RateLimit-Remaining": "4"},
        {"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "30"},
        {"X-RateLimit-Remaining": "4", "X-RateLimit-Reset": "soon"},
        {"X-RateLimit-Remaining": "-4", "X-RateLimit-Reset": "30"},
        {"RateLimit": '"hour";r=12'},
        {"RateLimit": ";;;,,,"},
    ],
)
def test_what_cannot_be_understood_says_nothing(headers: dict[str, str]) -> None:
    assert not said(headers)


@given(
    st.sampled_from(["ratelimit", "x-ratelimit-remaining", "ratelimit-remaining", "retry-after"]),
    st.text(max_size=60),
    st.text(max_size=40),
    st.sampled_from([200, 429, 503]),
)
def test_no_header_breaks_the_reading(name: str, value: str, reset: str, status: int) -> None:
    headers = {name: value, "x-ratelimit-reset": reset, "ratelimit-reset": reset}
    found = said(headers, status=status)
    waits = [each for each in (found.wait_s, found.reset_s) if each is not None]
    assert all(0 <= each <= LONGEST_S for each in waits)
    assert found.left is None or found.left >= 0
