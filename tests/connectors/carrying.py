"""Carrying out a connector's actions against a far end, as a worker does: begin, send, finish."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from wedsync import connectors
from wedsync.connectors import choices
from wedsync.connectors.answers import read as answer_of
from wedsync.connectors.choices import Choice
from wedsync.connectors.contract import Access, Call, Effect, Failed, Publish, Succeeded, Task
from wedsync.connectors.filling import reached
from wedsync.connectors.manifest import Manifest
from wedsync.connectors.opening import opened
from wedsync.connectors.rest import request_of
from wedsync.platform import outbound
from wedsync.platform.outbound import Request

KEY = "0198c0de-0000-7000-8000-000000000001:step:0:0"
CONNECTION = UUID("0198c0de-0000-7000-8000-00000000c0de")
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Carried:
    """An opened connection and its connector."""

    manifest: Manifest
    access: Access

    def out(self, action: str, given: Mapping[str, Any], key: str = KEY) -> Succeeded | Failed:
        """Carry an action out; what came of it."""
        chosen = connectors.actions(self.manifest)[action]
        begun = chosen.begin(given, self.access, key=key, timeout_s=PATIENCE_S)
        match begun:
            case Call(request):
                return chosen.finish(given, outbound.request(request))
            case Task(run):
                return run()
            case Publish():
                raise AssertionError("a connector's action never publishes an event of ours")
        return begun

    def effect(self, action: str, given: Mapping[str, Any]) -> Effect:
        return connectors.actions(self.manifest)[action].effect(given)

    def offered(self, key: str) -> tuple[Choice, ...]:
        """What the account offers in one of its lists, page by page."""
        listed = next(each for each in self.manifest.choices if each.key == key)
        known: tuple[Choice, ...] = ()
        page: str | int | None = None
        while True:
            asked = choices.request(listed, self.access, page, PATIENCE_S)
            assert isinstance(asked, Request), asked
            read = choices.read(listed, self.access, outbound.request(asked))
            assert isinstance(read, choices.Page), read
            known, page = choices.joined(known, read), read.next_page
            if page is None or not read.choices:
                return known

    def account(self) -> tuple[str, str]:
        """Whose account this is: its id and its name."""
        found = self.checked()
        assert isinstance(found, Succeeded), found
        return str(found.output["id"]), str(found.output["name"])

    def checked(self) -> Succeeded | Failed:
        """What the connection's test says: the folder's CHECK, else the manifest's request."""
        check = connectors.account_check(self.manifest)
        if check is not None:
            return check(self.access, PATIENCE_S)
        account = self.manifest.account
        assert account is not None
        answered = answer_of(outbound.request(request_of(account.request, self.access, {})))
        if isinstance(answered, Failed):
            return answered
        said = {"id": account.id_path, "name": account.name_path}
        return Succeeded({name: reached(answered.output, path) for name, path in said.items()})


def carrying(
    slug: str,
    settings: Mapping[str, Any],
    secrets: Mapping[str, str],
    *,
    sandbox_url: str = "http://127.0.0.1:9",
) -> Carried:
    """A connection of this connector, with what a vendor would have typed."""
    manifest = connectors.manifests()[slug]
    access = opened(manifest, CONNECTION, settings, secrets, sandbox_url=sandbox_url)
    return Carried(manifest, access)
