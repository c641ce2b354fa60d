"""The pages of sending again: what, what it would come to, and how far it is."""

from collections.abc import Callable
from datetime import datetime
from typing import cast, get_args
from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.identity import Identity, requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.platform.wording import name_words
from wedsync.webhooks import queries
from wedsync.webhooks.models import Endpoint
from wedsync.webhooks.replays import service as replays
from wedsync.webhooks.replays.events import Which
from wedsync.webhooks.replays.models import Replay
from wedsync.webhooks.replays.service import Wish
from wedsync.webhooks.views import endpoint_words, event_choices, replay_stories, replay_words
from wedsync.webhooks.views.replay_forms import ReplayForm
from wedsync.webhooks.views.routes import pages


@pages.get("/webhooks/endpoints/<uuid:endpoint_id>/replays/new")
@requires("editor")
def new_replay(endpoint_id: UUID) -> Response:
    """Choose what to send again, then see what that would come to."""
    endpoint, words = queries.get_endpoint(identity.organization_id(), endpoint_id), wording.here()
    asked = "look" in request.args
    form = ReplayForm(request.args if asked else None)
    form.fit(endpoint, words)
    if not asked or not form.validate():
        return _choose(form, endpoint)
    wish = form.wish(endpoint, words)
    if wish is None:
        return _choose(form, endpoint)
    try:
        found = replays.preview(endpoint, wish)
    except Invalid as error:
        form.show(error)
        return _choose(form, endpoint)
    return render(
        "webhooks/replay_preview.html",
        endpoint=endpoint,
        name=endpoint_words.endpoint_name(endpoint),
        order=endpoint_words.order(endpoint),
        wish=wish,
        story=replay_words.tell_preview(endpoint, wish, found, words),
        kinds=[name_words(each) for each in wish.event_types],
        again=url_for("webhooks.new_replay", endpoint_id=endpoint_id),
    )


@pages.post("/webhooks/endpoints/<uuid:endpoint_id>/replays")
def begin_replay(endpoint_id: UUID) -> AnyResponse:
    """Send it again."""
    me = identity.current()
    endpoint = queries.get_endpoint(me.organization_id, endpoint_id)
    try:
        replay = replays.begin(me.organization_id, endpoint.id, _wish(), by=me)
    except (Conflict, Invalid) as error:
        return refused(error, url_for("webhooks.endpoint", endpoint_id=endpoint_id))
    replay_id = replay.id
    commit("replays")
    return done("It has begun.", _page(replay_id))


@pages.get("/webhooks/replays/<uuid:replay_id>")
def replay(replay_id: UUID) -> Response:
    """How far a replay is; the page follows along."""
    found = replays.get(identity.organization_id(), replay_id)
    endpoint = queries.get_endpoint(found.organization_id, found.endpoint_id)
    return render(
        "webhooks/replay.html",
        "replay",
        story=replay_stories.story(found, endpoint, wording.here()),
        may_edit=identity.current().has_role("editor"),
    )


@pages.post("/webhooks/replays/<uuid:replay_id>/<any(pause, resume, cancel):act>")
def change_replay(replay_id: UUID, act: str) -> AnyResponse:
    """Pause a replay, let it go on, or stop it."""
    me = identity.current()
    change, said = _ACTS[act]
    try:
        change(me, replay_id)
    except Conflict as error:
        return refused(error, _page(replay_id))
    commit("replays")
    return done(said, _page(replay_id))


def _choose(form: ReplayForm, endpoint: Endpoint) -> Response:
    return render(
        "webhooks/replay_new.html",
        status=422 if form.errors else 200,
        form=form,
        endpoint=endpoint,
        name=endpoint_words.endpoint_name(endpoint),
        kinds=endpoint.event_types or event_choices.happened(endpoint.organization_id),
        name_words=name_words,
    )


def _wish() -> Wish:
    """What the preview showed. Raises Invalid."""
    try:
        since = datetime.fromisoformat(request.form.get("since", ""))
    except ValueError as error:
        raise Invalid("Choose since when.") from error
    which = request.form.get("which", "")
    if which not in get_args(Which) or since.tzinfo is None:
        raise Invalid("Choose what to send again.")
    kinds = tuple(dict.fromkeys(request.form.getlist("event_types")))
    return Wish(since, None, kinds, cast(Which, which))


def _page(replay_id: UUID) -> str:
    return url_for("webhooks.replay", replay_id=replay_id)


def _pause(me: Identity, replay_id: UUID) -> Replay:
    return replays.pause(me.organization_id, replay_id, by=me)


def _resume(me: Identity, replay_id: UUID) -> Replay:
    return replays.resume(me.organization_id, replay_id, by=me)


def _cancel(me: Identity, replay_id: UUID) -> Replay:
    return replays.cancel(me.organization_id, replay_id, by=me)


_ACTS: dict[str, tuple[Callable[[Identity, UUID], Replay], str]] = {
    "pause": (_pause, "It is paused. What is in line still goes out."),
    "resume": (_resume, "It goes on."),
    "cancel": (_cancel, "It sends no more. What is in line still goes out."),
}
