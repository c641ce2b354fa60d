"""How an endpoint does, in sentences and as the bars of its day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from wedsync.platform.wording import State, Wording, capital, count, in_words, listing, number
from wedsync.webhooks.delivery_log import attempt_words
from wedsync.webhooks.delivery_log.counts import HOURS, MOST_OF_EACH, Hour, Traffic
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.page_queries import MOST_STANDSTILLS, Standstill

CHART_WIDTH, CHART_HEIGHT = 320, 56
DISABLED_AFTER = timedelta(days=5)
_LEAST = 1.5
_STATES = {
    "on": State("ready", "On"),
    "off": State("off", "Off"),
    "disabled": State("needs", "Stopped"),
}


@dataclass(frozen=True, slots=True)
class HourBar:
    """One hour of the chart, in its own units; `bad` when something has not arrived."""

    x: float
    y: float
    height: float
    bad: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """The last day as bars and in words. `midnight` is where the day changed, in hundredths of the
    width; None where that is too near to an end to be written there."""

    bars: tuple[HourBar, ...]
    is_empty: bool
    began: str
    midnight: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an endpoint's page says before all else. `needs`: only a person can help;
    `delivery_id` is what there is to be decided about."""

    title: str
    words: str
    needs: bool
    delivery_id: UUID | None = None


def endpoint_state(
    endpoint: Endpoint, traffic: Traffic, standstill: Standstill | None, words: Wording
) -> State:
    """How an endpoint stands, in a word or two."""
    if standstill is not None and endpoint.state == "on":
        return State("needs", "Waits for you")
    rest = attempt_words.resting_until(endpoint, words)
    if rest is not None:
        return State("retrying", f"Trying again {words.at(rest)}")
    if endpoint.state == "on" and endpoint.failing_since is not None:
        later = traffic.next_at is not None and traffic.next_at > words.now
        when = f" {words.at(traffic.next_at)}" if later and traffic.next_at else ""
        return State("retrying", f"Trying again{when}")
    return _STATES[endpoint.state]


def news(endpoint: Endpoint, traffic: Traffic, words: Wording) -> str:
    """One or two sentences on how an endpoint does."""
    if endpoint.receives == "polls" and endpoint.state == "on":
        return _fetched(traffic)
    waiting = _waiting(endpoint, traffic, words)
    if endpoint.state == "off":
        return f"It is off: nothing is sent. {waiting}"
    if endpoint.state == "disabled":
        return f"We have stopped sending. {waiting}"
    if not traffic.made and not traffic.waiting:
        return "Nothing had to be sent in the last day."
    if not traffic.made:
        return waiting
    return f"{_arrived(traffic)} {waiting}" if traffic.waiting else _arrived(traffic)


def trouble(endpoint: Endpoint, standstill: Standstill | None, words: Wording) -> Trouble | None:
    """What keeps an endpoint from being told, and what happens by itself or must be done."""
    if endpoint.state == "disabled":
        return _stopped(endpoint, words)
    if standstill is not None and endpoint.state == "on":
        return _standing_still(standstill)
    if endpoint.state != "on" or endpoint.failing_since is None:
        return None
    since = f"Nothing has arrived since {words.moment(endpoint.failing_since)}."
    if endpoint.warned_at is not None:
        end = words.at(endpoint.failing_since + DISABLED_AFTER)
        said = f"{since} If nothing arrives before, we stop sending {end}. What waits is kept."
        return Trouble("We are about to stop sending there", said, needs=True)
    rest = attempt_words.resting_until(endpoint, words)
    if rest is None:
        return None
    said = f"{since} What waits goes as soon as they answer. Nothing for you to do."
    return Trouble(f"We are giving them a rest until {words.time(rest)}", said, needs=False)


def _standing_still(standstill: Standstill) -> Trouble:
    """An endpoint whose order stopped at something that was given up."""
    if standstill.number == 1:
        title, one = "It stopped at one that could not be delivered", "it"
    else:
        many = in_words(min(standstill.number, MOST_STANDSTILLS))
        more = "more than " if standstill.number > MOST_STANDSTILLS else ""
        title, one = f"It stopped at {more}{many} that could not be delivered", "each"
    said = f"What comes after {one} in its order waits. Send {one} again, or go on without it."
    return Trouble(title, said, needs=True, delivery_id=standstill.delivery_id)


def _stopped(endpoint: Endpoint, words: Wording) -> Trouble:
    when = f" {words.at(endpoint.disabled_at)}" if endpoint.disabled_at else ""
    if endpoint.state_reason == "gone":
        said = (
            "They answered that this address is gone, so nothing more goes there. Where is it now?"
            " Change the address and turn it on again."
        )
        return Trouble(f"They closed this address{when}", said, needs=True)
    since = endpoint.failing_since
    began = f" since {words.moment(since)}" if since else " for days"
    said = (
        f"Nothing had arrived{began}. What waited is kept. Turn it on when they are ready: it goes"
        " out first, and what happened meanwhile can be sent once more."
    )
    return Trouble(f"We stopped sending{when}", said, needs=True)


def _arrived(traffic: Traffic) -> str:
    many = count(traffic.made, "delivery", "deliveries")
    if not traffic.is_exact:
        return f"Of {many} in the last 24 hours, more than {number(MOST_OF_EACH)} have not arrived."
    if traffic.made == 1:
        verb = "arrived" if traffic.arrived else "has not arrived"
        return f"The one delivery of the last 24 hours {verb}."
    few = number(traffic.arrived) if traffic.arrived else "None"
    return f"{few} of {many} arrived in the last 24 hours."


def _fetched(traffic: Traffic) -> str:
    if not traffic.waiting:
        return "They have fetched everything there is."
    if traffic.waiting == 1:
        return "One is waiting to be fetched."
    return f"{capital(waiting_number(traffic))} are waiting to be fetched."


def _waiting(endpoint: Endpoint, traffic: Traffic, words: Wording) -> str:
    if not traffic.waiting:
        return "Nothing is waiting."
    one = traffic.waiting == 1
    said = "One is waiting" if one else f"{capital(waiting_number(traffic))} are waiting"
    next_at = attempt_words.resting_until(endpoint, words) or traffic.next_at
    if endpoint.state != "on" or next_at is None or next_at <= words.now:
        return f"{said} to be sent."
    if one:
        return f"One is waiting to try again {words.at(next_at)}."
    return f"{said}; the next try is {words.at(next_at)}."


def waiting_number(traffic: Traffic) -> str:
    """`three`, `40`, `more than 1,000`."""
    many = traffic.waiting
    return in_words(many) if many <= MOST_OF_EACH else f"more than {number(MOST_OF_EACH)}"


def chart(hours: Sequence[Hour], words: Wording) -> Chart:
    """The last day, hour by hour; an hour without deliveries keeps a trace of a bar."""
    bars = hour_bars({hour.began: (hour.made, hour.is_late) for hour in hours}, words.now)
    began = words.gutter(hours[0].began)
    is_empty = not any(hour.made or hour.is_late for hour in hours)
    return Chart(tuple(bars), is_empty, began, _midnight(hours, words), _said(hours, words))


def hour_bars(by_hour: Mapping[datetime, tuple[int, int]], now: datetime) -> list[HourBar]:
    """A bar for each hour of the last day: how many, and how many of them are bad."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=HOURS - 1 - place) for place in range(HOURS)]
    most = max((made for made, _ in by_hour.values()), default=0)
    step = CHART_WIDTH / HOURS
    return [
        _bar(round(place * step, 1), *by_hour.get(hour, (0, 0)), most)
        for place, hour in enumerate(hours)
    ]


def _bar(x: float, made: int, bad: int, most: int) -> HourBar:
    height = round(max(_LEAST, (CHART_HEIGHT - 3) * made / most if most else 0), 1)
    return HourBar(x, round(CHART_HEIGHT - height, 1), height, bad=bad > 0)


def _midnight(hours: Sequence[Hour], words: Wording) -> int | None:
    """Near the ends the words of the axis would run into each other."""
    days = [words.local(hour.began).date() for hour in hours]
    place = next((at for at in range(1, len(days)) if days[at] != days[at - 1]), 0)
    share = round(100 * place / HOURS)
    return share if 30 <= share <= 80 else None


def _said(hours: Sequence[Hour], words: Wording) -> str:
    """The chart for who does not see it."""
    total = sum(hour.made for hour in hours)
    if not total:
        return "No deliveries in the last 24 hours."
    busiest = max(hours, key=lambda hour: (hour.made, hour.began))
    said = f"{count(total, 'delivery', 'deliveries')} in the last 24 hours"
    end = busiest.began + timedelta(hours=1)
    said += f", most of them between {words.time(busiest.began)} and {words.time(end)}"
    said += f" ({number(busiest.made)})."
    late = [words.time(hour.began) for hour in hours if hour.is_late]
    if late:
        said += f" Not all has arrived of what was made in the hours from {listing(late)}."
    return said
