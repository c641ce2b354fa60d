"""Why a connection is not (or no longer) what it should be: a code, and a sentence for the vendor.

`name` is the connector's name, as the vendor knows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wedsync.platform.wording import listing


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is stable and documented; `message` says what happened and what to do."""

    code: str
    message: str

    def document(self) -> dict[str, str]:
        """As it is kept."""
        return {"code": self.code, "message": self.message}


CREDENTIALS_REFUSED = "credentials_refused"
REFRESH_INTERRUPTED = "refresh_interrupted"
REFUSED = "refused"
REFUSED_AGAIN = "refused_again"


# --- while connecting


def consent_denied(name: str) -> Reason:
    return Reason(
        code="consent_denied",
        message=f"At {name} it was not allowed, so nothing was connected. "
        "You can try again whenever you like.",
    )


def consent_failed(name: str) -> Reason:
    return Reason(
        code="consent_failed",
        message=f"{name} could not ask for your permission just now. Nothing was connected. "
        "Try again in a few minutes.",
    )


def consent_refused(name: str) -> Reason:
    return Reason(
        code="consent_refused",
        message=f"{name} refused what this installation of WedSync asked for, before anybody was "
        "asked. Whoever runs it has to look at how it is registered there; you cannot mend this "
        "yourself.",
    )


def window_closed(name: str) -> Reason:
    return Reason(
        code="window_closed",
        message=f"You went to {name} and did not come back within ten minutes, so nothing was "
        "connected. Start again when you have the time.",
    )


def nobody_agreed(name: str) -> Reason:
    return Reason(
        code="window_closed",
        message=f"A program of your team began to connect {name}, and nobody went on with it "
        "within a day. Connect it yourself, or have it begun again.",
    )


def account_mismatch(name: str) -> Reason:
    return Reason(
        code="account_mismatch",
        message=f"You agreed at another account of {name} than the one you named here, so nothing "
        "was connected. Start again, and sign in there to the account you name.",
    )


def account_unsaid(name: str) -> Reason:
    return Reason(
        code="account_unsaid",
        message=f"{name} did not say which of your accounts this is, so nothing was connected. "
        "Start again, and choose one there if you are asked.",
    )


def address_refused(name: str, said: str) -> Reason:
    return Reason(
        code="address_refused",
        message=f"{name} named an address for your account that we do not call. {_ended(said)}"
        "Nothing was connected; please tell us.",
    )


def issuer_mismatch(name: str) -> Reason:
    return Reason(
        code="issuer_mismatch",
        message=f"The answer did not come from {name}, so we did not use it. "
        "Start again, and if this lasts tell us.",
    )


def scope_missing(name: str, words: Sequence[str]) -> Reason:
    wanted = listing([each[:1].lower() + each[1:] for each in words])
    return Reason(
        code="scope_missing",
        message=f"{name} would not let us {wanted}, and this does not work without. "
        "Connect again and leave the ticks where they are.",
    )


def code_refused(name: str) -> Reason:
    return Reason(
        code="code_refused",
        message=f"{name} did not accept its own answer any more. Nothing was connected. "
        "Start again; it works best without a long pause.",
    )


def client_refused(name: str) -> Reason:
    return Reason(
        code="client_refused",
        message=f"{name} does not know this installation of WedSync. "
        "Whoever runs it has to register it there; you cannot mend this yourself.",
    )


def not_understood(name: str) -> Reason:
    return Reason(
        code="not_understood",
        message=f"{name} answered with something we could not read, such as a page of its own. "
        "Try again in a few minutes.",
    )


def no_answer(name: str) -> Reason:
    return Reason(
        code="no_answer",
        message=f"{name} did not answer in time. Nothing was connected. "
        "Try again in a few minutes.",
    )


def unreachable(name: str, said: str = "") -> Reason:
    return Reason(
        code="unreachable",
        message=f"We could not reach {name}. {_ended(said)}Check the address if you typed one, "
        "or try again in a few minutes.",
    )


def provider_failed(name: str) -> Reason:
    return Reason(
        code="provider_failed",
        message=f"{name} had a fault of its own and could not answer. Try again in a few minutes.",
    )


def credentials_wrong(name: str, said: str) -> Reason:
    return Reason(
        code="credentials_wrong",
        message=f"{name} does not accept what you entered. {_ended(said)}"
        "Check it and enter it again.",
    )


def _ended(said: str) -> str:
    """What was said on the way, as a sentence with another behind it."""
    text = said.strip()
    if not text:
        return ""
    return f"{text} " if text.endswith((".", "?", "…")) else f"{text}. "


def account_unreadable(name: str, said: str) -> Reason:
    return Reason(
        code="account_unreadable",
        message=f"We could not find out whose account this is: {said}",
    )


def attempt_interrupted(name: str) -> Reason:
    return Reason(
        code="attempt_interrupted",
        message=f"We were interrupted while {name} answered. Nothing was connected. Try again.",
    )


def other_account(name: str, theirs: str, ours: str) -> Reason:
    return Reason(
        code="other_account",
        message=f"You signed in to {name} as {theirs}, but this connection belongs to {ours}. "
        "We have changed nothing yet.",
    )


# --- afterwards


def credentials_refused(name: str) -> Reason:
    return Reason(
        code=CREDENTIALS_REFUSED,
        message=f"{name} does not know us any more: the permission was withdrawn or has run out. "
        "Connect again; what waits for it goes on by itself.",
    )


def access_ended(name: str) -> Reason:
    return Reason(
        code="access_ended",
        message=f"The permission from {name} has run out, and it cannot be renewed without you. "
        "Connect again; what waits for it goes on by itself.",
    )


def refresh_interrupted(name: str) -> Reason:
    return Reason(
        code=REFRESH_INTERRUPTED,
        message=f"We were interrupted while {name} renewed our permission, so we may have missed "
        "the new one. Connect again; what waits for it goes on by itself.",
    )


def refresh_failing(name: str) -> Reason:
    return Reason(
        code="refresh_failing",
        message=f"{name} does not answer when we renew our permission. "
        "We keep trying by ourselves.",
    )


def secret_lost(name: str) -> Reason:
    return Reason(
        code="secret_lost",
        message=f"What we keep for {name} cannot be opened any more. Connect again.",
    )


def refused(name: str) -> Reason:
    return Reason(
        code=REFUSED,
        message=f"{name} did not accept us a moment ago. We are finding out by ourselves whether "
        "that lasts.",
    )


def refused_again(name: str) -> Reason:
    return Reason(
        code=REFUSED_AGAIN,
        message=f"{name} did not accept us, though everything looked right. "
        "We are finding out by ourselves.",
    )


def account_changed(name: str, theirs: str, ours: str) -> Reason:
    return Reason(
        code="account_changed",
        message=f"What you entered for {name} opens the account of {theirs} now, and not {ours} "
        "any more. We stopped using it. Connect again, and say which of the two you mean.",
    )
