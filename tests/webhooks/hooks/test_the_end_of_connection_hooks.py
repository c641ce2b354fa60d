"""A connection's hook ends with it, whoever hears of that when."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from apiflask import APIFlask

from tests.far_ends.rest_service import RestService
from tests.personas import Persona
from tests.webhooks.arranging import AUTOMATIC, NEVER, agrees, connected, hook_of, news, pass_time
from tests.workers.scene import Worker
from tests.workers.trouble import wait_for_a_lock
from tests.workflows.connected import change, connect, seating, tell
from wedsync.platform import ids, outbound
from wedsync.webhooks.hooks import of_connections
from wedsync.webhooks.hooks.subscribing import Subscribing


def test_a_disconnected_connections_hook_takes_nothing_more(
    app: APIFlask,
    worker: Worker,
    owner: Persona,
    service: RestService,
    subscribe: Callable[[], None],
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    subscribe()
    change(app, connection, state="deleted")
    tell(app, connection, "connection.disconnected")
    worker.fan_out()
    hook = hook_of(app, connection)
    assert (hook.state, hook.subscription, hook.subscription_due_at) == ("off", "gone", None)


def test_what_two_workers_hear_at_once_leaves_no_hook_of_a_connection_that_is_gone(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    manifest = seating(service, f"seating-{ids.new_id().hex[-8:]}", hooks=AUTOMATIC)
    connection = connect(app, owner.organization_id, manifest)
    hears = of_connections.connection_changed

    def hear_the_end() -> None:
        with worker.engine.begin() as database:
            hears(database, [news(owner, connection, "connection.disconnected")])

    with worker.engine.begin() as database:
        hears(database, [news(owner, connection, "connection.connected")])
        change(app, connection, state="deleted")
        other = ThreadPoolExecutor(1)
        end = other.submit(hear_the_end)
        wait_for_a_lock(app)
    end.result()
    other.shutdown()
    assert hook_of(app, connection).subscription == "gone"


def test_news_that_come_late_do_not_bring_back_the_hook_of_a_connection_that_is_gone(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    connection = connected(app, worker, owner, service)
    change(app, connection, state="deleted")
    tell(app, connection, "connection.reconnected")
    worker.fan_out()
    assert hook_of(app, connection).subscription == "gone"


def test_an_answer_that_comes_after_the_end_revives_nothing(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    runtime = worker.runtime
    drain = Subscribing(worker.engine, runtime.vault, runtime.settings)
    errands = drain._take()
    change(app, connection, state="deleted")
    tell(app, connection, "connection.disconnected")
    worker.fan_out()
    for errand in errands:
        assert errand.request is not None
        over = drain._record(errand, outbound.request(errand.request))
        assert over is not None
        drain._end([over])
    assert hook_of(app, connection).state == "off"
    assert [asked.method for asked in service.asked] == ["POST", "DELETE"]


def test_an_answer_that_comes_after_another_workers_ends_nothing(
    app: APIFlask, worker: Worker, owner: Persona, service: RestService
) -> None:
    agrees(service)
    connection = connected(app, worker, owner, service)
    runtime = worker.runtime
    drain = Subscribing(worker.engine, runtime.vault, runtime.settings)
    (slow,) = drain._take()
    pass_time(app)
    drain.work(NEVER)
    assert slow.request is not None
    assert drain._record(slow, outbound.request(slow.request)) is None
    assert hook_of(app, connection).subscription == "on"
