"""What an endpoint's page shows beside its deliveries: what was sent again, what gave up, and how
far one that polls has read."""

from dataclasses import dataclass

from wedsync.platform.wording import Wording, in_words, number
from wedsync.webhooks.delivering import polling
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.replays import service as replays
from wedsync.webhooks.replays.models import Replay
from wedsync.webhooks.views import replay_words
from wedsync.webhooks.views.replay_words import IN_LINE_COUNTED, ReplayStory

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Beside:
    """The latest replays, whether anything gave up, and what the readers have; empty where we
    send."""

    replays: tuple[ReplayStory, ...]
    gave_up: bool
    reading: str


def beside(endpoint: Endpoint, words: Wording) -> Beside:
    """All of it, for the page of one endpoint."""
    found = replays.latest(endpoint.organization_id, endpoint.id, limit=_SHOWN)
    return Beside(
        tuple(story(each, endpoint, words) for each in found),
        replays.has_given_up(endpoint),
        _reading(endpoint, words) if endpoint.receives == "polls" else "",
    )


def story(found: Replay, endpoint: Endpoint, words: Wording) -> ReplayStory:
    """One replay as it stands."""
    in_line = replays.in_line(found, IN_LINE_COUNTED + 1)
    return replay_words.tell_replay(found, endpoint, in_line, words)


def _reading(endpoint: Endpoint, words: Wording) -> str:
    """`they last said what they have today, 14:05; 12 wait for them`."""
    waiting = polling.waiting(endpoint, polling.MOST_AHEAD + 1)
    if waiting > polling.MOST_AHEAD:
        wait = f"more than {number(polling.MOST_AHEAD)} wait for them"
    elif waiting:
        wait = "one waits for them" if waiting == 1 else f"{in_words(waiting)} wait for them"
    else:
        wait = "nothing waits for them"
    if endpoint.acknowledged_at is None:
        return f"they have not said yet that they have anything; {wait}"
    return f"they last said what they have {words.moment(endpoint.acknowledged_at)}; {wait}"
