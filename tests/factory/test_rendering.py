"""How an error is shown: page, fragment, or problem."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.personas import Browser, Persona
from wedsync import api

Browse = Callable[[Persona], Browser]
Call = Callable[..., Any]


def test_a_page_that_is_not_there_is_a_page_in_the_signed_in_frame(owner: Persona) -> None:
    answer = owner.browser.get("/no-such-page")
    assert answer.status_code == 404
    assert "There is no page here" in answer.text
    assert 'aria-label="Main"' in answer.text


def test_a_visitor_gets_the_same_in_the_bare_frame(client: Browser) -> None:
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert "There is no page here" in answer.text


def test_below_the_api_the_same_is_a_problem(client: Browser) -> None:
    answer = client.get(f"{api.BASE_PATH}/no-such-resource")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert (
        answer.json.items() >= {"type": "about:blank", "code": "not_found", "status": 404}.items()
    )
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def test_an_htmx_request_gets_words_for_a_corner_of_the_page(
    browse: Browse, owner: Persona
) -> None:
    answer = browse(owner).get("/trouble/conflict", fragment=True)
    assert answer.status_code == 409
    assert "<html" not in answer.text
    assert 'hx-target="#toasts"' in answer.text
    assert "Somebody was first." in answer.text


def test_a_history_restore_gets_a_whole_page(browse: Browse, owner: Persona) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "full"}
    assert "<html" in browse(owner).get("/trouble/conflict", headers=headers).text


def test_a_problem_carries_its_code_its_fields_and_what_is_special(
    call: Call, owner: Persona
) -> None:
    special = call(owner, "/conflict")
    assert (special.status_code, special.json["code"]) == (409, "too_late")
    assert special.json["first"] == "Beth"
    fields = call(owner, "/fields").json["errors"]
    assert fields == [{"pointer": "/a/0", "code": "missing", "message": "There is no a."}]


def test_input_that_does_not_fit_its_schema_names_the_fields(call: Call, owner: Persona) -> None:
    answer = call(owner, "/guests", "POST", json={"age": "many"})
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert {entry["pointer"] for entry in answer.json["errors"]} == {"/name", "/age"}
    assert {entry["code"] for entry in answer.json["errors"]} == {"missing", "int_parsing"}


def test_json_that_is_none_is_a_problem_too(call: Call, owner: Persona) -> None:
    answer = call(owner, "/guests", "POST", data="{", content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


@pytest.mark.parametrize("path", ["/trouble/read", f"{api.BASE_PATH}/workflows/trouble/bug"])
def test_the_wrong_method_is_named_with_the_right_ones(
    browse: Browse, owner: Persona, path: str
) -> None:
    answer = browse(owner).put(path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_too_often_says_when_to_come_back(browse: Browse, owner: Persona) -> None:
    answer = browse(owner).get("/trouble/often")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")


def test_a_bug_is_logged_with_its_trace_and_told_without_its_insides(
    browse: Browse, owner: Persona, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = browse(owner).get("/trouble/bug")
    assert answer.status_code == 500
    assert "This is our fault" in answer.text
    assert "secret ingredient" not in answer.text
    assert answer.headers["X-Request-Id"] in caplog.text
    assert "secret ingredient" in caplog.text


def test_an_error_is_told_even_when_the_frame_around_it_breaks(
    browse: Browse, owner: Persona
) -> None:
    answer = browse(owner).get("/trouble/frame")
    assert answer.status_code == 409
    assert "Somebody was first." in answer.text
    assert "Go to sign-in" in answer.text


def test_a_bug_below_the_api_is_a_problem_without_its_insides(call: Call, owner: Persona) -> None:
    answer = call(owner, "/bug")
    assert (answer.status_code, answer.json["code"]) == (500, "bug")
    assert b"secret ingredient" not in answer.data


def test_a_database_that_does_not_answer_is_a_bare_page_that_asks_to_come_back(
    browse: Browse, owner: Persona
) -> None:
    answer = browse(owner).get("/trouble/slow")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Our database is not answering" in answer.text
    assert 'aria-label="Main"' not in answer.text


def test_what_cannot_be_stored_is_refused_and_not_our_failure(
    browse: Browse, call: Call, owner: Persona
) -> None:
    assert browse(owner).get("/trouble/store?words=a%00b").status_code == 422
    assert call(owner, "/store?words=a%00b").json["code"] == "invalid"


def test_a_body_that_is_too_large_is_413(owner: Persona, browse: Browse) -> None:
    browser = browse(owner)
    browser.application.config["MAX_CONTENT_LENGTH"] = 1000
    try:
        answer = browser.post("/trouble/change", data={"words": "x" * 2000}, csrf=False)
    finally:
        browser.application.config["MAX_CONTENT_LENGTH"] = 50 * 1024 * 1024
    assert answer.status_code == 413
