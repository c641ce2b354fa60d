"""From an empty business to a workflow that ran, as its owner would do it in a browser.

Find an integration, connect it by its consent page, connect a mailbox by its password, answer the
questions of a ready-made workflow, read it, publish it. Then a guest declines at the practice
partner: their seat is freed there, the caterer has a letter, whoever listens has a signed webhook.
Another answer takes the other branch.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wedsync.cli.demonstration.hops import Hops, require
from wedsync.cli.demonstration.practice import Practice
from wedsync.cli.demonstration.receiver import Receiver
from wedsync.cli.demonstration.script import Script
from wedsync.cli.demonstration.visitor import Page, Visitor

SEAT_FREED = "seating.seat_freed"
_RECIPE = "/workflows/gallery/guest-declines"
_GUEST = "g_ben"
_OVER = frozenset({"succeeded", "failed", "stopped", "filtered", "needs_attention"})


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where letters leave from."""

    host: str
    port: int
    address: str


def show(
    hops: Hops,
    visitor: Visitor,
    api: Script,
    practice: Practice,
    receiver: Receiver,
    mailbox: Mailbox,
) -> None:
    """Take the round trip from end to end; raises MissingHop where it breaks off.

    The connections and the workflow it made are gone, or off, afterwards.
    """
    caterer = f"kitchen-{secrets.token_hex(4)}@olive-and-thyme.example"
    made: list[str] = []
    try:
        made.append(_connect_by_consent(hops, visitor))
        made.append(_connect_a_mailbox(hops, visitor, mailbox))
        workflow = _start_from_a_gallery(hops, visitor, made, caterer)
        try:
            _run_both_ways(hops, api, practice, receiver, workflow, caterer)
        finally:
            api.post(f"/workflows/{workflow}/turn-off", {})
    finally:
        for connection in made:
            visitor.submit(visitor.visit(f"{connection}/delete"), "/delete")


def _connect_by_consent(hops: Hops, visitor: Visitor) -> str:
    """Returns the address of the connection's page."""
    listing = visitor.visit("/marketplace/sandbox")
    _require_page(listing, "Petal Practice")
    hops.seen("Petal Practice found in the marketplace")
    form = visitor.visit(listing.link("/connect/sandbox").partition("?")[0])
    onwards = visitor.submit(form, "/connect/sandbox")
    consent = visitor.visit(onwards.link("/oauth/authorize"))
    back = visitor.submit(consent, "/oauth/authorize", decision="allow")
    _wait_for_page(hops, visitor, back, "Meadow Weddings")
    hops.seen("connected through its consent page: the account of Meadow Weddings")
    # Before it is asked to tell us, what happens there is told to nobody.
    hook = visitor.visit(f"/webhooks/of-connection/{back.url.rpartition('/')[2]}")
    _wait_for_page(hops, visitor, hook, "We arranged it")
    hops.seen("Petal Practice tells us what guests answer from now on")
    return back.url


def _connect_a_mailbox(hops: Hops, visitor: Visitor, mailbox: Mailbox) -> str:
    page = visitor.submit(
        visitor.visit("/connect/smtp"),
        "/connect/smtp",
        host=mailbox.host,
        port=str(mailbox.port),
        security="None",
        username="lumen",
        password="practice",  # noqa: S106 - the practice mailbox's only one
        from_address=mailbox.address,
        from_name="Lumen Photography",
    )
    _wait_for_page(hops, visitor, page, "Connected")
    hops.seen(f"mailbox {mailbox.address} connected by its password")
    return page.url


def _start_from_a_gallery(hops: Hops, visitor: Visitor, made: list[str], caterer: str) -> str:
    """Answer the questions, read the workflow, publish it; returns its id."""
    guests, mail = (address.rpartition("/")[2] for address in made)
    answers = {"guests": guests, "mail": mail, "caterer": caterer, "answer": "changed"}
    questions = visitor.visit(_RECIPE)
    preview = visitor.submit(questions, f"{_RECIPE}/preview", **answers)
    _require_page(preview, "When a guest changes their answer at Petal Practice")
    hops.seen("ready-made workflow answered, and read as a sentence before it is on")
    page = visitor.submit(preview, _RECIPE)
    _require_page(page, "A guest cannot come")
    hops.seen("workflow “A guest cannot come” published")
    return page.url.partition("?")[0].rpartition("/")[2]


def _run_both_ways(
    hops: Hops,
    api: Script,
    practice: Practice,
    receiver: Receiver,
    workflow: str,
    caterer: str,
) -> None:
    practice.answer(_GUEST, "accepted")  # whatever they said before, it is this now
    seen = {run["id"] for run in _runs(api, workflow)}
    practice.answer(_GUEST, "declined")
    hops.seen("Ben Carter declines at Petal Practice")
    declined = _next_run(hops, api, workflow, seen)
    _require_done(hops, declined, practice, receiver, caterer)
    practice.answer(_GUEST, "accepted")
    accepted = _next_run(hops, api, workflow, seen | {declined["id"]})
    steps = _steps(accepted)
    branch = (steps["coming"]["output"] or {}).get("branch")
    require(branch is None and "free" not in steps, f"It should do nothing: {accepted['steps']}")
    hops.seen("Ben Carter comes after all: “Otherwise”, nothing sent")


def _require_done(
    hops: Hops, run: Mapping[str, Any], practice: Practice, receiver: Receiver, caterer: str
) -> None:
    require(run["state"] == "succeeded", f"The run ended as {run['state']}: {run['reason']}")
    steps = _steps(run)
    require(steps["free"]["state"] == "succeeded", f"The seat was not freed: {steps['free']}")
    hops.seen("run took “They cannot come”, and freed the seat with the connection's token")
    mail = hops.wait_for("A letter in the inbox", lambda: next(iter(practice.mails(caterer)), None))
    require("Ben Carter" in mail["subject"], f"Another letter came: {mail['subject']}")
    hops.seen(f"letter received: “{mail['subject']}”")
    event = steps["venue"]["output"]["event_id"]
    hops.wait_for("A delivery that standardwebhooks verifies", lambda: receiver.taken.get(event))
    hops.seen("delivery received and verified by standardwebhooks")


def _next_run(hops: Hops, api: Script, workflow: str, seen: set[str]) -> dict[str, Any]:
    """The next run of the workflow, when it is over."""

    def over() -> dict[str, Any] | None:
        new = [run for run in _runs(api, workflow) if run["id"] not in seen]
        if not new or new[0]["state"] not in _OVER:
            return None
        run: dict[str, Any] = api.get(f"/runs/{new[0]['id']}")
        return run

    return hops.wait_for("A run of “A guest cannot come” came to its end", over)


def _runs(api: Script, workflow: str) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = api.get(f"/workflows/{workflow}/runs")["data"]
    return runs


def _steps(run: Mapping[str, Any]) -> dict[str, Any]:
    return {step["id"]: step for step in run["steps"]}


def _wait_for_page(hops: Hops, visitor: Visitor, page: Page, words: str) -> None:
    """A far end that takes its time is still being asked when its page is shown."""

    def look() -> Page | None:
        found = visitor.visit(page.url)
        return found if words in found.text else None

    if words not in page.text:
        hops.wait_for(f"{page.url} says “{words}”", look)


def _require_page(page: Page, words: str) -> None:
    fits = page.status == 200 and words in page.text
    require(fits, f"{page.url} does not say “{words}” ({page.status}): {page.text[:500]}")
