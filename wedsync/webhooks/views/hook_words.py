"""Hooks in words: how the sender signs, how it stands, why something was refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wedsync.platform.wording import State, Wording, count, size
from wedsync.webhooks import schemes
from wedsync.webhooks.hooks.service import MOST_PER_MINUTE
from wedsync.webhooks.models import Hook, HookRejectionSample
from wedsync.webhooks.views.scheme_words import WORDS

SCHEME_WORDS = {name: words.signed for name, words in WORDS.items()}
REFUSALS = {
    "signature_missing": "It was not signed",
    "signature_invalid": "The signature did not fit the secret",
    "signature_stale": "It was older than five minutes, or from the future",
    "body_invalid": "What was in it could not be read",
    "body_too_large": "It was too large: more than 1 MB",
    "body_too_slow": "It arrived too slowly",
    "quota": "It was more than it takes in a minute",
    "handshake_unexpected": "The sender asked for an echo and none was awaited",
}
_STATES = {
    "on": State("ready", "On"),
    "off": State("off", "Off"),
    "needs_secret": State("needs", "Needs its secret"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One refusal: when, why, and what little is kept of it."""

    at: datetime
    why: str
    size: str
    headers: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """How a connection's partner was told where to send; `again` when a person may try again."""

    kind: str
    words: str
    more: str = ""
    again: bool = False


def hook_state(hook: Hook) -> State:
    """How a hook stands, in a word or two."""
    return _STATES[hook.state]


def subscription(hook: Hook, partner: str) -> Subscription:
    """How far it is agreed with the partner of a connection that they tell us."""
    said = str((hook.subscription_error or {}).get("message") or "")
    if hook.subscription == "on":
        return Subscription("ready", "On", "We arranged it; there is nothing for you to do.")
    if hook.subscription == "by_hand":
        if hook.secret is not None:
            return Subscription("ready", "On")
        return Subscription("needs", "Needs its secret", "Until then nothing can come in.")
    if hook.subscription == "wanted":
        words = f"It has not worked yet: {said} We try again by ourselves." if said else ""
        return Subscription("running", f"Asking {partner} to tell us", words)
    if hook.subscription == "failed":
        words = f"We asked {partner} to tell us and it did not work. {said}".strip()
        return Subscription("failed", "Not arranged", words, again=True)
    return Subscription("off", "Off")


def without_permission(partner: str) -> Subscription:
    """Where the partner does not let us in any more, and so may not tell us anything either."""
    words = f"{partner} may not tell us anything until it is connected again."
    return Subscription("needs", "Not certain", words)


def refusal(code: str) -> str:
    """Why something was refused."""
    return REFUSALS.get(code, "It was not taken")


def seen(hook: Hook, words: Wording) -> str:
    """When somebody last used it."""
    if hook.last_seen_at is None:
        return "Nothing has come in yet."
    return f"Something last came in {words.ago(hook.last_seen_at)}."


def news(hook: Hook, taken: int, words: Wording, *, is_tried: bool) -> str:
    """One or two sentences on how a hook stands that took so many requests in the last day;
    `is_tried` when samples came."""
    if hook.state == "needs_secret":
        return "It waits for its secret. Until then nothing is taken, so nothing false comes in."
    if hook.state == "off":
        return "It is off: whoever posts here is told that there is nothing at this address."
    if hook.last_seen_at is None:
        nothing = "Nothing but samples of yours has" if is_tried else "Nothing has"
        both = "the address and the secret" if makes_own_secret(hook) else "the address"
        return f"Give {both} to the sender. {nothing} come in yet."
    return f"{count(taken, 'request')} came in during the last day. {seen(hook, words)}"


def signed_with(hook: Hook) -> str:
    """How the sender signs, for people who set it up."""
    said: Mapping[str, Any] = hook.options
    if hook.scheme == "hmac":
        return f"in {said.get('header')} with {said.get('algorithm')}, as {said.get('encoding')}"
    if hook.scheme == "bearer" and said.get("header"):
        return f"with a token in {said['header']}"
    return SCHEME_WORDS[hook.scheme]


def repeats(hook: Hook) -> str:
    """What becomes of something that comes twice."""
    if schemes.named(hook.scheme).names_events(hook.options):
        return "What comes again under the same id is taken once."
    return "Nothing it sends names the event, so every request counts as one, a repeat too."


def quota(hook: Hook, busiest_minute: int) -> str:
    """How much it takes, and how near it came to that."""
    most = hook.quota_per_minute or MOST_PER_MINUTE
    said = f"up to {count(most, 'request')} a minute"
    return (
        f"{said}; {count(busiest_minute, 'request')} in the busiest one" if busiest_minute else said
    )


def handshake(hook: Hook, words: Wording) -> str:
    """Whether an echo is awaited, for how long, and when one was last given."""
    until = hook.handshake_until
    awaited = until is not None and until > words.now
    last = f" The last was given {words.ago(hook.shaken_at)}." if hook.shaken_at else ""
    if until is not None and awaited:
        return f"An echo is awaited until {words.moment(until)}.{last}"
    if hook.shaken_at is not None:
        return f"Given {words.ago(hook.shaken_at)}. None is awaited now."
    return "None is awaited, so nobody gets one."


def makes_own_secret(hook: Hook) -> bool:
    """Whether the secret of this kind of hook is ours to make."""
    return schemes.named(hook.scheme).new_secret() is not None


def samples(found: Sequence[HookRejectionSample]) -> list[Sample]:
    """The latest refusals; headers that carry secrets were masked when they were kept."""
    return [
        Sample(
            at=each.created_at,
            why=refusal(each.code),
            size=size(each.size),
            headers="\n".join(f"{name}: {value}" for name, value in sorted(each.headers.items())),
        )
        for each in found
    ]
