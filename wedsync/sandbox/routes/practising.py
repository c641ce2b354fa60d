"""What a person does for the guests and couples, and how a test begins afresh."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for

from wedsync.sandbox import answers, refusals
from wedsync.sandbox.practice import practice
from wedsync.sandbox.settings import client_of
from wedsync.sandbox.world import MEADOW

bp = Blueprint("practising", __name__, url_prefix="/practice")
_Doing = Callable[[str, dict[str, Any]], dict[str, Any]]


@bp.post("/answers")
def answer() -> Response:
    return _done("answers", practice().guests.answer)


@bp.post("/enquiries")
def enquire() -> Response:
    return _done("enquiries", practice().desk.enquire)


@bp.post("/favourites")
def choose() -> Response:
    return _done("favourites", practice().desk.choose)


@bp.post("/acknowledgements")
def acknowledge() -> Response:
    return _done("acknowledgements", practice().desk.acknowledge)


@bp.post("/clients")
def add_client() -> Response:
    try:
        client = client_of(request.get_json(silent=True))
    except ValueError as error:
        raise refusals.wrong(str(error)) from error
    practice().clients.put(client)
    return make_response({"id": client.id, "redirect_uris": client.redirect_uris}, HTTPStatus.OK)


@bp.delete("")
def begin_again() -> tuple[str, int]:
    practice().begin_again()
    return "", HTTPStatus.NO_CONTENT


@bp.post("/again")
def begin_again_by_hand() -> Response:
    """The same for a form."""
    practice().begin_again()
    return make_response(redirect(url_for("home.first_page"), HTTPStatus.SEE_OTHER))


def _done(what: str, do: _Doing) -> Response:
    """Do it for the account that was named, and go back to its page."""
    given = answers.given()
    account = practice().guests.account(refusals.text(given, "account", MEADOW.id))["id"]
    with practice().store.transaction():
        body = do(account, given)
    if answers.wants_json():
        return make_response(body, HTTPStatus.CREATED)
    page = url_for("home.first_page", account=account, done=what)
    return make_response(redirect(page, HTTPStatus.SEE_OTHER))
