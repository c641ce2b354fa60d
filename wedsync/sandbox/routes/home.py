"""The first page: a practice wedding, its guests, and everything a person can do there."""

from flask import Blueprint, render_template, request

from wedsync.sandbox.hooks import TYPES
from wedsync.sandbox.practice import practice
from wedsync.sandbox.world import MEADOW, MEALS

bp = Blueprint("home", __name__)

# What was just done, as the page says it; the address names the key.
_DONE = {
    "answers": "The answer is in.",
    "enquiries": "The enquiry was sent.",
    "favourites": "The favourites were sent.",
    "acknowledgements": "It is confirmed.",
}


@bp.get("/")
def first_page() -> str:
    here = practice()
    account = here.guests.account(request.args.get("account", MEADOW.id))
    account_id = account["id"]
    guests = here.guests.guests(account_id)
    return render_template(
        "sandbox/home.html",
        account=account,
        accounts=here.guests.accounts(),
        guests=guests,
        names={guest["id"]: guest["name"] for guest in guests},
        coming=here.guests.accepted(account_id),
        meal_choices=MEALS,
        holds=here.desk.holds(account_id),
        acknowledgements=here.desk.records(account_id, "acknowledgement"),
        tasks=here.desk.records(account_id, "task"),
        subscriptions=here.subscriptions.all(account_id),
        type_count=len(TYPES),
        done=_DONE.get(request.args.get("done", "")),
    )


@bp.get("/healthz")
def health() -> dict[str, str]:
    return {"status": "ok"}
