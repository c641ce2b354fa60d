"""What a step would do, in words: `Would send an e-mail to ana@florist.example: One meal less`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from wedsync.connectors.given import problem_with
from wedsync.platform.leaves import has_sealed, is_sealed
from wedsync.platform.wording import capital, count, name_words, number, sentence_end
from wedsync.workflows.building.tries.tried import Pair, TriedStep
from wedsync.workflows.catalogue import Entries, Entry, infos_of
from wedsync.workflows.engine import sentence
from wedsync.workflows.engine.protocol import Ask, Listen
from wedsync.workflows.engine.steps.kind import mapping, sequence
from wedsync.workflows.engine.times import moment_words
from wedsync.workflows.engine.words import clip, value_words
from wedsync.workflows.words.shown_values import HIDDEN, rows_of
from wedsync.workflows.words.step_lines import label_of, pieces, plain

MOST_ROWS = 30
LONGEST_TEXT = 4_000

_OTHERWISE = "Otherwise"
_WOULD = "Would "


class Telling:
    """Puts what the steps of one draft would do into words; `wedding` is the one it is tried for,
    `known` the actions there are."""

    def __init__(
        self, steps: Mapping[str, Mapping[str, Any]], known: Entries, wedding: Mapping[str, Any]
    ) -> None:
        self.steps = steps
        self._known = known
        self._infos = infos_of(known)
        self._zone = wedding.get("zone")

    def entry(self, step_id: str) -> Entry | None:
        """The action a step uses."""
        use = self.steps.get(step_id, {}).get("use")
        return self._known.get(use) if isinstance(use, str) else None

    def name(self, step_id: str) -> str:
        step = self.steps.get(step_id, {})
        label = step.get("label")
        return clip(label) if isinstance(label, str) and label.strip() else self._said(step)

    def asked(self, step_id: str, given: Mapping[str, Any]) -> TriedStep:
        """An action that is about to happen: `Send an e-mail to ana@florist.example`."""
        line = self.action(step_id, given, "")
        return replace(line, words=capital(line.words.removeprefix(_WOULD)))

    def action(self, step_id: str, given: Mapping[str, Any], place: str) -> TriedStep:
        """What an action would do with what it is `given`."""
        entry = self.entry(step_id)
        shown = put_together(given, entry)
        said = self._said({**self.steps.get(step_id, {}), "input": shown})
        titles = entry.titles if entry else {}
        return self._line(step_id, place, _would(said), rows=tuple(rows(shown, titles)))

    def happened(self, step_id: str, given: Mapping[str, Any]) -> str:
        """`Sent an e-mail to ana@florist.example: One meal less`."""
        entry = self.entry(step_id)
        shown = {**self.steps.get(step_id, {}), "input": put_together(given, entry)}
        if entry is None:
            return self._said(shown)
        past = {entry.info.key: replace(entry.info, sentence=entry.done)}
        return plain(pieces(sentence(shown, past)))

    def done(
        self, step_id: str, output: Any, told: Mapping[str, Any], place: str
    ) -> TriedStep | None:
        """What a step came to that needs nobody; None for one that is told where it begins."""
        kind = self.steps.get(step_id, {}).get("kind")
        if kind == "choose":
            return self.choice(step_id, told, place)
        if kind == "filter":
            return self.filter(step_id, told, place)
        if kind == "set":
            return self.noted(step_id, output, place)
        if kind == "stop":
            return self.stop(step_id, place)
        if kind == "for_each":
            return self.loop(step_id, int(mapping(output).get("total", 0)), 0, place)
        if kind == "wait":
            said = str(told.get("why") or "Its time has come, so it goes on at once")
            return self.passed(step_id, said.rstrip("."), place)
        return None

    def moment(self, at: datetime) -> str:
        """`Sat 12 June 2027, 09:00 (London)`, as clocks at the wedding show it."""
        return moment_words(at, self._zone)

    def choice(self, step_id: str, told: Mapping[str, Any], place: str) -> TriedStep:
        branches = [mapping(branch) for branch in sequence(told.get("branches"))]
        label = told.get("taken")
        why = next((b.get("why") for b in branches if b.get("label") == label), None)
        others = [
            (str(b.get("label")), str(b.get("why") or "it did not fit"))
            for b in branches
            if b.get("label") != label
        ]
        if label is not None:
            others.append((_OTHERWISE, "not needed, a branch fitted"))
        said = f"Takes “{label or _OTHERWISE}”"
        reason = capital(sentence_end(str(why or "Nothing else fitted")))
        line = self._line(step_id, place, said, why=reason, others=tuple(others))
        return replace(line, state="went_on")

    def filter(self, step_id: str, told: Mapping[str, Any], place: str) -> TriedStep:
        fits = bool(told.get("fits"))
        said = "Goes on" if fits else "Ends here"
        line = self._line(step_id, place, said, why=capital(_sentence(told.get("why"))))
        return replace(line, state="went_on" if fits else "ended")

    def noted(self, step_id: str, output: Any, place: str) -> TriedStep:
        said = f"Notes{self._said(self.steps.get(step_id, {})).removeprefix('Note')}"
        line = self._line(step_id, place, said, rows=tuple(rows(mapping(output), {})))
        return replace(line, state="went_on")

    def stop(self, step_id: str, place: str) -> TriedStep:
        step = self.steps.get(step_id, {})
        said = "Ends here as failed" if step.get("outcome") == "failed" else "Ends here as done"
        why = step.get("reason")
        reason = sentence_end(clip(why)) if isinstance(why, str) and why else ""
        return replace(self._line(step_id, place, said, why=reason), state="ended")

    def wait(self, step_id: str, due_at: datetime | None, place: str) -> TriedStep:
        if due_at is None:
            said = "Would wait until the wedding has that date"
            return self._line(step_id, place, said)
        said = f"Would wait until {self.moment(due_at)}"
        why = "Here it goes on at once."
        return self._line(step_id, place, said, why=why, until=due_at)

    def listen(self, wanted: Listen, place: str) -> TriedStep:
        said = f"Would wait for “{name_words(wanted.event_type)}”"
        why = "Here it goes on as if that had come in at once."
        told = tuple(rows(wanted.match, {}))
        return self._line(wanted.step, place, said, why=why, rows=told, until=wanted.until)

    def ask(self, wanted: Ask, place: str) -> TriedStep:
        asked = {"ask": wanted.ask, "who": dict(wanted.who)}
        step = {**self.steps.get(wanted.step, {}), **asked}
        said = _would(sentence(step, self._infos).removesuffix("."))
        why = "Here it goes on as if the answer were yes."
        return self._line(wanted.step, place, said, why=why)

    def call(self, step_id: str, given: Any, place: str) -> TriedStep:
        said = _would(self._said(self.steps.get(step_id, {})))
        return self._line(step_id, place, said, rows=tuple(rows(mapping(given), {})))

    def loop(self, step_id: str, total: int, shown: int, place: str) -> TriedStep:
        said = f"Would go through {count(total, 'item')}"
        why = f"Tried with the first {number(shown)} of them." if shown < total else ""
        return replace(self._line(step_id, place, said, why=why), state="went_on")

    def passed(self, step_id: str, words: str, place: str = "") -> TriedStep:
        """A step that nothing is done at: already over, late, or turned off."""
        return replace(self._line(step_id, place, words), state="went_on")

    def failed(self, step_id: str, message: str, place: str) -> TriedStep:
        line = self._line(step_id, place, "Does not work", why=sentence_end(message))
        return replace(line, state="failed")

    def unfinished(self, step_id: str, problems: tuple[str, ...], place: str = "") -> TriedStep:
        said = "Cannot be tried before it is filled in"
        line = self._line(step_id, place, said, problems=problems)
        return replace(line, state="unfinished")

    def _said(self, step: Mapping[str, Any]) -> str:
        return plain(pieces(sentence(step, self._infos)))

    def _line(self, step_id: str, place: str, words: str, **more: Any) -> TriedStep:
        return TriedStep(step_id, self.name(step_id), "would", words, place, **more)


def _sentence(said: Any) -> str:
    return sentence_end(str(said)) if said else ""


def _would(said: str) -> str:
    return f"{_WOULD}{said[:1].lower()}{said[1:]}"


def problem_of(given: Mapping[str, Any], entry: Entry) -> str | None:
    """What is wrong with what an action is given, in a sentence; what is sealed is not looked at,
    and what is empty is as if it were not there."""
    if has_sealed(given):
        return None
    filled = {name: value for name, value in given.items() if value is not None}
    return problem_with(put_together(filled, entry), entry.input)


def put_together(given: Mapping[str, Any], entry: Entry | None) -> dict[str, Any]:
    """What an action is given, as people may see it. A text may come in parts (`text.body`), and
    is put together where it is used; what is sealed is there, and not said."""
    fields = mapping(mapping(entry.input if entry else None).get("properties"))
    return {
        name: _text(value) if mapping(fields.get(name)).get("type") == "string" else value
        for name, value in given.items()
    }


def _text(value: Any) -> Any:
    if is_sealed(value):
        return HIDDEN
    if not isinstance(value, list) or any(map(_is_record, value)):
        return value
    return "".join(HIDDEN if is_sealed(part) else _part(part) for part in value)


def _is_record(part: Any) -> bool:
    return isinstance(part, dict | list) and not is_sealed(part)


def _part(part: Any) -> str:
    return part if isinstance(part, str) else "" if part is None else value_words(part)


def rows(given: Mapping[str, Any], titles: Mapping[str, str]) -> Iterator[Pair]:
    """What a step is given, by name: texts whole, records field by field."""
    told = 0
    for name, value in given.items():
        for row in _rows(titles.get(name) or label_of(str(name)), value):
            if told == MOST_ROWS:
                return
            told += 1
            yield row


def _rows(title: str, value: Any) -> Iterator[Pair]:
    if isinstance(value, str):
        yield title, value[:LONGEST_TEXT]
    elif isinstance(value, dict | list) and value and not is_sealed(value):
        shown, more = rows_of(value)
        yield from more or shown
    elif value is not None:
        yield title, HIDDEN if is_sealed(value) else value_words(value)
