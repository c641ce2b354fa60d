"""A hook takes as much in a minute as was agreed, whichever process is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.front.conftest import FrontServer, Sender, SenderMaker
from tests.workers.scene import wait_until
from wedsync.events.models import Event
from wedsync.front.answers import OverQuota
from wedsync.front.hook_cache import KnownHook
from wedsync.front.limits import Limits
from wedsync.front.link import Link
from wedsync.front.quotas import Quotas
from wedsync.platform.vault import OpenKey
from wedsync.settings import Settings
from wedsync.webhooks import schemes
from wedsync.webhooks.hooks import traffic
from wedsync.webhooks.models import HookRejection

BODY = b'{"type":"seat.taken","data":{}}'
NOON = datetime(2026, 5, 30, 12, 0, 5, tzinfo=UTC)


def known(sender: Sender, quota: int) -> KnownHook:
    return KnownHook(
        id=sender.hook_id,
        organization_id=sender.organization_id,
        source=f"hook:{sender.hook_id}",
        scheme_name="standard_webhooks",
        scheme=schemes.named("standard_webhooks"),
        options=MappingProxyType({}),
        event_type=None,
        secrets=(),
        masked=frozenset(),
        quota=quota,
        handshake_until=None,
        key=OpenKey(sender.hook_id, b"", 0.0),
    )


def with_two(settings: Settings, story: Callable[[Quotas, Quotas], Awaitable[None]]) -> None:
    """Let a story happen to the quotas of two processes."""

    async def tell() -> None:
        links = [Link(settings.require_libpq_url(), f"quotas-{n}") for n in range(2)]
        here, there = (Quotas(link, Limits()) for link in links)
        try:
            await story(here, there)
        finally:
            for link in links:
                await link.close()

    asyncio.run(tell())


def take(quotas: Quotas, hook: KnownHook, times: int, at: datetime = NOON) -> int:
    """Take so often; how often it was let."""
    let = 0
    for _ in range(times):
        try:
            quotas.take(hook, at)
        except OverQuota:
            continue
        let += 1
    return let


def test_beyond_the_quota_is_429_and_says_when_to_come_again(
    database: Session, make_sender: SenderMaker, hurried_front: FrontServer
) -> None:
    sender = make_sender(hurried_front, quota_per_minute=1)
    answers = [sender.send(BODY, f"m{n}") for n in range(5)]
    refused = [answer for answer in answers if answer.status == 429]
    assert {answer.status for answer in answers} == {202, 429}
    assert {answer.json()["code"] for answer in refused} == {"quota"}
    assert all(0 < int(answer.headers["retry-after"]) <= 60 for answer in refused)
    source = f"hook:{sender.hook_id}"
    kept = database.scalar(select(func.count()).where(Event.source == source))
    assert kept == 5 - len(refused)
    count = select(HookRejection.count).where(
        HookRejection.hook_id == sender.hook_id, HookRejection.code == "quota"
    )
    wait_until(lambda: database.scalar(count) == len(refused), seconds=20)


def test_a_wrong_signature_and_a_broken_body_are_told_before_the_quota(
    make_sender: SenderMaker,
) -> None:
    sender = make_sender(quota_per_minute=1)
    for _ in range(5):
        assert sender.send(BODY, webhook_signature="v1,AAAA").status == 401
        assert sender.send(b"{").status == 400
    assert sender.send(BODY).status == 202


def test_a_new_minute_begins_anew(settings: Settings, sender: Sender) -> None:
    async def story(here: Quotas, _there: Quotas) -> None:
        hook = known(sender, 3)
        assert take(here, hook, 5) == 3
        with pytest.raises(OverQuota) as refused:
            here.take(hook, NOON)
        assert refused.value.retry_after_s == 55
        assert take(here, hook, 5, NOON + timedelta(seconds=54)) == 0
        assert take(here, hook, 5, NOON + timedelta(seconds=55)) == 3

    with_two(settings, story)


def test_processes_tell_each_other_what_they_took(
    app: APIFlask, settings: Settings, sender: Sender
) -> None:
    async def story(here: Quotas, there: Quotas) -> None:
        hook = known(sender, 10)
        assert take(here, hook, 6) == 6
        await here.write()
        assert take(there, hook, 1) == 1
        await there.write()
        assert take(there, hook, 9) == 3
        await there.write()
        await here.write()
        assert take(here, hook, 1) == 1  # it told nothing, so it heard nothing
        await here.write()
        assert take(here, hook, 1) == 0

    with_two(settings, story)
    with app.app_context():
        day = traffic.last_day(sender.organization_id, sender.hook_id, NOON)
    assert (day.taken, day.busiest_minute, day.this_minute) == (11, 11, 11)
    assert [round(bar.height) for bar in day.bars] == [2] * 23 + [53]


def test_what_was_taken_in_a_minute_that_is_over_is_still_told(
    app: APIFlask, settings: Settings, sender: Sender
) -> None:
    async def story(here: Quotas, _there: Quotas) -> None:
        hook = known(sender, 10)
        take(here, hook, 2)
        take(here, hook, 3, NOON + timedelta(minutes=1))
        await here.write()
        assert take(here, hook, 8, NOON + timedelta(minutes=1)) == 7

    with_two(settings, story)
    with app.app_context():
        at = NOON + timedelta(minutes=1)
        day = traffic.last_day(sender.organization_id, sender.hook_id, at)
    assert (day.taken, day.busiest_minute, day.this_minute) == (5, 3, 3)
