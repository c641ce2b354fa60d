"""Hooks: addresses at which senders reach an organization."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, TypedDict
from uuid import UUID

from wedsync.audit import service as audit
from wedsync.errors import Conflict, FieldError, Invalid
from wedsync.events import types
from wedsync.platform import clock, ids
from wedsync.platform.db import db
from wedsync.platform.identity import Identity
from wedsync.platform.runtime import settings
from wedsync.platform.vault import MASK
from wedsync.webhooks import queries, schemes, secrets
from wedsync.webhooks.models import Hook

PATH = "/hooks/"
TOKEN_BYTES = 32
LONGEST_NAME = 120
MOST_PER_MINUTE = 600_000
"""How many requests a hook takes in a minute, unless its owner said less."""

HANDSHAKE = timedelta(hours=1)
"""For how long a sender's handshake is awaited, once somebody says so."""


class HookFields(TypedDict, total=False):
    """What can be said of a hook. `scheme` is settled when it is made; `state` is `on` or `off`.

    `secret` is for senders who make it themselves; left out, ours is made where the scheme allows
    it. A mask sent back means: keep what there is. `quota_per_minute` None means the most there is.
    """

    name: str
    scheme: str
    secret: str | None
    event_type: str | None
    options: dict[str, Any]
    quota_per_minute: int | None
    state: str


def url_of(hook: Hook) -> str:
    """Where the sender posts to. As secret as the token in it."""
    return settings().public_url + PATH + hook.token


def create(
    organization_id: UUID, fields: HookFields, *, by: Identity | None = None
) -> tuple[Hook, str | None]:
    """Make a hook; the string is its secret, which nobody can be shown again.

    Where only the sender can make one, a hook without it waits (`needs_secret`). Raises Invalid.
    """
    scheme = fields.get("scheme", "")
    if scheme not in schemes.SCHEMES:
        known = ", ".join(schemes.SCHEMES)
        raise _invalid([FieldError("/scheme", "scheme", f"Choose one of {known}.")])
    wish = _wish(scheme, fields)
    secret = wish.secret or schemes.named(scheme).new_secret()
    hook = _new(organization_id, scheme, wish, has_secret=secret is not None)
    if secret:
        secrets.set_first(hook, secret)
    db.session.add(hook)
    db.session.flush()
    _record("hook.created", hook, by, {"scheme": scheme})
    return hook, secret


def update(by: Identity, hook_id: UUID, fields: HookFields) -> Hook:
    """Change what `fields` names. Raises NotFound, Invalid.

    A new secret stands beside the old one for a day.
    """
    hook = queries.get_hook(by.organization_id, hook_id, for_update=True)
    if fields.get("scheme", hook.scheme) != hook.scheme:
        raise _invalid([FieldError("/scheme", "scheme", "A hook keeps its kind; make a new one.")])
    wish = _wish(hook.scheme, {**_said_of(hook), **fields})
    hook.name, hook.event_type, hook.options = wish.name, wish.event_type, wish.options
    hook.quota_per_minute = wish.quota_per_minute
    if wish.secret:
        let_await_first_handshake(hook)
        secrets.replace(hook, wish.secret)
    hook.state = _reached(wish.state, hook.secret is not None)
    db.session.flush()
    _record("hook.changed", hook, by, {"fields": sorted(fields)})
    return hook


def rotate_secret(by: Identity, hook_id: UUID) -> tuple[Hook, str]:
    """Make a new secret of ours; the old one verifies for a day more.

    Raises NotFound; Invalid where only the sender can make a secret.
    """
    hook = queries.get_hook(by.organization_id, hook_id, for_update=True)
    secret = schemes.named(hook.scheme).new_secret()
    if secret is None:
        raise _invalid(
            [FieldError("/secret", "secret", "The sender makes this secret: enter the new one.")]
        )
    secrets.replace(hook, secret)
    db.session.flush()
    _record("hook.secret_rotated", hook, by)
    return hook, secret


def end_overlap(by: Identity, hook_id: UUID) -> Hook:
    """From now on only the present secret counts. Raises NotFound."""
    hook = queries.get_hook(by.organization_id, hook_id, for_update=True)
    secrets.end_overlap(hook)
    db.session.flush()
    _record("hook.overlap_ended", hook, by)
    return hook


def first_handshake_until(scheme: str) -> datetime | None:
    """Until when a new hook gives the echo its sender asks for; None when it asks for none."""
    return clock.now() + HANDSHAKE if schemes.named(scheme).HAS_HANDSHAKE else None


def let_await_first_handshake(hook: Hook) -> None:
    """With its first secret a hook can be made known to its sender: begin to await that anew."""
    if hook.secret is None and hook.shaken_at is None:
        hook.handshake_until = first_handshake_until(hook.scheme)


def await_handshake(by: Identity, hook_id: UUID) -> Hook:
    """Give the sender the echo it asks for during the next hour. Raises NotFound, Conflict."""
    hook = queries.get_hook(by.organization_id, hook_id, for_update=True)
    open_to_handshake(hook, by)
    return hook


def open_to_handshake(hook: Hook, by: Identity) -> None:
    """The same for a hook that is held already. Raises Conflict where nothing is to be echoed."""
    hook.handshake_until = first_handshake_until(hook.scheme)
    if hook.handshake_until is None:
        raise Conflict("This sender asks for no handshake.", code="no_handshake")
    db.session.flush()
    _record("hook.handshake_awaited", hook, by)


def delete(by: Identity, hook_id: UUID) -> None:
    """Take a hook away. What it received stays.

    Raises NotFound, Conflict while something it received has not been passed on: reading that
    needs to know the hook.
    """
    hook = queries.get_hook(by.organization_id, hook_id, for_delete=True)
    if queries.has_events_to_fan_out(hook):
        raise Conflict(
            "What this hook has just received is still being passed on. Try again in a moment.",
            code="hook_busy",
        )
    db.session.delete(hook)
    db.session.flush()
    _record("hook.deleted", hook, by)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for, tidied and found usable."""

    name: str
    event_type: str | None
    options: dict[str, Any]
    quota_per_minute: int | None
    secret: str | None
    state: str


def _new(organization_id: UUID, scheme: str, wish: _Wish, *, has_secret: bool) -> Hook:
    return Hook(
        id=ids.new_id(),
        organization_id=organization_id,
        token=token_urlsafe(TOKEN_BYTES),
        scheme=scheme,
        name=wish.name,
        event_type=wish.event_type,
        options=wish.options,
        quota_per_minute=wish.quota_per_minute,
        handshake_until=first_handshake_until(scheme),
        state=_reached(wish.state, has_secret),
    )


def _said_of(hook: Hook) -> HookFields:
    return {
        "name": hook.name,
        "event_type": hook.event_type,
        "options": hook.options,
        "quota_per_minute": hook.quota_per_minute,
        "state": "off" if hook.state == "off" else "on",
    }


def _wish(scheme: str, fields: HookFields) -> _Wish:
    """Read `fields`, or raise Invalid with everything that is wrong at once."""
    secret = (fields.get("secret") or "").strip()
    wish = _Wish(
        name=fields.get("name", "").strip(),
        event_type=fields.get("event_type") or None,
        options=fields.get("options") or {},
        quota_per_minute=fields.get("quota_per_minute"),
        secret=secret if secret and secret != MASK else None,
        state=fields.get("state", "on"),
    )
    if errors := _errors(scheme, wish):
        raise _invalid(errors)
    return wish


def _errors(scheme_name: str, wish: _Wish) -> list[FieldError]:
    scheme = schemes.named(scheme_name)
    found = {
        "name": _name_problem(wish.name),
        "event_type": _type_problem(scheme_name, wish.event_type),
        "secret": scheme.secret_problem(wish.secret) if wish.secret else None,
        "quota_per_minute": _quota_problem(wish.quota_per_minute),
        "state": None if wish.state in ("on", "off") else "A hook is on or off.",
    }
    errors = [FieldError(f"/{name}", name, problem) for name, problem in found.items() if problem]
    return errors + [
        FieldError(f"/options/{name}", "option", problem)
        for name, problem in scheme.option_problems(wish.options)
    ]


def _quota_problem(quota: int | None) -> str | None:
    if quota is None or 1 <= quota <= MOST_PER_MINUTE:
        return None
    return f"A hook takes 1 to {MOST_PER_MINUTE:,} requests a minute."


def _name_problem(name: str) -> str | None:
    if 0 < len(name) <= LONGEST_NAME:
        return None
    return f"Give it a name of up to {LONGEST_NAME} characters."


def _type_problem(scheme: str, event_type: str | None) -> str | None:
    if event_type:
        return types.problem_with(event_type)
    if scheme == "hmac":
        return "Say what its events are called, such as rsvp.received."
    return None


def _reached(state: str, has_secret: bool) -> str:
    return "needs_secret" if state == "on" and not has_secret else state


def _invalid(errors: list[FieldError]) -> Invalid:
    return Invalid(errors[0].message, errors=errors)


def _record(
    action: str, hook: Hook, by: Identity | None, facts: dict[str, Any] | None = None
) -> None:
    audit.record(action, "hook", hook.id, organization_id=hook.organization_id, by=by, facts=facts)
