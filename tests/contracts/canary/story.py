"""The installation whose secrets are followed: its far ends, its visitors, what it said."""

import re
from dataclasses import dataclass, field
from typing import Any

from apiflask import APIFlask

from tests.contracts.canary.canaries import Canaries, Echo, Seen, watched_visitor
from tests.far_ends.post_office import PostOffice
from tests.far_ends.practice_partner import PracticePartner
from tests.live_site import LiveSite
from tests.workers.scene import rows, wait_until
from wedsync.cli.demonstration.visitor import Visitor
from wedsync.cli.installation.logins import DEMO_PASSWORD

IMOGEN = "imogen@rosewood.example"
PATIENCE_S = 40

LINK = re.compile(r"https?://localhost:\d+(/(?:new-password|confirm-email|invitations)/(\S+))")


@dataclass
class Story:
    """An installation, its far ends, everything it said to anybody, and its secrets."""

    site: LiveSite
    app: APIFlask
    echo: Echo
    vendors_mail: PostOffice
    our_mail: PostOffice
    partner: PracticePartner
    canaries: Canaries = field(default_factory=Canaries)
    seen: list[Seen] = field(default_factory=list)
    connections: dict[str, str] = field(default_factory=dict)

    def visitor(self) -> Visitor:
        return watched_visitor(self.site.url, self.seen)

    def signed_in(self, email: str, password: str = DEMO_PASSWORD) -> Visitor:
        visitor = self.visitor()
        page = visitor.submit(visitor.visit("/sign-in"), "/sign-in", email=email, password=password)
        assert page.url.rstrip("/") == self.site.url, page.text
        return visitor

    def letter_link(self, to: str, at_least: int = 1) -> tuple[str, str]:
        """The path and the token of the latest link that was mailed to somebody."""

        def letters() -> list[Any]:
            return [letter for letter in self.our_mail.letters if to in letter.recipients]

        wait_until(lambda: len(letters()) >= at_least, PATIENCE_S)
        found = LINK.search(letters()[-1].text)
        assert found is not None, letters()[-1].text
        return found[1], found[2]

    def count(self, query: str, **values: Any) -> int:
        return int(rows(self.app, f"SELECT count(*) AS n FROM {query}", **values)[0].n)
