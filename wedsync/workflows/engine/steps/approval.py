"""`approval`: somebody is asked, and the run goes on with the answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from wedsync.workflows.engine.checks import check_number, check_text, check_value, check_word
from wedsync.workflows.engine.expressions import EvaluationFailed, Template, compile_template
from wedsync.workflows.engine.limits import MAX_LABEL, MAX_NOTE, MAX_WAIT_S, MIN_REMIND_S
from wedsync.workflows.engine.operators import operator_call
from wedsync.workflows.engine.problems import Field
from wedsync.workflows.engine.protocol import Ask
from wedsync.workflows.engine.reading import Path, template_reads
from wedsync.workflows.engine.state import Phase, Position
from wedsync.workflows.engine.steps.kind import (
    Actions,
    Compiler,
    Kind,
    mapping,
    text,
    title_of,
)
from wedsync.workflows.engine.view import instant
from wedsync.workflows.engine.waits import after
from wedsync.workflows.engine.walk import StandingStep, Walk, expression_error, told_error
from wedsync.workflows.engine.words import expression_words, quoted_words

OnExpiry = Literal["approve", "refuse", "stop"]

ROLES = ("owner", "editor", "viewer")
ON_EXPIRY = ("approve", "refuse", "stop")
DEFAULT_ON_EXPIRY: OnExpiry = "stop"

_WHO = ("role", "user", "email")
_NOBODY = "nobody in time"


@dataclass(frozen=True, slots=True)
class Approval(StandingStep):
    """Gives `{"approved": <yes or no>, "by": <name>, "note": <text or null>}`.

    `question` is filled in as `{"ask": …, "who": …, "then_ask": …}`.
    """

    phases: ClassVar[frozenset[Phase]] = frozenset(("approving",))

    id: str
    title: str
    next: str | None
    question: Template
    remind_after_s: float | None
    expires_after_s: float | None
    on_expiry: OnExpiry

    def enter(self, walk: Walk) -> None:
        try:
            question = self.question.fill(walk.view)
            _refuse_unclear(question)
        except EvaluationFailed as failure:
            walk.fail(self, expression_error(str(failure)))
            return
        until = after(walk, self.expires_after_s)
        walk.record(self, "waiting", given=question)
        walk.stand(
            Position(self.id, walk.item, "approving", plan={"until": until and instant(until)}),
            Ask(
                self.id,
                walk.item,
                ask=question["ask"],
                who=question["who"],
                remind_after_s=self.remind_after_s,
                then_ask=question["then_ask"],
                until=until,
                on_expiry=self.on_expiry,
            ),
        )

    def follow(self, walk: Walk, position: Position) -> None:
        if walk.event.error is not None:
            walk.fail(self, told_error(walk.event.error))
        elif walk.event.kind == "answered":
            self._answered(walk, mapping(walk.event.output))
        elif self.on_expiry == "stop":
            walk.record(self, "skipped", explanation={"why": _UNANSWERED})
            walk.finish("stopped", f"Nobody answered “{self.title}” in time.", self.id)
        else:
            answer = {"approved": self.on_expiry == "approve", "by": _NOBODY, "note": None}
            walk.succeed(self, answer, {"why": _UNANSWERED})
            walk.go_on(self.next)

    def leave(self, walk: Walk, position: Position) -> None:
        walk.record(self, "skipped", explanation={"why": "It was stopped before an answer came."})

    def _answered(self, walk: Walk, answer: Mapping[str, Any]) -> None:
        """Only a plain yes is a yes."""
        approved = answer.get("approved") is True
        given = {"approved": approved, "by": answer.get("by"), "note": answer.get("note")}
        if walk.keep(self, given):
            walk.go_on(self.next)


_UNANSWERED = "Nobody answered in time."


def _refuse_unclear(question: Mapping[str, Any]) -> None:
    ask = question["ask"]
    if not isinstance(ask, str) or not ask.strip():
        raise EvaluationFailed("What it asks is not a text.")
    if len(ask) > MAX_NOTE:
        raise EvaluationFailed(f"What it asks is longer than {MAX_NOTE:,} characters.")
    for person in (question["who"], question["then_ask"] or question["who"]):
        named = [each for each in person.values() if isinstance(each, str) and each.strip()]
        if len(named) != 1:
            raise EvaluationFailed("Whom it asks is not known.")
        if "email" in person and "@" not in named[0]:
            raise EvaluationFailed("The e-mail address of whom it asks is not one.")


def _compile(step: Mapping[str, Any], then: str | None, compiler: Compiler) -> Approval:
    return Approval(
        step["id"],
        title_of(step),
        then,
        compile_template(_question(step)),
        step.get("remind_after_s"),
        step.get("expires_after_s"),
        step.get("on_expiry") or DEFAULT_ON_EXPIRY,
    )


def _question(step: Mapping[str, Any]) -> dict[str, Any]:
    return {"ask": step["ask"], "who": step["who"], "then_ask": step.get("then_ask")}


def _check(field: Field, actions: Actions | None) -> None:
    step = field.value
    _check_ask(field.at("ask", step["ask"]))
    _check_who(field.at("who", step["who"]))
    if step.get("then_ask") is not None:
        _check_who(field.at("then_ask", step["then_ask"]))
    remind, expires = step.get("remind_after_s"), step.get("expires_after_s")
    if remind is not None:
        check_number(field.at("remind_after_s", remind), MIN_REMIND_S, MAX_WAIT_S)
    elif step.get("then_ask") is not None:
        field.at("then_ask", None).warn(
            "Nobody else is ever asked.", "Say after how long the next one is asked."
        )
    if expires is not None:
        check_number(field.at("expires_after_s", expires), MIN_REMIND_S, MAX_WAIT_S)
        _check_reminded_before(field, remind, expires)
    check_word(field.at("on_expiry", step.get("on_expiry") or DEFAULT_ON_EXPIRY), ON_EXPIRY)


def _check_reminded_before(field: Field, remind: Any, expires: Any) -> None:
    both = all(isinstance(each, int | float) for each in (remind, expires))
    if both and remind >= expires:
        field.at("remind_after_s", remind).warn(
            "Nobody is reminded: by then no answer is waited for any more.",
            "Remind sooner, or wait longer for an answer.",
        )


def _check_ask(field: Field) -> None:
    if operator_call(field.value) is not None:
        check_value(field)
    else:
        check_text(field, MAX_NOTE, optional=False)


def _check_who(field: Field) -> None:
    who = field.value
    if not isinstance(who, dict) or len(who) != 1 or not who.keys() <= set(_WHO):
        field.error(
            "It does not say whom to ask.", "Choose a role, a member, or an e-mail address."
        )
        return
    ((kind, named),) = who.items()
    part = field.at(kind, named)
    if kind == "role":
        check_word(part, ROLES)
    elif operator_call(named) is not None:
        check_value(part)
    else:
        check_text(part, MAX_LABEL, optional=False)
        if kind == "email" and isinstance(named, str) and "@" not in named:
            part.error("This is not an e-mail address.", "Write it like “petra@example.com”.")


def _phrase(step: Mapping[str, Any], actions: Actions) -> str:
    ask = step.get("ask")
    said = text(ask) if isinstance(ask, str) else ask
    question = f": {quoted_words(said)}" if said else ""
    return f"ask {_who_words(step.get('who'))}{question} and wait for the answer"


def _who_words(who: Any) -> str:
    named = mapping(who)
    if named.get("role") in ROLES:
        return f"an {named['role']}" if named["role"] != "viewer" else "a viewer"
    email = named.get("email")
    if email is not None:
        return text(email) if isinstance(email, str) else f"the person at {expression_words(email)}"
    return "a member" if named.get("user") else "somebody"


def _reads(step: Mapping[str, Any]) -> Iterable[Path]:
    return template_reads(_question(step))


KIND = Kind(
    name="approval",
    required=frozenset(("ask", "who")),
    fields=frozenset(("ask", "who", "remind_after_s", "then_ask", "expires_after_s", "on_expiry")),
    check=_check,
    compile=_compile,
    phrase=_phrase,
    reads=_reads,
)
