"""What an action is: how it begins, what may come back, and what it does to the outside.

An action never sends anything itself. `begin` turns its input into a `Call` that leaves through
the outbound door, a `Task` for libraries with sockets of their own (its sockets come from the
door too), a `Publish` or a `Change` that is committed with the step, or a `Failed`; `finish` reads
what came back of a `Call`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable
from uuid import UUID

from sqlalchemy import Connection

from wedsync.platform.outbound import Outcome, Request

Effect = Literal["none", "local", "idempotent", "lookup", "once"]
FailureKind = Literal["not_sent", "maybe", "auth", "rate_limit", "permanent", "unwanted", "absent"]


@dataclass(frozen=True, slots=True)
class Succeeded:
    output: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """`kind` says whether the effect may have happened; `message` is a sentence for the vendor.

    `auth`: they do not know us any more; with a connection the run waits until it is mended.
    `unwanted`: there is no reason for it any more; the step is left out and the run goes on.
    `absent`: only of a look, that what was looked for did not happen.
    """

    kind: FailureKind
    code: str
    message: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """An opened connection: only ever in the memory of the call that needs it.

    `settings` is what the vendor filled in that is no secret, `credentials` the secrets by name
    (`access_token`, `api_key`, `password` …), `base_url` where the account's API answers.
    """

    connection_id: UUID
    base_url: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What authorises a request, as the manifest's `auth` says (`Authorization: Bearer …`)."""
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The same for what stands in the address of every request."""
    generation: int = 0
    """Which refresh these credentials came from: a refusal of older ones says nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """An effect that leaves through the outbound door."""

    request: Request


@dataclass(frozen=True, slots=True)
class Task:
    """An effect that blocks: `run` is called on a pool thread and gives the end of the attempt.

    At most four of one connection are under way at a time.
    """

    run: Callable[[], Succeeded | Failed]
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Publish:
    """A local effect: an event of ours, inserted in the transaction that records the step."""

    event_type: str
    data: Any


@dataclass(frozen=True, slots=True)
class LocalContext:
    """Whose step a `Change` belongs to, and when.

    `wedding_id` is the wedding its run is about. `announce` has a fact of ours stored with the
    step: its type, its data, and the wedding it is about; what caused the run caused it too.
    """

    organization_id: UUID
    wedding_id: UUID | None
    now: datetime
    announce: Callable[[str, Mapping[str, Any], UUID | None], None]


@dataclass(frozen=True, slots=True)
class Change:
    """A local effect: rows of ours, changed in the transaction that records the step.

    `apply` is called only while the run is still ours, and is undone with everything else when
    the transaction is. It waits for nobody: what another holds is `Failed("not_sent", …)`.
    """

    apply: Callable[[Connection, LocalContext], Succeeded | Failed]


Begun: TypeAlias = Call | Task | Publish | Change | Failed
"""How an action begins."""


class Action(Protocol):
    """One action of one connector.

    `given` is the step's input as worked out; `access` the opened connection, None for actions
    that need none; `key` the idempotency key, the same for every attempt of one effect.
    """

    def effect(self, given: Mapping[str, Any]) -> Effect: ...

    def begin(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Begun: ...

    def finish(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed: ...


@runtime_checkable
class LooksUp(Protocol):
    """An action whose effect is `lookup`: what became of a lost attempt is asked by its `key`
    before anything is tried again. A look changes nothing at the far end."""

    def look_up(
        self, given: Mapping[str, Any], access: Access | None, *, key: str, timeout_s: float
    ) -> Call | Failed: ...

    def looked_up(self, given: Mapping[str, Any], outcome: Outcome) -> Succeeded | Failed: ...


class AccountCheck(Protocol):
    """`CHECK` in a `connector.py`: whose account this is, where no REST request can say it.

    Asked when connecting and as the connection's test; a manifest with an `account` request needs
    none. It blocks at most `timeout_s`, changes nothing at the far end, and gives
    `Succeeded({"id": …, "name": …})`: an id that stays the same for the same account, and the
    name the vendor knows it by.
    """

    def __call__(self, access: Access, timeout_s: float) -> Succeeded | Failed: ...
