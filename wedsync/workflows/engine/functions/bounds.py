"""How much the functions of one evaluation may be given and may give."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from wedsync.workflows.engine.functions.kinds import Unusable
from wedsync.workflows.engine.limits import BODY_WORK, EXPRESSION_BYTES, FUNCTION_BYTES

TOO_LARGE = f"A function is given, or gives, more than {EXPRESSION_BYTES // 1024} kB."
TOO_MUCH = "The functions of this calculation have too much to do."


@dataclass(slots=True)
class Evaluation:
    """One evaluation under way: the bodies its calls name by number, the bytes its functions may
    still read and write, what the loops of its bodies may still do, and the sentence of the one
    that failed (datalogic only tells that one did)."""

    bodies: tuple[Any, ...] = ()
    left: int = FUNCTION_BYTES
    body_work: int = BODY_WORK
    sentence: str | None = None

    def pay(self, size: int) -> None:
        """Count what a call reads or writes; raises `Unusable`."""
        if size > EXPRESSION_BYTES:
            raise Unusable(TOO_LARGE)
        self.left -= size
        if self.left < 0:
            raise Unusable(TOO_MUCH)


_UNDER_WAY: ContextVar[Evaluation] = ContextVar("evaluation under way")


def begin(bodies: tuple[Any, ...] = ()) -> Evaluation:
    """Begin an evaluation; its functions are called on this thread before the next begins."""
    evaluation = Evaluation(bodies)
    _UNDER_WAY.set(evaluation)
    return evaluation


def under_way() -> Evaluation:
    """The evaluation a function is called by."""
    return _UNDER_WAY.get()


def bounded_text(length: int) -> None:
    """Refuse a text before it is made; raises `Unusable`."""
    if length > EXPRESSION_BYTES:
        raise Unusable(TOO_LARGE)
