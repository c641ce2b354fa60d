"""JSON a stranger wrote: refused with a sentence, or something PostgreSQL keeps as it is."""

import json
import time
from typing import Any

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.servers import Addresses
from wedsync.platform import documents
from wedsync.platform.documents import MAX_DEPTH, BadDocument

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\x00", "\\u0000", "a\\", "[", '{"', "\ud800", "﻿", "\ufffe"])
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
written = trees.map(lambda tree: json.dumps(tree).encode("utf-8", "surrogatepass"))
mangled = st.tuples(written, st.integers(0, 200), st.binary(max_size=4)).map(
    lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
)


@pytest.fixture(scope="module")
def jsonb(servers: Addresses) -> Any:
    with psycopg.connect(servers.postgres, autocommit=True) as connection:
        yield lambda body: connection.execute("SELECT %s::text::jsonb::text", (body,)).fetchone()


@given(body=st.binary() | written | mangled)
@example(b"")
@example(b"1e400")
@example(b"-0.0")
@example(b"5e-324")
@example(b"1.7976931348623157e308")
@example(b"123456789012345678901234567890")
@example(b'"\\ud800"')
@example(b'"\\u0000"')
@example(b'"\\\\u0000"')
@example(b'{"\\u0000": 1}')
@example(b'{"a": 1, "a": 2}')
@example(b"\xef\xbb\xbf{}")
@example(b"NaN")
@example(b'"\xed\xa0\x80"')
@example(b"[" * 100_000)
def test_what_is_accepted_postgresql_keeps_and_the_rest_is_refused_in_words(
    jsonb: Any, body: bytes
) -> None:
    try:
        document = documents.read(body)
    except BadDocument:
        return
    kept = documents.write(document)
    (stored,) = jsonb(kept.decode())
    assert _as_doubles(documents.read(stored.encode())) == _as_doubles(document)


def _as_doubles(value: Any) -> Any:
    """Numbers are what a double holds: PostgreSQL writes 2e16 as an integer."""
    if isinstance(value, dict):
        return {key: _as_doubles(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_doubles(item) for item in value]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole else value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "It is not valid JSON."),
        (b"\xff", "It is not valid JSON."),
        (b'"\\ud800"', "It is not valid JSON."),
        (b"1e400", "It is not valid JSON."),
        (b'["\\u0000"]', "It contains a NUL character."),
        (b'{"\\u0000": 1}', "It contains a NUL character."),
        (b"[" * 65 + b"]" * 65, "It is nested deeper than 64 levels."),
    ],
)
def test_a_refusal_is_a_sentence(body: bytes, message: str) -> None:
    with pytest.raises(BadDocument) as refused:
        documents.read(body)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "wrap",
    [lambda depth: "[" * depth + "]" * depth, lambda depth: '{"a":' * depth + "1" + "}" * depth],
)
def test_64_levels_are_taken_and_65_are_not(wrap: Any) -> None:
    documents.read(wrap(MAX_DEPTH).encode())
    with pytest.raises(BadDocument, match="64 levels"):
        documents.read(wrap(MAX_DEPTH + 1).encode())


def test_brackets_in_texts_are_no_levels() -> None:
    body = json.dumps({"text": "[{" * 500, 'quo"te\\': ["]" * 500]}).encode()
    assert documents.read(body)["text"] == "[{" * 500


@given(tree=trees)
def test_depth_is_counted_as_a_walk_would(tree: Any) -> None:
    deep: Any = tree
    for _ in range(MAX_DEPTH - 3):
        deep = [deep]
    body = json.dumps(deep).encode()
    assert documents.is_too_deep(body) == (_depth(deep) > MAX_DEPTH)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def test_a_megabyte_of_brackets_is_refused_quickly() -> None:
    began = time.thread_time()
    for body in (b"[" * 2**20, b"[" * 2**19 + b"]" * 2**19, b'{"a":[' * 2**17):
        with pytest.raises(BadDocument):
            documents.read(body)
    assert time.thread_time() - began < 2
