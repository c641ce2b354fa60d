"""The faults: a page of switches in plain words, the same as JSON, and the counters."""

from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from wedsync.sandbox import answers
from wedsync.sandbox.faults import shown
from wedsync.sandbox.practice import practice

bp = Blueprint("switching", __name__, url_prefix="/faults")
_ACTS = ("expire_tokens", "revoke_grants")
_SWITCHES = ("hook_wrong_signature", "hook_out_of_order")


@bp.get("")
def page() -> Response:
    faults = practice().switches.now
    if answers.wants_json():
        return jsonify(shown(faults))
    return make_response(
        render_template(
            "sandbox/faults.html", faults=faults, any=faults != type(faults)(), seen=_seen()
        )
    )


@bp.post("")
def switch() -> Response:
    """Merge what was given: JSON as the table says, or the page's form, which names all."""
    given = answers.given() if request.is_json else _from_form()
    acts = {name for name in _ACTS if given.pop(name, None) is True}
    practice().switches.merge(given)
    if "expire_tokens" in acts:
        practice().grants.expire_all()
    if "revoke_grants" in acts:
        practice().grants.withdraw_all()
    if answers.wants_json():
        return jsonify(shown(practice().switches.now))
    return _back()


@bp.delete("")
def off() -> tuple[str, int]:
    practice().forget_faults()
    return "", HTTPStatus.NO_CONTENT


@bp.post("/off")
def off_by_hand() -> Response:
    """The same for a form."""
    practice().forget_faults()
    return _back()


@bp.get("/seen")
def seen() -> Response:
    return jsonify(_seen())


def _seen() -> dict[str, Any]:
    here = practice()
    families = here.grants.families()
    keys = here.store.rows("SELECT key, request, seen FROM keys ORDER BY rowid")
    return {
        "requests": here.seen.requests,
        "families": families,
        "refreshes": sum(family["refreshes"] for family in families),
        "reuse_attempts": sum(family["reused"] for family in families),
        "idempotency_keys": {
            row["key"]: {"request": row["request"], "seen": row["seen"], "acted": 1} for row in keys
        },
        "webhooks": here.sender.seen(),
    }


def _from_form() -> dict[str, Any]:
    """A form leaves out the boxes that are not ticked, and has no true."""
    form = request.form
    if set(form) <= set(_ACTS):
        return dict.fromkeys(form, True)
    given: dict[str, Any] = {name: form[name] for name in form if name not in _ACTS}
    if "token_leaves_out" in form:
        given["token_leaves_out"] = [name for name in form.getlist("token_leaves_out") if name]
    return {**given, **{name: name in form for name in _SWITCHES}}


def _back() -> Response:
    return make_response(redirect(url_for("switching.page"), HTTPStatus.SEE_OTHER))
