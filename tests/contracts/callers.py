"""Everything in the product that calls an address somebody gave, each made to call one of ours.

A *caller* is a module that uses the outbound door. Which there are is read from the code; what
makes each of them call stands in `CALLS`, by module, so that a new one is asked for here.
"""

import ast
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apiflask import APIFlask

from tests.connections.choosing import TABLES, read
from tests.connections.ways import keeper_of
from tests.far_ends.rest_service import RestService
from tests.page_words import words_of
from tests.personas import Persona
from tests.webhooks.arranging import AUTOMATIC, NEVER, pass_time
from tests.workers.scene import Worker, call, make_endpoint, make_workflow, publish, tell
from tests.workflows.clockwork.looking import look
from tests.workflows.connected import connect, list_it, seating
from tests.workflows.connected import tell as tell_of
from wedsync.connectors.manifest import Manifest
from wedsync.platform import ids
from wedsync.platform.db import db
from wedsync.settings import CHECKOUT
from wedsync.webhooks.hooks.subscribing import Subscribing
from wedsync.workflows.running import runs

HOST = "partner.example"
_DOOR = "wedsync/platform/outbound/"
_USES = {"request", "send_many", "connect", "Transfers"}
_LETTERS = {"send", "check"}


def callers() -> set[str]:
    """Every module outside the door that calls through it, or has letters carried."""
    return {
        path
        for folder in ("wedsync", "workers")
        for file in sorted((CHECKOUT / folder).rglob("*.py"))
        if not (path := str(file.relative_to(CHECKOUT))).startswith(_DOOR)
        and any(_calls(node) for node in ast.walk(ast.parse(file.read_text())))
    }


def _calls(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id == "Transfers"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    if not isinstance(node.func.value, ast.Name):
        return False
    module, name = node.func.value.id, node.func.attr
    return (module == "outbound" and name in _USES) or (module == "smtp" and name in _LETTERS)


@dataclass
class Scene:
    """Who calls, and the far end at the name `HOST`."""

    app: APIFlask
    worker: Worker
    owner: Persona
    service: RestService

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.service.port}"

    @property
    def organization_id(self) -> UUID:
        return self.owner.organization_id

    def manifest(self, **fields: Any) -> Manifest:
        """A partner's connector whose service answers at the name."""
        slug = f"caller-{ids.new_id().hex[-8:]}"
        return seating(self.service, slug, base_url=self.address, **fields)

    def connect(self, slug: str, **typed: str) -> str:
        """Fill in the form of one of ours, try again what had no answer; what its page says."""
        sent = self.owner.browser.post(f"/connect/{slug}", data=typed)
        assert sent.status_code == 303, words_of(sent)
        keeper_of(self.app).work()
        return words_of(self.owner.browser.get(sent.location))


Call = Callable[[Scene], None]


def delivers(scene: Scene) -> None:
    make_endpoint(scene.app, scene.organization_id, f"{scene.address}/told")
    publish(scene.app, scene.organization_id, "seating.guest_added", {"guest": "Rosa"})
    scene.worker.work()


def asks_in_a_step(scene: Scene) -> None:
    step = call("ask", f"{scene.address}/step")
    _happen(scene, step)


def acts_in_a_step(scene: Scene) -> None:
    connection = connect(scene.app, scene.organization_id, manifest := scene.manifest())
    given = {"guest": "Rosa"}
    use = f"{manifest.slug}.release"
    _happen(
        scene,
        {"id": "act", "kind": "action", "use": use, "connection": str(connection), "input": given},
    )


def _happen(scene: Scene, step: dict[str, Any]) -> None:
    workflow = make_workflow(scene.app, scene.organization_id, {"kind": "manual"}, step)
    with scene.app.app_context():
        runs.start_manual_run(scene.organization_id, workflow, {})
        db.session.commit()
    scene.worker.run()


def offers_choices(scene: Scene) -> None:
    connection = connect(scene.app, scene.organization_id, scene.manifest(choices=[TABLES]))
    read(scene.app, scene.owner, connection)


def checks_an_account(scene: Scene) -> None:
    account = {"request": {"method": "GET", "path": "/me"}, "id_path": "id", "name_path": "name"}
    _checked(scene, scene.manifest(account=account))


def _checked(scene: Scene, manifest: Manifest) -> None:
    list_it(scene.app, manifest)
    scene.connect(manifest.slug, api_key="k")


def checks_any_service(scene: Scene) -> None:
    scene.connect("rest-api", address=scene.address, api_key="k", header="X-Key", check_path="/me")


def checks_payments(scene: Scene) -> None:
    scene.connect("stripe", address=scene.address, api_key="rk_test_51canary")


def fetches_a_token(scene: Scene) -> None:
    auth = {
        "kind": "oauth2_client_credentials",
        "oauth": {
            "authorize_url": f"{scene.address}/authorize",
            "token_url": f"{scene.address}/token",
            "client_from": "fields",
            "client_auth": "post",
        },
        "fields": [
            {"name": "client_id", "title": "Client id"},
            {"name": "client_secret", "title": "Client secret", "kind": "secret"},
        ],
    }
    manifest = scene.manifest(auth=auth)
    list_it(scene.app, manifest)
    scene.connect(manifest.slug, client_id="c", client_secret="s")


def looks_at_a_list(scene: Scene) -> None:
    stream = {
        "key": "entries",
        "label": "Entries",
        "sentence": "Look for new entries",
        "event_type": "guestbook.entry_added",
        "request": {"method": "GET", "path": "/entries"},
        "at_path": "at",
        "starts": "all",
    }
    connection = connect(scene.app, scene.organization_id, scene.manifest(streams=[stream]))
    trigger = {"kind": "poll", "connection": str(connection), "stream": "entries", "every_s": 300}
    step = tell("say", "seating.seen")
    make_workflow(scene.app, scene.organization_id, trigger, step)
    look(scene.app, scene.worker)


def subscribes(scene: Scene) -> None:
    connection = connect(scene.app, scene.organization_id, scene.manifest(hooks=AUTOMATIC))
    tell_of(scene.app, connection, "connection.connected")
    scene.worker.fan_out()
    pass_time(scene.app)
    runtime = scene.worker.runtime
    Subscribing(scene.worker.engine, runtime.vault, runtime.settings).work(NEVER)


def greets_a_mail_server(scene: Scene) -> None:
    """A server that hangs up on everybody: nothing more is needed to be reached."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        hangs_up = threading.Thread(target=_hang_up, args=(scene, listening), daemon=True)
        hangs_up.start()
        port = str(listening.getsockname()[1])
        typed = {"security": "None", "from_address": "hello@rosewood.example"}
        scene.connect("smtp", host=HOST, port=port, **typed)
        listening.shutdown(socket.SHUT_RDWR)
        hangs_up.join()


def _hang_up(scene: Scene, listening: socket.socket) -> None:
    while True:
        try:
            caller, _ = listening.accept()
        except OSError:
            return
        scene.service.connections += 1
        caller.close()


# Who calls nobody that a customer named: why.
OF_OURS = {
    "wedsync/platform/mail/sending.py": "the mail server that the settings name",
    "wedsync/cli/checkup/services.py": "the same, for whoever runs the installation",
    "wedsync/platform/smtp/conversation.py": "the conversation of those that send letters",
}
CALLS: dict[str, tuple[Call, ...]] = {
    "wedsync/platform/effects.py": (delivers, asks_in_a_step, acts_in_a_step),
    "wedsync/connections/choosing/choices.py": (offers_choices,),
    "wedsync/connections/account.py": (checks_an_account,),
    "wedsync/connections/grants.py": (fetches_a_token,),
    "wedsync/connectors/free_request.py": (checks_any_service,),
    "wedsync/connectors/stripe/connector.py": (checks_payments,),
    "wedsync/connectors/smtp/connector.py": (greets_a_mail_server,),
    "wedsync/webhooks/hooks/subscribing.py": (subscribes,),
    "wedsync/workflows/clockwork/polling.py": (looks_at_a_list,),
}


def each() -> Iterator[Call]:
    """Every way to have something called."""
    for ways in CALLS.values():
        yield from ways
