"""The pages of hooks: one hook with its address and its refusals, making one, changing one."""

from uuid import UUID

from flask import Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from wedsync.errors import Conflict, Invalid
from wedsync.events import queries as events
from wedsync.events.queries import EventFilter
from wedsync.platform import identity, wording
from wedsync.platform.fragments import render
from wedsync.platform.identity import requires
from wedsync.platform.passing import done, refused
from wedsync.platform.runtime import commit
from wedsync.platform.wording import Wording
from wedsync.webhooks import page_queries, queries, schemes, secrets
from wedsync.webhooks.hooks import service as hooks
from wedsync.webhooks.hooks import traffic
from wedsync.webhooks.hooks.service import MOST_PER_MINUTE
from wedsync.webhooks.models import Hook
from wedsync.webhooks.schemes import meta
from wedsync.webhooks.views import hook_words
from wedsync.webhooks.views.hook_forms import OPTIONS, HookForm, SecretForm
from wedsync.webhooks.views.routes import pages
from wedsync.webhooks.views.scheme_words import WORDS

_EVENTS_SHOWN = 8


@pages.route("/webhooks/hooks/new", methods=["GET", "POST"])
@requires("editor")
def new_hook() -> Response:
    """Choose who sends, then make a hook; its secret is shown on the page that answers, and never
    again."""
    form = HookForm()
    if request.method != "POST":
        chosen = request.args.get("scheme")
        if chosen not in WORDS:
            return render("webhooks/hook_choose.html", schemes=WORDS)
        form.scheme.data = chosen
    if request.method != "POST" or not form.validate():
        return _form(form, None)
    try:
        hook, secret = hooks.create(
            identity.organization_id(), form.fields(form.scheme.data), by=identity.current()
        )
    except Invalid as error:
        form.show(error)
        return _form(form, None)
    commit()
    return _made(hook, secret, "is ready")


@pages.get("/webhooks/hooks/<uuid:hook_id>")
def hook(hook_id: UUID) -> Response:
    """One hook: where it is, how it is signed, what it took and what it refused."""
    return _hook(hook_id, SecretForm(formdata=None))


@pages.route("/webhooks/hooks/<uuid:hook_id>/edit", methods=["GET", "POST"])
@requires("editor")
def edit_hook(hook_id: UUID) -> AnyResponse:
    """Change a hook's name and options."""
    found = queries.get_hook(identity.organization_id(), hook_id)
    if request.method != "POST":
        return _form(HookForm.of(found), found)
    form = HookForm()
    form.scheme.data = found.scheme
    if not form.validate():
        return _form(form, found)
    try:
        changed = hooks.update(identity.current(), hook_id, form.fields(found.scheme))
    except Invalid as error:
        form.show(error)
        return _form(form, found)
    commit()
    return done(f"“{changed.name}” is changed.", _page(hook_id))


@pages.post("/webhooks/hooks/<uuid:hook_id>/secret")
def set_hook_secret(hook_id: UUID) -> AnyResponse:
    """Take the secret that the sender made."""
    form = SecretForm()
    if not form.validate():
        return _hook(hook_id, form)
    try:
        hooks.update(identity.current(), hook_id, {"secret": form.secret.data})
    except Invalid as error:
        form.show(error)
        return _hook(hook_id, form)
    commit()
    return done("The secret is kept. What comes in signed with it is taken.", _page(hook_id))


@pages.post("/webhooks/hooks/<uuid:hook_id>/rotate")
def rotate_hook_secret(hook_id: UUID) -> AnyResponse:
    """Make a new secret and show it once."""
    try:
        found, secret = hooks.rotate_secret(identity.current(), hook_id)
    except Invalid as error:
        return refused(error, _page(hook_id))
    commit()
    return _made(found, secret, "has a new secret")


@pages.post("/webhooks/hooks/<uuid:hook_id>/end-overlap")
def end_hook_overlap(hook_id: UUID) -> AnyResponse:
    """Let the secret before the present one count no more."""
    hooks.end_overlap(identity.current(), hook_id)
    commit()
    return done("Only the new secret counts now.", _page(hook_id))


@pages.post("/webhooks/hooks/<uuid:hook_id>/await-handshake")
def await_hook_handshake(hook_id: UUID) -> AnyResponse:
    """Give the sender the echo it asks for during the next hour."""
    try:
        hooks.await_handshake(identity.current(), hook_id)
    except Conflict as error:
        return refused(error, _page(hook_id))
    commit()
    return done("An echo is awaited for an hour. Begin it at the sender now.", _page(hook_id))


@pages.post("/webhooks/hooks/<uuid:hook_id>/<any(on, off):state>")
def switch_hook(hook_id: UUID, state: str) -> AnyResponse:
    """Turn a hook on or off."""
    switched = hooks.update(identity.current(), hook_id, {"state": state})
    commit()
    return done(f"“{switched.name}” is {state}.", _page(hook_id))


@pages.post("/webhooks/hooks/<uuid:hook_id>/remove")
def remove_hook(hook_id: UUID) -> AnyResponse:
    """Take a hook away."""
    try:
        hooks.delete(identity.current(), hook_id)
    except Conflict as error:
        return refused(error, _page(hook_id))
    commit()
    return done("The hook is gone. What it took stays.", url_for("webhooks.overview"))


def _hook(hook_id: UUID, form: SecretForm) -> Response:
    organization_id, words = identity.organization_id(), wording.here()
    found = queries.get_hook(organization_id, hook_id)
    day = traffic.last_day(organization_id, hook_id, words.now)
    refusals = queries.rejections(organization_id, hook_id)
    latest = events.latest(
        organization_id, EventFilter(source=f"hook:{hook_id}"), limit=_EVENTS_SHOWN
    )
    return render(
        "webhooks/hook.html",
        status=422 if form.errors else 200,
        hook=found,
        url=hooks.url_of(found),
        state_of_it=hook_words.hook_state(found),
        news=hook_words.news(found, day.taken, words, is_tried=bool(latest)),
        signed_with=hook_words.signed_with(found),
        masked=secrets.masked(found),
        overlap=secrets.overlap_until(found),
        makes_own_secret=hook_words.makes_own_secret(found),
        of_scheme=WORDS[found.scheme],
        repeats=hook_words.repeats(found),
        day=day,
        quota=hook_words.quota(found, day.busiest_minute),
        handshake=_handshake(found, words),
        verify_token=meta.verify_token(hooks.url_of(found)) if found.scheme == "meta" else "",
        counts=refusals.counts,
        samples=hook_words.samples(refusals.samples),
        refusal=hook_words.refusal,
        name_words=wording.name_words,
        events=latest,
        subjects=page_queries.subjects(organization_id, [event.id for event in latest]),
        form=form,
        may_edit=identity.current().has_role("editor"),
    )


def _handshake(hook: Hook, words: Wording) -> str:
    has_one = schemes.named(hook.scheme).HAS_HANDSHAKE
    return hook_words.handshake(hook, words) if has_one else ""


def _form(form: HookForm, hook: Hook | None) -> Response:
    scheme = hook.scheme if hook else form.scheme.data
    return render(
        "webhooks/hook_form.html",
        status=422 if form.errors else 200,
        form=form,
        hook=hook,
        of_scheme=WORDS.get(scheme),
        asked=OPTIONS.get(scheme, ()),
        is_theirs=scheme in WORDS and schemes.named(scheme).new_secret() is None,
        most=MOST_PER_MINUTE,
    )


def _made(hook: Hook, secret: str | None, what: str) -> Response:
    return render(
        "webhooks/made.html",
        title=f"{hook.name} {what}",
        address=hooks.url_of(hook),
        address_words="Where the sender posts to",
        secret=secret if hook_words.makes_own_secret(hook) else None,
        overlap=secrets.overlap_until(hook),
        needs_secret=hook.state == "needs_secret",
        whose_secret=WORDS[hook.scheme].secret,
        url=_page(hook.id),
    )


def _page(hook_id: UUID) -> str:
    return url_for("webhooks.hook", hook_id=hook_id)
