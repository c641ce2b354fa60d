"""A name that led outside when its address was kept, and leads inside when it is called.

Each caller is made to call twice. First the far end is public: its call arrives. Then the same
machine is an inner one: nothing reaches it, not over a connection that was kept open either.
"""

import gzip
import resource
from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from tests.contracts.callers import (
    CALLS,
    HOST,
    OF_OURS,
    Call,
    Scene,
    callers,
    each,
    greets_a_mail_server,
)
from tests.far_ends.rest_service import Prepared, started_rest_service
from tests.personas import Persona
from tests.platform.calls import names_lead_to
from tests.workers.scene import Worker
from wedsync.platform import outbound
from wedsync.platform.outbound import Failure, Request
from wedsync.platform.outbound import names as door_names

pytestmark = pytest.mark.usefixtures("empty_database")
_BOMB = gzip.compress(b" " * 10_000_000) * 40
INNER = ["10.0.0.1", "169.254.169.254", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"]


@pytest.fixture
def scene(
    app: APIFlask,
    worker: Worker,
    built_in_listings: None,
    owner: Persona,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Scene]:
    with started_rest_service() as service:
        for method, path in (("GET", "/me"), ("GET", "/entries"), ("GET", "/tables")):
            service.answers(method, path, {"id": "1", "name": "Rosa", "tables": []})
        service.answers("POST", "/token", {"access_token": "t", "token_type": "Bearer"})
        names_lead_to(monkeypatch, {HOST: ["127.0.0.1"]})
        door_names.names.start_anew()
        yield Scene(app, worker, owner, service)
    outbound.allow_loopback(True)
    door_names.names.start_anew()


@pytest.mark.parametrize("calls", list(each()), ids=lambda calls: calls.__name__)
def test_what_turns_inwards_after_it_was_kept_is_not_called(scene: Scene, calls: Call) -> None:
    calls(scene)
    service = scene.service
    assert service.connections > 0
    outbound.allow_loopback(False)
    before = (service.connections, len(service.asked))
    calls(scene)
    assert (service.connections, len(service.asked)) == before


BY_HTTP = [calls for calls in each() if calls is not greets_a_mail_server]


@pytest.mark.parametrize("calls", BY_HTTP, ids=lambda calls: calls.__name__)
def test_nobody_follows_where_an_answer_sends_them(scene: Scene, calls: Call) -> None:
    sends_on = Prepared(307, {"Location": f"{scene.address}/inner"}, b"")
    service = scene.service
    service.prepared.clear()
    service.otherwise = sends_on
    calls(scene)
    assert service.asked != []
    assert "/inner" not in {asked.path for asked in service.asked}


@pytest.mark.parametrize("answer", ["a bomb", "a huge one"])
@pytest.mark.parametrize("calls", BY_HTTP, ids=lambda calls: calls.__name__)
def test_no_answer_is_too_much_for_whoever_asked(scene: Scene, calls: Call, answer: str) -> None:
    """What unpacks to 400 MB is not unpacked; of 40 MB only the beginning is read."""
    json = {"Content-Type": "application/json"}
    bomb = Prepared(200, {**json, "Content-Encoding": "gzip"}, _BOMB)
    huge = Prepared(200, json, b'"' + b"x" * 40_000_000 + b'"')
    scene.service.prepared.clear()
    scene.service.otherwise = bomb if answer == "a bomb" else huge
    before = _most_memory()
    calls(scene)
    assert scene.service.asked != []
    assert _most_memory() - before < 100_000_000


def _most_memory() -> int:
    """The most bytes this process ever held, the far end's answers included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024


@pytest.mark.parametrize("inner", INNER)
def test_a_name_that_leads_to_an_inner_network_is_refused_at_the_socket(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, inner: str
) -> None:
    names_lead_to(monkeypatch, {HOST: [inner]})
    door_names.names.start_anew()
    outcome = outbound.request(Request("GET", scene.address, timeout_s=5))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.code) == ("not_sent", "address_refused")
    assert scene.service.connections == 0


def test_whoever_calls_an_address_is_made_to_call_here() -> None:
    """A module that is new among them needs a way in `CALLS`, or its reason in `OF_OURS`."""
    assert callers() == {*CALLS, *OF_OURS}
