"""`POST /hooks/<token>`: read, verify, store, answer. Nothing else happens in the request.

Refusals are looked for in this order: 404 hook_unknown, 405, 413, 408, 401, 400, 429, 503. A
sender that asks for an echo before it sends anything gets it while one is awaited, by GET where it
asks so.
"""

import hashlib
from datetime import datetime

from wedsync.errors import TooSlow, WedSyncError
from wedsync.events.types import stored_event_type
from wedsync.front import answers, bodies
from wedsync.front.asgi import Receive, Scope, Send
from wedsync.front.committer import Arrival, Committer
from wedsync.front.hook_cache import HookCache, KnownHook
from wedsync.front.limits import Limits
from wedsync.front.quotas import Quotas
from wedsync.front.rejections import Rejections
from wedsync.platform import clock, documents, ids
from wedsync.platform.vault import place, seal_with
from wedsync.webhooks.hooks.incoming import RAW_BODY
from wedsync.webhooks.hooks.service import PATH
from wedsync.webhooks.hooks.shown_headers import shown
from wedsync.webhooks.schemes import Handshake, Headers, Rejected, Request, Verified, handshakes


class Acceptor:
    """Answers senders. `site` is where they know us: some sign the address they were given."""

    def __init__(
        self,
        site: str,
        hooks: HookCache,
        committer: Committer,
        quotas: Quotas,
        rejections: Rejections,
        limits: Limits,
    ) -> None:
        self._site = site + PATH
        self._hooks = hooks
        self._committer = committer
        self._quotas = quotas
        self._rejections = rejections
        self._limits = limits

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below /hooks/."""
        try:
            hook = await self._hooks.find(scope["path"].removeprefix(PATH))
        except WedSyncError as error:
            await self._refuse(error, receive, send)
            return
        if hook is None:
            await self._refuse(answers.unknown_hook(), receive, send)
        elif scope["method"] not in hook.scheme.METHODS:
            await self._refuse_method(hook, receive, send)
        else:
            await self._answer_for(hook, scope, receive, send)

    async def _answer_for(
        self, hook: KnownHook, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            body = await bodies.read(
                scope, receive, most=self._limits.body_bytes, seconds=self._limits.body_s
            )
        except WedSyncError as error:
            size = bodies.declared_length(scope) or 0
            self._rejections.refused(hook, error.code, scope["headers"], size)
            await self._refuse(error, receive, send, bare=hook.scheme.ANSWERED_BARE)
            return
        try:
            await self._take(hook, scope, body, send)
        except WedSyncError as error:
            if error.status < 500:
                self._rejections.refused(hook, error.code, scope["headers"], len(body))
            await answers.send_problem(send, error, bare=hook.scheme.ANSWERED_BARE)

    async def _take(self, hook: KnownHook, scope: Scope, body: bytes, send: Send) -> None:
        """Verify, store, answer; raises the refusal."""
        now = clock.now()
        request = Request(Headers(scope["headers"]), body, self._address(scope), scope["method"])
        verdict = hook.scheme.verify(hook.secrets, hook.options, request, now)
        if isinstance(verdict, Verified):
            arrival = _arrival(hook, scope, body, verdict, now)
            self._quotas.take(hook, now)
            kept = await self._committer.store(arrival)
            self._rejections.accepted(hook, clock.now(), conflict=kept.conflict)
            await _say_taken(hook, str(kept.event_id).encode(), send)
        elif isinstance(verdict, Handshake):
            await self._shake_hands(hook, verdict, now, send)
        else:
            raise _refusal(verdict)

    async def _shake_hands(
        self, hook: KnownHook, wanted: Handshake, now: datetime, send: Send
    ) -> None:
        if not wanted.echo:
            self._rejections.shaken(hook, now)
            await answers.send_bare(send, hook.scheme.SUCCESS_STATUS)
            return
        if not handshakes.is_awaited(hook.handshake_until, now):
            raise answers.UnexpectedHandshake(handshakes.NOT_AWAITED)
        self._rejections.shaken(hook, now)
        await answers.send_text(send, wanted.echo)

    def _address(self, scope: Scope) -> str:
        """The address as the sender knows it, its query included."""
        query: bytes = scope["query_string"]
        address: str = self._site + scope["path"].removeprefix(PATH)
        return f"{address}?{query.decode('latin-1')}" if query else address

    async def _refuse_method(self, hook: KnownHook, receive: Receive, send: Send) -> None:
        error = answers.MethodNotAllowed("Senders use POST here.")
        allowed = ", ".join(sorted(hook.scheme.METHODS)).encode()
        await self._refuse(error, receive, send, (b"allow", allowed))

    async def _refuse(
        self,
        error: WedSyncError,
        receive: Receive,
        send: Send,
        *headers: tuple[bytes, bytes],
        bare: bool = False,
    ) -> None:
        """Answer a request whose body was not read to its end."""
        if not isinstance(error, TooSlow):
            await bodies.discard(
                receive, most=self._limits.discarded_bytes, seconds=self._limits.discarding_s
            )
        await answers.send_problem(send, error, answers.CLOSE, *headers, bare=bare)


def _refusal(verdict: Rejected) -> WedSyncError:
    if verdict.code == "body_invalid":
        return answers.Unreadable(verdict.message)
    return answers.Unsigned(verdict.message, code=verdict.code)


async def _say_taken(hook: KnownHook, event_id: bytes, send: Send) -> None:
    if hook.scheme.ANSWERED_BARE:
        await answers.send_bare(send, hook.scheme.SUCCESS_STATUS, (b"wedsync-event", event_id))
        return
    await answers.send_json(send, hook.scheme.SUCCESS_STATUS, b'{"event_id":"%b"}' % event_id)


def _arrival(
    hook: KnownHook, scope: Scope, body: bytes, verified: Verified, now: datetime
) -> Arrival:
    try:
        document = hook.scheme.parse(body)
        incoming = hook.scheme.read(document, hook.event_type, verified, now)
    except documents.BadDocument as error:
        raise answers.Unreadable(str(error)) from error
    event_id = ids.new_id()
    where = place("events", event_id, RAW_BODY)
    return Arrival(
        id=event_id,
        organization_id=hook.organization_id,
        hook_id=hook.id,
        sender_event_id=incoming.sender_event_id,
        body_hash=hashlib.sha256(body).digest(),
        type=stored_event_type(incoming.type, hook.source),
        source=hook.source,
        occurred_at=incoming.occurred_at,
        raw_body=seal_with(hook.key, hook.organization_id, where, body),
        headers=_told(hook, scope),
    )


def _told(hook: KnownHook, scope: Scope) -> str:
    """What is kept beside the body: how it was verified, and its headers, masked."""
    return documents.write(
        {
            "scheme": hook.scheme_name,
            "verdict": "verified",
            "headers": shown(scope["headers"], hook.masked),
        }
    ).decode()
