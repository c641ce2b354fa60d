"""What came in, as rows of label and value."""

from wedsync.workflows.words.shown_values import rows_of


def test_a_record_s_values_are_called_by_their_names() -> None:
    shown, folded = rows_of({"guest": {"name": "Ana"}, "party_size": 2, "rsvp": True})
    assert shown == (("Guest name", "Ana"), ("Party size", "2"), ("RSVP", "Yes"))
    assert folded == ()


def test_of_several_records_each_value_says_whose_it_is() -> None:
    guests = [{"name": name, "seats": 1} for name in ("Ana", "Ben", "Cleo")]
    shown, folded = rows_of({"guests": guests})
    assert shown == (("Guest 1 name", "Ana"), ("Guest 1 seats", "1"), ("Guest 2 name", "Ben"))
    assert folded[-1] == ("Guest 3 seats", "1")


def test_records_without_a_name_of_their_own_are_parts() -> None:
    assert rows_of([{"seats": 1}, {"seats": 2}])[0] == (
        ("Part 1 seats", "1"),
        ("Part 2 seats", "2"),
    )
