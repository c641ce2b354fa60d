"""What a draft would do, told step by step; nothing leaves for it, whatever the draft holds."""

from typing import Any

import pytest
from hypothesis import given as with_any
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests import door
from tests.engine.definitions import definitions
from tests.workflows.building.surroundings import draft, example, read
from wedsync.platform import outbound
from wedsync.workflows.building.known.samples import Sample
from wedsync.workflows.building.tries import tried
from wedsync.workflows.building.tries.pretending import pretended
from wedsync.workflows.building.tries.tried import Tried
from wedsync.workflows.building.tries.walking import MOST_ITEMS, MOST_TOLD
from wedsync.workflows.catalogue import entries, infos_of
from wedsync.workflows.engine import validate
from wedsync.workflows.running.message_rules import Rules

ACCOUNT = "0198c0de-0000-7000-8000-000000000001"
MASK = {"$sealed": "hidden"}


def tried_out(definition: Any, sample: Sample | None = None, **wanted: Any) -> Tried:
    problems = validate(definition, actions=infos_of(entries()))
    seen = sample or example(definition)
    return pretended(definition, seen, problems, entries(), Rules(), **wanted)


def write(step_id: str = "write", **given: Any) -> Any:
    letter = {"to": "ada@guest.example", "subject": "Your answer", "body": "Will you come?"}
    return {
        "id": step_id,
        "kind": "action",
        "use": "smtp.send",
        "connection": ACCOUNT,
        "input": {**letter, **given},
    }


def note(step_id: str, **values: Any) -> Any:
    return {"id": step_id, "kind": "set", "values": values}


def choose(when: Any, *inside: Any, otherwise: Any = ()) -> Any:
    branches = [{"label": "Yes", "when": when, "steps": list(inside)}]
    return {"id": "if", "kind": "choose", "branches": branches, "otherwise": list(otherwise)}


def words(found: Tried) -> list[tuple[str, str]]:
    return [(line.id, line.words) for line in found.steps]


def test_an_action_says_what_it_would_send_to_whom() -> None:
    found = tried_out(draft(write(subject={"cat": ["To ", read("wedding.title")]})))
    (line,) = found.steps
    assert line.words == "Would send an e-mail to ada@guest.example: To Ada & Ben"
    assert dict(line.rows)["Text"] == "Will you come?"
    assert (line.state, found.ended) == ("would", "It goes through to the end.")


def test_a_branch_says_which_it_is_and_why_and_what_is_inside_it_follows() -> None:
    asks = {"==": [read("trigger.data.status"), "accepted"]}
    found = tried_out(draft(choose(asks, write()), note("after", seats=2)))
    taken, letter, after = found.steps
    assert (taken.words, taken.why) == ("Takes “Yes”", "Status was accepted.")
    assert taken.others == (("Otherwise", "not needed, a branch fitted"),)
    assert (letter.id, after.id) == ("write", "after")


def test_when_no_branch_fits_the_others_say_why_not() -> None:
    asks = {"==": [read("trigger.data.status"), "refused"]}
    found = tried_out(draft(choose(asks, write(), otherwise=[note("else")])))
    assert words(found)[0] == ("if", "Takes “Otherwise”")
    assert found.steps[0].others == (("Yes", "status was accepted, wanted refused"),)
    assert [line.id for line in found.steps] == ["if", "else"]


def test_a_wait_is_over_at_once_and_says_until_when_it_would_be() -> None:
    wait = {"id": "wait", "kind": "wait", "anchor": "wedding.date", "offset_days": -14}
    found = tried_out(draft({**wait, "at": "09:00", "late": "run"}, note("n", at=read("now"))))
    line = found.steps[0]
    assert line.words == "Would wait until Sat 8 May 2027, 09:00 (London)"
    assert line.until is not None
    assert found.outputs["n"]["at"] == "2027-05-08T08:00:00.000Z"


def test_a_date_nobody_knows_ends_the_try_with_a_sentence() -> None:
    wait = {"id": "wait", "kind": "wait", "anchor": "wedding.date", "offset_days": 1}
    definition = draft({**wait, "at": "09:00", "late": "run"}, write())
    seen = example(definition)
    assert seen.wedding is not None
    seen.wedding["date"] = None  # type: ignore[index]
    found = tried_out(definition, seen)
    assert [line.id for line in found.steps] == ["wait"]
    assert found.ended == "It waits there until the wedding has that date."


def test_a_question_is_answered_with_yes() -> None:
    asked = {"id": "ask", "kind": "approval", "ask": "Send it?", "who": {"role": "owner"}}
    on_yes = choose({"==": [read("steps.ask.approved"), True]}, write())
    found = tried_out(draft({**asked, "expires_after_s": 60, "on_expiry": "stop"}, on_yes))
    assert found.steps[0].words == "Would ask an owner: “Send it?” and wait for the answer"
    assert [line.id for line in found.steps] == ["ask", "if", "write"]


def test_a_loop_goes_through_its_first_items_and_later_steps_read_the_list() -> None:
    items = list(range(1, 13))
    loop = {"id": "each", "kind": "for_each", "items": items, "steps": [note("n", x=read("item"))]}
    found = tried_out(draft(loop, note("all", found=read("steps.n"), of=read("steps.each.total"))))
    assert found.steps[0].words == "Would go through 12 items"
    assert found.steps[0].why == "Tried with the first 3 of them."
    assert [line.place for line in found.steps if line.id == "n"] == ["1", "2", "3"]
    assert found.outputs["all"] == {"found": [{"x": 1}, {"x": 2}, {"x": 3}], "of": 12}
    assert found.outputs["n"] == {"x": 1}


def test_loops_inside_loops_are_numbered_in_words() -> None:
    inner = {"id": "in", "kind": "for_each", "items": [1, 2], "steps": [note("n", x=read("item"))]}
    outer = {"id": "out", "kind": "for_each", "items": [1, 2], "steps": [inner]}
    found = tried_out(draft(outer))
    assert [line.place for line in found.steps if line.id == "n"] == [
        "1, 1",
        "1, 2",
        "2, 1",
        "2, 2",
    ]


def test_one_step_alone_is_tried_with_what_the_steps_before_it_would_give() -> None:
    definition = draft(note("guest", name="Ada"), write(to=read("steps.guest.name")), note("after"))
    found = tried_out(definition, step="write")
    assert words(found) == [("write", "Would send an e-mail to Ada: Your answer")]
    assert set(found.outputs) == {"write"}


def test_from_a_step_on_the_rest_is_tried_too() -> None:
    definition = draft(note("first"), note("second"), note("third"))
    found = tried_out(definition, step="second", onwards=True)
    assert [line.id for line in found.steps] == ["second", "third"]


def test_a_step_inside_a_loop_is_tried_with_the_first_item() -> None:
    loop = {"id": "each", "kind": "for_each", "items": ["Ada"], "steps": [write(to=read("item"))]}
    found = tried_out(draft(loop), step="write")
    assert words(found) == [("write", "Would send an e-mail to Ada: Your answer")]


def test_what_really_came_of_a_step_is_what_later_steps_read() -> None:
    definition = draft(write(), note("n", id=read("steps.write.message_id")))
    seen = example(definition, tried={"write": {"message_id": "<real>"}})
    assert tried_out(definition, seen).outputs["n"] == {"id": "<real>"}


def test_what_an_action_cannot_use_is_said_and_its_way_out_is_taken() -> None:
    spared = {**write(to=read("trigger.data.nobody")), "on_error": {"then": "continue"}}
    found = tried_out(draft(spared, note("after")))
    assert [(line.id, line.state) for line in found.steps] == [
        ("write", "failed"),
        ("after", "went_on"),
    ]
    assert found.steps[0].why == "“To” is missing."


def test_an_unfinished_step_holds_nothing_else_back() -> None:
    found = tried_out(draft({"id": "w", "kind": "wait"}, write(subject=None), note("after")))
    assert [(line.id, line.state) for line in found.steps] == [
        ("w", "unfinished"),
        ("write", "unfinished"),
        ("after", "went_on"),
    ]
    assert found.steps[0].problems == ("It does not say what to wait for.",)
    assert found.steps[1].problems == ("“subject” is missing.",)


def test_a_step_that_is_off_says_so() -> None:
    found = tried_out(draft({**write(), "off": True}, note("after")), step="write")
    assert words(found) == [("write", "Turned off, so it is passed over")]


def test_a_filter_of_the_start_that_lets_nothing_in_is_told_and_it_is_tried_all_the_same() -> None:
    wanted = {"==": [read("trigger.data.status"), "refused"]}
    trigger = {"kind": "event", "event_type": "external.rsvp.received", "source": "any"}
    found = tried_out(draft(note("n"), trigger={**trigger, "filter": wanted}))
    assert found.problems == (
        "With this it would not start: status was accepted, wanted refused. It is tried all the"
        " same.",
    )
    assert [line.id for line in found.steps] == ["n"]


def test_nobody_is_written_to_about_a_wedding_that_is_over() -> None:
    definition = draft(write(), note("after"))
    seen = example(definition)
    seen.wedding["status"] = "cancelled"  # type: ignore[index]
    found = tried_out(definition, seen)
    assert words(found) == [
        ("write", "Not sent: this wedding is cancelled."),
        ("after", "Notes nothing yet"),
    ]


def test_the_quiet_hours_hold_a_message_back() -> None:
    wait = {"id": "wait", "kind": "wait", "until": "2026-12-01T23:00:00Z"}
    found = tried_out(draft(wait, write()))
    assert found.steps[1].why == (
        "The quiet hours at the wedding hold it back until Wed 2 December 2026, 08:00 (London)."
    )


def test_what_is_sealed_is_never_said() -> None:
    found = tried_out(draft(write(body=read("trigger.data.guest.allergy"))))
    assert dict(found.steps[0].rows)["Text"] == "hidden here"
    assert "failed" not in {line.state for line in found.steps}


@pytest.mark.parametrize("hostile", [None, 7, [], {}, {"steps": 7}, {"steps": [7, {"id": 1}]}])
def test_what_is_no_draft_gives_problems_and_no_steps(hostile: Any) -> None:
    found = tried_out(hostile)
    assert found.steps == ()
    assert found.problems[-1] == "This cannot be tried before that is mended."


def test_waits_that_lead_too_far_ahead_end_the_try() -> None:
    waits = [{"id": f"w{n}", "kind": "wait", "seconds": 9 * 365 * 86_400} for n in range(4)]
    found = tried_out(draft(*waits))
    assert [line.id for line in found.steps] == ["w0", "w1", "w2"]
    assert found.ended == "That is too far ahead to be tried; the rest was left out."


def test_a_try_tells_only_so_much() -> None:
    inner: Any = [note(f"n{number}", x=read("item")) for number in range(20)]
    for depth in range(3):
        inner = [{"id": f"l{depth}", "kind": "for_each", "items": [1, 2, 3, 4], "steps": inner}]
    found = tried_out(draft(*inner))
    assert len(found.steps) <= MOST_TOLD + 20
    assert max(int(line.place.split(", ")[0]) for line in found.steps if line.place) <= MOST_ITEMS
    assert found.problems == ("There is more here than is tried at once; the rest was left out.",)


def test_a_try_is_kept_and_read_again() -> None:
    wait = {"id": "wait", "kind": "wait", "seconds": 60}
    asks = {"==": [read("trigger.data.status"), "accepted"]}
    found = tried_out(draft(wait, choose(asks, write()), {"id": "w", "kind": "wait"}))
    again = tried.read(tried.written(found))
    assert (again.steps, again.problems, again.ended) == (found.steps, found.problems, found.ended)


def test_a_shut_door_is_heard_by_the_test_that_watches_it() -> None:
    """What the next tests rely on: the door's own way out is heard when it is shut."""
    before = outbound.loopback_allowed()
    outbound.allow_loopback(True)
    transfers = outbound.Transfers(limit=1)
    try:
        with door.shut() as heard:
            request = outbound.Request("GET", "http://127.0.0.1:8999/", {}, None)
            transfers.start(request, None)
            transfers.finished(1)
    finally:
        transfers.close()
        outbound.allow_loopback(before)
    assert heard


@pytest.mark.parametrize("use", sorted(entries()))
def test_no_action_there_is_opens_anything_when_it_is_pretended(use: str) -> None:
    entry = entries()[use]
    given = {name: _some(schema) for name, schema in entry.input.get("properties", {}).items()}
    step = {"id": "it", "kind": "action", "use": use, "input": given, "connection": ACCOUNT}
    with door.shut() as heard:
        found = tried_out(draft(step))
    assert [line.id for line in found.steps] == ["it"]
    assert not heard


def _some(schema: Any) -> Any:
    examples = [*schema.get("examples", ()), *schema.get("enum", ())]
    return examples[0] if examples else None


@hypothesis_settings(deadline=None, max_examples=60)
@with_any(definition=definitions, only=st.booleans())
def test_no_definition_opens_anything_when_it_is_pretended(definition: Any, only: bool) -> None:
    names = [step["id"] for step in definition["steps"]]
    with door.shut() as heard:
        whole = tried_out(definition)
        parts = [tried_out(definition, step=name, onwards=not only) for name in names]
    assert not heard
    for found in (whole, *parts):
        assert all(line.words and line.name for line in found.steps)
        assert tried.read(tried.written(found)).steps == found.steps


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@hypothesis_settings(deadline=None, max_examples=60)
@with_any(
    definition=st.fixed_dictionaries(
        {"format": st.just(1), "trigger": _anything, "steps": _anything}
    )
)
def test_whatever_a_draft_holds_it_can_be_pretended(definition: Any) -> None:
    with door.shut() as heard:
        found = tried_out(definition)
        tried_out(definition, step="s0", onwards=True)
    assert not heard
    assert tried.read(tried.written(found)).steps == found.steps
