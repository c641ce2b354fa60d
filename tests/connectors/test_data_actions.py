"""Actions that are data: what is sent, what comes of each kind of answer."""

from typing import Any

import pytest

from tests.connectors.carrying import CONNECTION, KEY
from tests.far_ends.rest_service import Asked, RestService
from wedsync.connectors.contract import Access, Call, Failed, Succeeded
from wedsync.connectors.manifest import ActionEntry, RequestTemplate
from wedsync.connectors.rest import DataAction, NotFilled, failed_of, request_of
from wedsync.platform import outbound
from wedsync.platform.outbound import Answer, Failure, Timings

INPUT = {
    "type": "object",
    "required": ["guest"],
    "additionalProperties": False,
    "properties": {
        "guest": {"type": "string", "title": "Guest", "minLength": 1},
        "party": {"type": "integer", "title": "Party", "minimum": 1},
        "meal": {"enum": ["fish", "beans"], "title": "Meal"},
        "tags": {"type": "array", "title": "Tags", "items": {"type": "string"}},
    },
}


@pytest.fixture
def access(service: RestService) -> Access:
    return Access(
        CONNECTION, f"{service.url}/v1", {"account": "a 1"}, headers={"Authorization": "Bearer at"}
    )


def action(effect: str = "idempotent", **request: Any) -> DataAction:
    written = {
        "key": "answer",
        "label": "Answer",
        "sentence": "Answer for {guest}",
        "done": "Answered for {guest}",
        "group": "Guests",
        "effect": effect,
        "input": INPUT,
        "request": {"method": "POST", "path": "/guests/{input.guest}", **request},
    }
    return DataAction(ActionEntry.model_validate(written))


def carried(chosen: DataAction, access: Access, given: dict[str, Any]) -> Succeeded | Failed:
    begun = chosen.begin(given, access, key=KEY, timeout_s=5.0)
    if isinstance(begun, Failed):
        return begun
    assert isinstance(begun, Call)
    return chosen.finish(given, outbound.request(begun.request))


def sent(service: RestService, access: Access, given: dict[str, Any], **request: Any) -> Asked:
    carried(action(**request), access, given)
    return service.asked[-1]


def answer(status: int, body: bytes, kind: str = "application/json", **more: str) -> Answer:
    return Answer(status, {"content-type": kind, **more}, body, Timings())


# --- what is sent


def test_json_carries_what_was_given_and_our_key(service: RestService, access: Access) -> None:
    asked = sent(
        service,
        access,
        {"guest": "g 1", "party": 2},
        json={"n": "{input.party}", "meal": "{input.meal}", "by": "{settings.account}", "v": [1]},
        query={"dry": False, "who": "{input.guest}", "meal": "{input.meal}"},
        headers={"X-Account": "{settings.account}"},
        key_header="Idempotency-Key",
    )
    assert asked.target == "/v1/guests/g%201?dry=false&who=g+1"
    assert asked.json() == {"n": 2, "by": "a 1", "v": [1]}
    assert asked.headers["authorization"] == "Bearer at"
    assert asked.headers["x-account"] == "a 1"
    assert asked.headers["idempotency-key"] == KEY
    assert asked.headers["content-type"] == "application/json"


def test_a_form_nests_with_brackets(service: RestService, access: Access) -> None:
    asked = sent(
        service,
        access,
        {"guest": "é&=", "tags": ["a", "b"]},
        form={"guest": {"name": "{input.guest}", "party": "{input.party}"}, "tags": "{input.tags}"},
    )
    assert asked.form() == {"guest[name]": "é&=", "tags[0]": "a", "tags[1]": "b"}
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"


def test_what_authorises_cannot_be_overridden(access: Access) -> None:
    template = RequestTemplate(
        method="GET", path="/x", headers={"authorization": "Bearer {input.guest}"}
    )
    request = request_of(template, access, {"input": {"guest": "mine"}})
    assert [line for name, line in request.headers.items() if name.lower() == "authorization"] == [
        "Bearer at"
    ]


def test_a_secret_is_in_no_request_but_its_header(access: Access) -> None:
    opened = Access(access.connection_id, access.base_url, credentials={"api_key": "canary-1"})
    template = RequestTemplate.model_validate(
        {"method": "POST", "path": "/x", "json": {"a": "{secret.api_key}", "b": 1}}
    )
    request = request_of(template, opened, {})
    assert request.body == b'{"b":1}'


@pytest.mark.parametrize("value", [2**80, "\ud800", ["\udfff"]])
def test_what_cannot_be_written_is_refused(access: Access, value: Any) -> None:
    for content in ({"json": {"n": "{input.n}"}}, {"form": {"n": "{input.n}"}}):
        template = RequestTemplate.model_validate({"method": "POST", "path": "/x", **content})
        if content.get("form") and isinstance(value, int):
            continue  # a form has no largest number
        with pytest.raises(NotFilled, match="cannot be sent"):
            request_of(template, access, {"input": {"n": value}})


# --- what it was given


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "“Guest” is missing."),
        ({"guest": ""}, "“Guest” should not be empty."),
        ({"guest": 7}, "“Guest” should be a text."),
        ({"guest": "g", "party": 0}, "“Party” should be 1 or more."),
        ({"guest": "g", "party": 1.5}, "“Party” should be a whole number."),
        ({"guest": "g", "meal": "beef"}, "“Meal” should be one of fish, beans."),
        ({"guest": "g", "tags": ["a", 1]}, "“Tags” should be a text."),
        ({"guest": "g", "gäst": 1}, "“gäst” is not something this step knows."),
        ({"guest": ".."}, "This value cannot be a part of an address."),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence_and_not_sent(
    service: RestService, access: Access, given: dict[str, Any], sentence: str
) -> None:
    assert carried(action(), access, given) == Failed("permanent", "input_invalid", sentence)
    assert service.asked == []


def test_without_a_connection_nothing_is_sent() -> None:
    failed = action().begin({"guest": "g"}, None, key=KEY, timeout_s=5.0)
    assert isinstance(failed, Failed)
    assert failed.code == "connection_missing"


# --- what came back


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("", {"data": [{"id": 7}], "more": False}),
        ("data.0.id", 7),
        ("data.1.id", None),
        ("more", False),
        ("no.such", None),
    ],
)
def test_the_output_is_found_by_its_path(
    service: RestService, access: Access, output: str, found: Any
) -> None:
    service.answers("POST", "/v1/guests/g", {"data": [{"id": 7}], "more": False})
    assert carried(action(output=output), access, {"guest": "g"}) == Succeeded(found)


@pytest.mark.parametrize(
    ("status", "body", "found"), [(204, b"", None), (200, b" ", None), (202, b"ok", "ok")]
)
def test_an_answer_without_data_still_succeeds(
    service: RestService, access: Access, status: int, body: bytes, found: Any
) -> None:
    headers = {"Content-Type": "text/plain"}
    service.answers("POST", "/v1/guests/g", status=status, body=body, headers=headers)
    assert carried(action(), access, {"guest": "g"}) == Succeeded(found)


@pytest.mark.parametrize(
    ("came", "kind", "code", "message"),
    [
        (answer(401, b'{"message": "Unknown token at"}'), "auth", "http_401",
         "They did not accept our sign-in (401)."),
        (answer(403, b'{"error": {"message": "Ask the owner."}}'), "permanent", "http_403",
         "They answered 403: Ask the owner."),
        (answer(404, b"{}"), "permanent", "http_404", "They answered 404."),
        (answer(409, b'{"error": "meals_locked"}'), "permanent", "http_409",
         "They answered 409: meals_locked"),
        (answer(422, b'{"detail": "Party too\\r\\nlarge \\u202e"}'), "permanent", "http_422",
         "They answered 422: Party too large"),
        (answer(400, b'{"message": "' + b"x" * 900 + b'"}'), "permanent", "http_400",
         f"They answered 400: {'x' * 199}…"),
        (answer(400, b'{"message": {"secret": 1}, "title": "No"}'), "permanent", "http_400",
         "They answered 400: No"),
        (answer(302, b"", location="https://x.example"), "permanent", "http_302",
         "They sent us on to another address (302), which we do not follow."),
        (answer(408, b""), "maybe", "http_408", "They answered 408."),
        (answer(500, b"oops"), "maybe", "http_500", "They answered 500."),
        (answer(502, b"<html><body>Bad gateway", "text/html"), "maybe", "http_502",
         "They answered with a web page instead of data (502)."),
        (answer(404, b"<!DOCTYPE html>", "application/json"), "permanent", "http_404",
         "They answered with a web page instead of data (404)."),
        (answer(200, b"<html>", "text/html"), "maybe", "answer_unreadable",
         "They answered with a web page instead of data (200)."),
        (answer(200, b"{", "application/json"), "maybe", "answer_unreadable",
         "Their answer (200) could not be read."),
        (answer(200, b'{"a": "\\u0000"}'), "maybe", "answer_unreadable",
         "Their answer (200) could not be read."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_plainly(
    came: Answer, kind: str, code: str, message: str
) -> None:
    failed = action().finish({"guest": "g"}, came)
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code, failed.message) == (kind, code, message)
    assert failed_of(came) == failed


def test_a_wait_that_is_asked_for_is_kept() -> None:
    slowed = failed_of(answer(429, b"", **{"retry-after": "12"}))
    assert (slowed.kind, slowed.retry_after_s) == ("rate_limit", 12.0)
    assert failed_of(answer(503, b"", **{"retry-after": "12"})).retry_after_s == 12.0
    assert failed_of(answer(429, b"")).retry_after_s is None


def test_an_answer_that_is_too_large_was_accepted_all_the_same() -> None:
    came = Answer(200, {"content-type": "application/json"}, b"[1", Timings(), truncated=True)
    failed = action().finish({"guest": "g"}, came)
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.code) == ("permanent", "output_refused")


@pytest.mark.parametrize("kind", ["not_sent", "maybe"])
def test_a_failure_on_the_way_keeps_what_it_says(kind: Any) -> None:
    came = action().finish({"guest": "g"}, Failure(kind, "reset", "It ended."))
    assert came == Failed(kind, "reset", "It ended.")


# --- what became of an attempt that was lost


LOOKUP = {
    "method": "GET",
    "path": "/answers",
    "query": {"ref": "{attempt.key}"},
    "output": "answers",
}


def looked_up(access: Access) -> Succeeded | Failed:
    chosen = action("lookup", json={"ref": "{attempt.key}"})
    entry = chosen.entry.model_copy(update={"lookup": RequestTemplate.model_validate(LOOKUP)})
    chosen = DataAction(entry)
    begun = chosen.look_up({"guest": "Ana"}, access, key=KEY, timeout_s=5.0)
    assert isinstance(begun, Call)
    return chosen.looked_up({"guest": "Ana"}, outbound.request(begun.request))


def test_what_is_sent_names_our_key_wherever_the_manifest_says(
    service: RestService, access: Access
) -> None:
    asked = sent(service, access, {"guest": "Ana"}, effect="lookup", json={"r": "{attempt.key}"})
    assert asked.json() == {"r": KEY}


def test_it_is_looked_up_by_our_key_and_what_is_found_is_the_output(
    service: RestService, access: Access
) -> None:
    service.answers("GET", "/v1/answers", {"answers": [{"id": "a1"}, {"id": "a2"}]})
    assert looked_up(access) == Succeeded({"id": "a1"})
    assert service.asked[-1].query() == {"ref": KEY}


@pytest.mark.parametrize(
    ("document", "status"), [({"answers": []}, 200), ({}, 200), ({"message": "No."}, 404)]
)
def test_what_they_do_not_know_of_did_not_happen(
    service: RestService, access: Access, document: Any, status: int
) -> None:
    service.answers("GET", "/v1/answers", document, status=status)
    found = looked_up(access)
    assert isinstance(found, Failed)
    assert found.kind == "absent"


@pytest.mark.parametrize(
    ("status", "kind"), [(500, "maybe"), (429, "rate_limit"), (403, "permanent")]
)
def test_a_look_that_fails_says_nothing_of_what_happened(
    service: RestService, access: Access, status: int, kind: str
) -> None:
    service.answers("GET", "/v1/answers", {"message": "No."}, status=status)
    found = looked_up(access)
    assert isinstance(found, Failed)
    assert found.kind == kind
