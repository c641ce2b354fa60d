"""What waits for a wedding's days, as a page tells it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from wedsync.platform.wording import State, Wording, capital, count, in_words
from wedsync.workflows.clockwork.moves import Move, Preview

_UNKNOWN = "No date yet"
_UNNAMED = "Wait until "
"""How the name of a wait begins that nobody gave a name."""


@dataclass(frozen=True, slots=True)
class MoveLine:
    """One row: what waits, when it comes now, and what becomes of it. `after` is empty where its
    time stays; `note` says what its new time means for it."""

    workflow_id: UUID
    workflow_name: str
    run_id: UUID | None
    what: str
    before: str
    after: str
    note: str
    state: State


def lines(preview: Preview, words: Wording) -> list[MoveLine]:
    """The rows, times as clocks at the wedding show them."""
    there = Wording(preview.zone, words.now)
    return [_line(move, there) for move in preview.moves]


def news(moves: Sequence[Move]) -> str:
    """What changes, in a sentence."""
    if not moves:
        return "Nothing waits for these days."
    said = [
        _counted(moves, ("moves",), "moves", "move"),
        _counted(moves, ("waits",), "waits for a date", "wait for a date"),
        _counted(moves, ("asked",), "asks you", "ask you"),
        _counted(moves, ("at_once",), "happens at once", "happen at once"),
        _counted(moves, ("left_out",), "is left out", "are left out"),
        _counted(moves, ("ends",), "ends", "end"),
        _counted(moves, ("stays",), "stays", "stay"),
    ]
    return f"{capital(', '.join(part for part in said if part))}."


def _counted(moves: Sequence[Move], outcomes: tuple[str, ...], one: str, many: str) -> str:
    found = sum(move.many for move in moves if move.outcome in outcomes)
    return f"{in_words(found)} {one if found == 1 else many}" if found else ""


def _line(move: Move, there: Wording) -> MoveLine:
    after, note, state = _becomes(move, there)
    return MoveLine(
        move.workflow_id,
        move.workflow_name,
        move.run_id,
        _what(move),
        there.moment(move.before) if move.before else _nothing(move),
        after,
        note,
        state,
    )


def _what(move: Move) -> str:
    """`Starts`, `Waits until 14 days before the wedding`, `2 runs wait at “Two weeks before”`."""
    if move.run_id is None:
        return "Starts again" if move.happened else "Starts"
    at = f" at “{move.step}”" if move.step else ""
    if move.step and move.step.startswith(_UNNAMED):
        at = move.step.removeprefix("Wait")
    return f"Waits{at}" if move.many == 1 else f"{count(move.many, 'run')} wait{at}"


def _nothing(move: Move) -> str:
    """Where nothing was planned before."""
    return "Nothing planned" if move.run_id is None else _UNKNOWN


def _becomes(move: Move, there: Wording) -> tuple[str, str, State]:
    """When it comes then, what that means, and how it stands."""
    then = there.moment(move.after) if move.after else _UNKNOWN
    match move.outcome:
        case "stays":
            return "", "", State("ahead", "Stays")
        case "moves":
            return then, "", State("waiting", "Moves" if move.before else "Planned")
        case "waits":
            return _UNKNOWN, "", State("paused", "Waits for a date")
        case "at_once":
            return then, "That has passed, so it happens at once.", State("running", "At once")
        case "left_out":
            return then, "That has passed, so it is left out.", State("skipped", "Left out")
        case "asked":
            return then, _question(move, there), State("needs", "Asks you")
    ended = "It does not start." if move.run_id is None else "It is stopped where it waits."
    return "", ended, State("stopped", "Ends")


def _question(move: Move, there: Wording) -> str:
    if move.after and move.after > there.now:
        return "It happened before the date moved. You are asked then whether it does again."
    if move.happened:
        return "It happened before the date moved. You are asked whether it does again."
    return "That has passed. You are asked whether it is still done."
