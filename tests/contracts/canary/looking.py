"""Everything that can be asked for is asked for: by a stranger, by the owner, and of the vault."""

import urllib.request
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from tests.contracts.canary.canaries import MARK, Seen
from tests.contracts.canary.story import Story
from wedsync.api import BASE_PATH
from wedsync.cli.demonstration.visitor import Visitor
from wedsync.connections import credentials
from wedsync.platform.db import db
from wedsync.platform.vault import place

_MOST_PAGES = 400
_RESOURCES = ("connections", "events", "runs", "hooks", "endpoints", "deliveries", "workflows")


def be_a_stranger(story: Story) -> None:
    """Requests that are refused, with something in them that is somebody's secret all the same."""
    canaries, site = story.canaries, story.site
    wrong = canaries.add("key that is none", f"wsk_{MARK}{'x' * 34}")
    for path in ("/hooks", "/nowhere", "/events"):
        asked = urllib.request.Request(
            f"{site.url}{BASE_PATH}{path}", headers={"Authorization": f"Bearer {wrong}"}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=10)
        story.seen.append(Seen(path, refused.value.read()))
    visitor = story.visitor()
    for path in ("new-password", "confirm-email", "invitations"):
        token = canaries.add(f"{path} that is none", f"{MARK}-{path}-that-is-none")
        canaries.shown.add((f"{path} that is none", f"/{path}/{token}"))
        visitor.visit(f"/{path}/{token}")


def learn_what_the_vault_holds(story: Story) -> None:
    """Whatever partners gave us, and whatever we made: every sealed column is opened."""
    vault, canaries = story.app.extensions["wedsync"].vault, story.canaries
    with story.app.app_context(), db.engine.begin() as database:
        for row in database.execute(text("SELECT * FROM connections")).all():
            found = credentials.opened(database, vault, row.organization_id, row.id, row.secret)
            for name, value in found.items():
                canaries.add(f"{name} of {row.slug} {row.id}", value)
        for table in ("hooks", "endpoints"):
            for row in database.execute(text(f"SELECT * FROM {table}")).all():
                if row.secret is None:
                    continue
                where = place(table, row.id, "secret")
                value = vault.open(database, row.organization_id, where, row.secret).decode()
                if value not in canaries.values.values():
                    canaries.add(f"secret of {table} {row.id}", value)
    for number, token in enumerate(story.echo.tokens()):
        canaries.add(f"token {number} of the echo", token)


def read_everything(story: Story, imogen: Visitor) -> None:
    """Every page the owner can reach by links, and every answer of the API that reads."""
    waiting, visited = ["/", "/connections", "/notices"], set()
    while waiting and len(visited) < _MOST_PAGES:
        path = waiting.pop(0)
        if path in visited or path.startswith(("/sign-out", "/static")):
            continue
        visited.add(path)
        page = imogen.visit(path)
        for link in page.links:
            parts = urlsplit(link)
            if link.startswith(story.site.url) and parts.path not in visited:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    assert len(visited) > 40, visited
    for resource in _RESOURCES:
        listed = story.site.api("GET", f"/{resource}")
        story.seen.append(Seen(f"api /{resource}", repr(listed).encode()))
        for one in listed["data"]:
            whole = story.site.api("GET", f"/{resource}/{one['id']}")
            story.seen.append(Seen(f"api /{resource}/…", repr(whole).encode()))
