"""What every connector keeps, whoever wrote it: the suite that judges a new one."""

import ast
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import example as example_of
from hypothesis import strategies as st

from tests.contracts.connector_subjects import CANARY, NASTY, SUBJECTS, Subject, hostile, sensible
from wedsync.connectors import choices
from wedsync.connectors.contract import Access, Action, Begun, Call, Failed, Succeeded
from wedsync.connectors.filling import reached
from wedsync.connectors.folder_rules import folder_problems
from wedsync.connectors.given import problem_with
from wedsync.connectors.manifest import ActionEntry, ChoicesEntry
from wedsync.platform.outbound import Answer, Failure, Request, Timings

KEY = "run:step:0:0"
JARGON = re.compile(
    r"\b(?:APIs?|JSON|XML|OAuth\d?|HTTPS?|URLs?|URIs?|UUID|SDK|TLS|REST|tokens?|endpoints?|"
    r"payloads?|callbacks?|schemas?|strings?|booleans?|null|idempotent|idempotency|boolean)\b"
)
NETWORK = {"socket", "ssl", "asyncio", "http", "urllib3", "requests", "httpx", "aiohttp", "pycurl"}
NETWORK |= {"smtplib", "imaplib", "ftplib", "poplib", "telnetlib", "subprocess", "urllib"}

quick = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)

every_connector = pytest.mark.parametrize(
    "subject", SUBJECTS, ids=[subject.folder.name for subject in SUBJECTS]
)
EVERY = [(subject, entry) for subject in SUBJECTS for entry in subject.manifest.actions]
every_action = pytest.mark.parametrize(
    ("subject", "entry"), EVERY, ids=[f"{s.folder.name}-{entry.key}" for s, entry in EVERY]
)


# --- the folder and its words


@every_connector
def test_nothing_is_wrong_with_its_folder(subject: Subject) -> None:
    assert [str(problem) for problem in folder_problems(subject.folder, subject.tests)] == []


@every_connector
def test_it_stands_in_the_marketplace_unless_it_is_reserved(subject: Subject) -> None:
    assert (subject.manifest.shelf is None) == subject.is_reserved


@every_connector
def test_its_words_are_plain(subject: Subject) -> None:
    said = list(words(subject))
    assert said
    assert [text for text in said if JARGON.search(text) or "!" in text] == []


@every_connector
def test_what_it_sends_us_has_a_sample_and_what_is_sensitive_stands_in_one(
    subject: Subject,
) -> None:
    samples = [trigger.sample for trigger in subject.manifest.triggers]
    assert all(isinstance(sample, dict) and sample for sample in samples)
    sensitive = subject.manifest.hooks.sensitive if subject.manifest.hooks else ()
    for path in sensitive:
        assert any(reached(sample, path) is not None for sample in samples), path


@every_connector
def test_it_reaches_the_network_through_the_door_only(subject: Subject) -> None:
    assert sorted(imported(subject) & NETWORK) == []


def words(subject: Subject) -> Iterator[str]:
    manifest = subject.manifest
    yield manifest.summary
    for entry in manifest.actions:
        yield from (entry.label, entry.sentence, entry.done)
    for trigger in manifest.triggers:
        yield from (trigger.label, trigger.sentence)
    for listed in manifest.choices:
        yield listed.label
    if manifest.shelf:
        yield from (manifest.shelf.description, *manifest.shelf.permissions)
    if manifest.auth.oauth:
        yield from (scope.words for scope in manifest.auth.oauth.scopes)


def imported(subject: Subject) -> set[str]:
    """The top names of everything the folder's code imports; urllib.parse is no network."""
    found: set[str] = set()
    for path in subject.folder.glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
    return {name.partition(".")[0] for name in found if name != "urllib.parse"}


# --- what can be chosen at its accounts


EVERY_LIST = [(subject, listed) for subject in SUBJECTS for listed in subject.manifest.choices]


@pytest.mark.parametrize(
    ("subject", "listed"), EVERY_LIST, ids=[f"{s.folder.name}-{each.key}" for s, each in EVERY_LIST]
)
def test_no_page_of_a_list_leads_out_of_its_service(subject: Subject, listed: ChoicesEntry) -> None:
    access = subject.access
    assert access is not None
    for page in (None, 2, "next", *NASTY):
        request = choices.request(listed, access, page, 5.0)
        assert isinstance(request, Request | Failed)
        if isinstance(request, Request):
            assert request.method == "GET"
            assert request.body is None
            stays_within(request, access)


@every_connector
def test_what_is_chosen_from_a_list_fits_its_field(subject: Subject) -> None:
    keys = {listed.key for listed in subject.manifest.choices}
    for entry in subject.manifest.actions:
        assert set(entry.choose_from.values()) <= keys
        assert set(entry.choose_from) <= set(entry.input.get("properties", {}))


# --- what an action is given


@every_action
def test_its_effect_is_declared(subject: Subject, entry: ActionEntry) -> None:
    action = subject.actions[entry.key]

    @quick
    @given(fitting(entry))
    def declared(chosen: dict[str, Any]) -> None:
        effect = action.effect(chosen)
        assert effect in ("none", "local", "idempotent", "lookup", "once")
        assert entry.effect in (effect, "depends")

    declared()


@every_action
def test_what_stands_in_for_an_input_fits_it(subject: Subject, entry: ActionEntry) -> None:
    for name, field in entry.input.get("properties", {}).items():
        stand_ins = [
            *field.get("examples", ()),
            *([field["default"]] if "default" in field else []),
        ]
        assert [problem_with(value, field) for value in stand_ins] == [None] * len(stand_ins), name


@every_action
def test_no_input_makes_it_raise_or_leave_its_service(subject: Subject, entry: ActionEntry) -> None:
    action, access = subject.actions[entry.key], subject.access

    @quick
    @given(hostile(entry))
    def holds(chosen: dict[str, Any]) -> None:
        action.effect(chosen)
        begun = action.begin(chosen, access, key=KEY, timeout_s=5.0)
        assert isinstance(begun, Begun)
        if isinstance(begun, Failed):
            assert begun.kind == "permanent"
            assert begun.message.endswith(".")
        if isinstance(begun, Call) and access is not None:
            stays_within(begun.request, access)

    for name in entry.input.get("properties", {}):
        for nasty in NASTY:
            holds = example_of({**example(entry), name: nasty})(holds)
    holds()


@every_action
def test_what_fits_its_input_begins(subject: Subject, entry: ActionEntry) -> None:
    begun = begun_well(subject, entry)
    assert isinstance(begun, Begun), begun
    assert not isinstance(begun, Failed), begun


@every_action
def test_without_a_connection_it_says_so(subject: Subject, entry: ActionEntry) -> None:
    if subject.is_reserved:
        return
    begun = subject.actions[entry.key].begin(example(entry), None, key=KEY, timeout_s=5.0)
    assert isinstance(begun, Failed)


@every_action
def test_secrets_are_shown_nowhere(subject: Subject, entry: ActionEntry) -> None:
    begun = begun_well(subject, entry)
    assert CANARY not in repr(subject.access)
    assert CANARY not in repr(begun)
    if isinstance(begun, Call):
        assert CANARY not in begun.request.url
        assert CANARY not in repr(begun.request)


def fitting(entry: ActionEntry) -> st.SearchStrategy[dict[str, Any]]:
    fields: dict[str, Any] = entry.input.get("properties", {})
    required = {name: sensible(fields[name]) for name in entry.input.get("required", ())}
    optional = {name: sensible(field) for name, field in fields.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


def example(entry: ActionEntry) -> dict[str, Any]:
    """One input that fits: the first example of each required field."""
    fields = entry.input.get("properties", {})
    return {name: _first(fields[name]) for name in entry.input.get("required", ())}


def _first(schema: dict[str, Any]) -> Any:
    for known in ("examples", "enum"):
        if known in schema:
            return schema[known][0]
    plain = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1)}
    plain |= {"boolean": True, "array": [], "object": {}}
    return plain.get(schema.get("type", ""), "sample")


def begun_well(subject: Subject, entry: ActionEntry) -> Begun:
    action = subject.actions[entry.key]
    return action.begin(example(entry), subject.access, key=KEY, timeout_s=5.0)


def stays_within(request: Request, access: Access) -> None:
    asked, base = urlsplit(request.url), urlsplit(access.base_url)
    assert (asked.scheme, asked.netloc) == (base.scheme, base.netloc)
    assert asked.path.startswith(f"{base.path.rstrip('/')}/")
    assert not {".", ".."} & set(re.split(r"[/\\]", unquote(asked.path)))
    assert asked.fragment == ""
    assert not re.search(r"[\x00-\x20\x7f]", request.url)
    for name, line in request.headers.items():
        assert re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name)
        assert not re.search(r"[\r\n\x00]", line)
    for name, line in access.headers.items():
        assert request.headers[name] == line


# --- what comes back


ANSWERS = [
    (kind, body)
    for kind in ("application/json", "text/plain", "text/html", "")
    for body in (b"", b"ok", b"{", b"[]", b"null", b"\xff\xfe", b'{"error": {"message": 7}}')
]


@every_action
def test_no_answer_makes_it_raise(subject: Subject, entry: ActionEntry) -> None:
    for action in calling(subject, entry):
        for status in (200, 201, 204, 301, 400, 401, 403, 404, 409, 418, 422, 429, 500, 503, 599):
            for kind, body in ANSWERS:
                came = finished(entry, action, answer(status, body, kind))
                assert isinstance(came, Succeeded | Failed)
                assert isinstance(came, Failed) or 200 <= status < 300


@every_action
def test_refusals_say_what_may_have_happened(subject: Subject, entry: ActionEntry) -> None:
    wanted = {401: "auth", 429: "rate_limit", 500: "maybe", 503: "maybe", 408: "maybe"}
    wanted |= {400: "permanent", 403: "permanent", 404: "permanent", 422: "permanent"}
    for action in calling(subject, entry):
        for status, kind in wanted.items():
            came = finished(entry, action, answer(status, b'{"message": "No."}'))
            assert isinstance(came, Failed)
            assert came.kind == kind, status
            assert came.message


@every_action
def test_a_wait_that_is_asked_for_is_kept(subject: Subject, entry: ActionEntry) -> None:
    for action in calling(subject, entry):
        came = finished(entry, action, answer(429, b"", **{"Retry-After": "7"}))
        assert isinstance(came, Failed)
        assert came.retry_after_s == 7.0


@every_action
def test_a_web_page_is_no_answer(subject: Subject, entry: ActionEntry) -> None:
    if subject.is_reserved:
        return
    page = b"<!doctype html><title>Back soon</title>"
    for action in calling(subject, entry):
        came = finished(entry, action, answer(200, page, "text/html; charset=utf-8"))
        assert isinstance(came, Failed)
        assert "a web page instead of data" in came.message


@every_action
def test_a_failure_on_the_way_keeps_its_kind(subject: Subject, entry: ActionEntry) -> None:
    for action in calling(subject, entry):
        for failure in (
            Failure("not_sent", "connect_failed", "Nothing is listening at this address."),
            Failure("maybe", "timeout", "No full answer came in time."),
        ):
            came = finished(entry, action, failure)
            assert isinstance(came, Failed)
            assert (came.kind, came.code, came.message) == (
                failure.kind,
                failure.code,
                failure.message,
            )


def calling(subject: Subject, entry: ActionEntry) -> list[Action]:
    """The action, where it calls out by request and so has an answer to read."""
    begins = isinstance(begun_well(subject, entry), Call)
    return [subject.actions[entry.key]] if begins else []


def finished(entry: ActionEntry, action: Action, outcome: Answer | Failure) -> Succeeded | Failed:
    return action.finish(example(entry), outcome)


def answer(status: int, body: bytes, kind: str = "application/json", **headers: str) -> Answer:
    named = {name.lower(): line for name, line in {"Content-Type": kind, **headers}.items()}
    return Answer(status, named, body, Timings())
