"""Runs that send secrets, refreshes that fail, and far ends that say back what they were sent."""

from pathlib import Path
from typing import Any

import psutil

from tests.contracts.canary.canaries import Seen
from tests.contracts.canary.story import PATIENCE_S, Story
from tests.processes import told_by_family
from tests.workers.scene import make_workflow, on_event, retrying, rows, wait_until


def run_everything(story: Story) -> None:
    """Steps through every connection, with every kind of answer there is."""
    organization = rows(story.app, "SELECT id FROM organizations WHERE slug = 'rosewood'")[0].id
    story.vendors_mail.refuses["RCPT"] = f"550 Not with {story.vendors_mail.password}"
    rest, oauth = story.connections["rest-api"], story.connections["rest-oauth"]
    trigger = on_event("canary.told")
    steps = [
        *(_request(rest, "rest-api", path) for path in ("ok", "refuse", "break", "page", "slowly")),
        *(_request(oauth, "rest-oauth", path) for path in ("ok", "refuse", "break")),
        _letter(story.connections["smtp"]),
    ]
    make_workflow(story.app, organization, trigger, *steps)
    seat = {"use": "sandbox.release_seat", "input": {"guest_id": "g_ben"}}
    step = {"id": "seat", "kind": "action", "connection": story.connections["sandbox"], **seat}
    make_workflow(story.app, organization, trigger, step)
    # Before its token has run out once; what waits for a renewal is waited for.
    _tell(story, "canary.told", runs=2)
    wait_until(lambda: any(asked.path == "/told" for asked in story.echo.asked), PATIENCE_S)
    # Last, for it leaves a connection that needs somebody.
    trigger = on_event("canary.refused")
    make_workflow(story.app, organization, trigger, _request(rest, "rest-api", "unknown"))
    _tell(story, "canary.refused", runs=1)


def _tell(story: Story, event_type: str, runs: int) -> None:
    story.site.api("POST", "/events", {"type": event_type, "data": {"guest": "Ben"}})
    ours = "runs r JOIN events e ON r.event_id = e.id WHERE e.type = :type"
    moving = f"{ours} AND (r.state IN ('queued', 'running') OR r.waiting_for->>'kind' = 'retry')"
    wait_until(lambda: story.count(ours, type=event_type) == runs, PATIENCE_S)
    wait_until(lambda: story.count(moving, type=event_type) == 0, PATIENCE_S)


def _request(connection: str, use: str, path: str) -> dict[str, Any]:
    given = {
        "method": "POST",
        "path": f"/{path}",
        "json": {"a": 1},
        "key_header": "Idempotency-Key",
    }
    return {
        "id": f"{use.replace('-', '_')}_{path}",
        "kind": "action",
        "use": f"{use}.request",
        "connection": connection,
        "input": given,
        **retrying(1, then="continue"),
    }


def _letter(connection: str) -> dict[str, Any]:
    given = {"to": "ana@florist.example", "subject": "One meal less", "body": "Good day"}
    step = {"id": "letter", "kind": "action", "use": "smtp.send", "connection": connection}
    return {**step, "input": given, **retrying(1, then="continue")}


def replace_the_keys(story: Story) -> None:
    """New data keys, by the command, while everything runs; what it says, and how it is called."""
    for words in (("keys",), ("keys", "rotate", "--data-keys"), ("keys", "retire"), ("doctor",)):
        done = story.site.run(*words)
        story.seen.append(Seen(" ".join(words), f"{done.stdout} {done.stderr}".encode()))
        assert "Traceback" not in done.stderr, done.stderr
    replaced = "data_keys WHERE retired_at IS NOT NULL"
    assert story.count(replaced) > 0
    opens = story.site.api("POST", f"/connections/{story.connections['sandbox']}/check")
    story.seen.append(Seen("check after new keys", repr(opens).encode()))


def look_at_the_processes(story: Story) -> None:
    """What anybody on the machine sees of them, and what the database shows of their queries."""
    ours = [each.pid for each in story.site.processes.values()]
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in ours]
    for pid in ours:
        below = told_by_family(psutil.Process(pid), psutil.Process.cmdline)
        lines += ["\0".join(words).encode() for _, words in below]
    assert len(lines) >= 2
    story.seen += [Seen("process", line) for line in lines]
    queries = rows(story.app, "SELECT datname, application_name, query FROM pg_stat_activity")
    story.seen.append(Seen("queries", repr(queries).encode()))


def let_a_refresh_fail(story: Story) -> None:
    """First the token endpoint has a fault of its own, then it refuses for good; both tell all."""
    story.echo.token_status = 503
    asked = len(story.echo.tokens())
    wait_until(lambda: len(story.echo.tokens()) > asked, PATIENCE_S)
    story.echo.token_status, story.echo.token_error = 400, "invalid_grant"
    gone = "connections WHERE id = :id AND state = 'needs_reauth'"
    wait_until(lambda: story.count(gone, id=story.connections["rest-oauth"]) == 1, PATIENCE_S)
    told = "notices WHERE about_id = :id"
    wait_until(lambda: story.count(told, id=story.connections["rest-oauth"]) == 1, PATIENCE_S)
