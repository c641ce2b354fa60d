"""`POST /hooks/<token>`: read, verify, store, answer. Nothing else happens in the request.

Refusals are looked for in this order: 404 hook_unknown, 413, 408, 401, 400, 503.
"""

import hashlib

from wedsync.errors import TooSlow, WedSyncError
from wedsync.events.types import stored_event_type
from wedsync.front import answers, bodies
from wedsync.front.asgi import Receive, Scope, Send
from wedsync.front.committer import Arrival, Committer
from wedsync.front.hook_cache import HookCache, KnownHook
from wedsync.front.limits import Limits
from wedsync.front.rejections import Rejections
from wedsync.front.shown_headers import shown
from wedsync.platform import clock, documents, ids
from wedsync.platform.vault import place, seal_with
from wedsync.webhooks.hooks import PATH
from wedsync.webhooks.incoming import RAW_BODY
from wedsync.webhooks.schemes import Headers, Rejected


class Acceptor:
    """Answers senders."""

    def __init__(
        self, hooks: HookCache, committer: Committer, rejections: Rejections, limits: Limits
    ) -> None:
        self._hooks = hooks
        self._committer = committer
        self._rejections = rejections
        self._limits = limits

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request below /hooks/."""
        if scope["method"] != "POST":
            error = answers.MethodNotAllowed("Senders use POST here.")
            await self._refuse(error, receive, send, (b"allow", b"POST"))
            return
        try:
            hook = await self._hooks.find(scope["path"].removeprefix(PATH))
        except WedSyncError as error:
            await self._refuse(error, receive, send)
            return
        if hook is None:
            await self._refuse(answers.unknown_hook(), receive, send)
            return
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
            await self._refuse(error, receive, send)
            return
        try:
            event_id = await self._accept(hook, scope, body)
        except WedSyncError as error:
            if error.status < 500:
                self._rejections.refused(hook, error.code, scope["headers"], len(body))
            await answers.send_problem(send, error)
            return
        await answers.send_json(
            send, hook.scheme.SUCCESS_STATUS, b'{"event_id":"%b"}' % event_id.encode()
        )

    async def _accept(self, hook: KnownHook, scope: Scope, body: bytes) -> str:
        """Verify and store; the id of the event that stands for this request."""
        arrival = _arrival(hook, scope, body)
        kept = await self._committer.store(arrival)
        self._rejections.accepted(hook, clock.now(), conflict=kept.conflict)
        return str(kept.event_id)

    async def _refuse(
        self, error: WedSyncError, receive: Receive, send: Send, *headers: tuple[bytes, bytes]
    ) -> None:
        """Answer a request whose body was not read to its end."""
        if not isinstance(error, TooSlow):
            await bodies.discard(
                receive, most=self._limits.discarded_bytes, seconds=self._limits.discarding_s
            )
        await answers.send_problem(send, error, answers.CLOSE, *headers)


def _arrival(hook: KnownHook, scope: Scope, body: bytes) -> Arrival:
    now = clock.now()
    verdict = hook.scheme.verify(hook.secrets, hook.options, Headers(scope["headers"]), body, now)
    if isinstance(verdict, Rejected):
        raise answers.Unsigned(verdict.message, code=verdict.code)
    try:
        document = documents.read(body)
        incoming = hook.scheme.read(document, hook.event_type, verdict.sender_event_id, now)
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
