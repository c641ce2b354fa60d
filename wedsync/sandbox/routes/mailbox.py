"""The inbox: every mail that was sent to this machine's practice mail server."""

from http import HTTPStatus

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

from wedsync.sandbox import refusals
from wedsync.sandbox.mail import PASSWORD, linked
from wedsync.sandbox.practice import practice

bp = Blueprint("mailbox", __name__, url_prefix="/inbox")


@bp.get("")
def all_mails() -> str:
    return render_template(
        "sandbox/inbox.html",
        mails=practice().inbox.all(),
        smtp_port=practice().settings.smtp_port,
        password=PASSWORD,
    )


@bp.get("/<mail_id>")
def one_mail(mail_id: str) -> str:
    mail = practice().inbox.find(mail_id)
    if mail is None:
        raise refusals.unknown("e-mail")
    words = linked(mail["text"] or mail["html"] or "")
    return render_template("sandbox/mail.html", mail=mail, words=words)


@bp.get("/messages")
def messages() -> Response:
    return jsonify(messages=practice().inbox.all(request.args.get("to", "")))


@bp.get("/messages/<mail_id>/raw")
def raw(mail_id: str) -> Response:
    found = practice().inbox.raw(mail_id)
    if found is None:
        raise refusals.unknown("e-mail")
    return make_response(found, HTTPStatus.OK, {"Content-Type": "text/plain; charset=utf-8"})


@bp.delete("/messages")
def empty() -> tuple[str, int]:
    practice().inbox.empty()
    return "", HTTPStatus.NO_CONTENT


@bp.post("/empty")
def empty_by_hand() -> Response:
    """The same for a form."""
    practice().inbox.empty()
    return make_response(redirect(url_for("mailbox.all_mails"), HTTPStatus.SEE_OTHER))
