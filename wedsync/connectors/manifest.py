"""A connector's manifest: everything the product knows of a connector, as data.

Marketplace card, connect form, step forms, permissions and health row come from it; no template
knows a connector by name. How one authorises is in `manifest_auth`. Built-in ones are
`manifest.toml` files; partners submit the same shape as JSON, where every action must carry its
`request`.

Texts with `{…}` are filled from what the vendor typed when connecting (`{settings.base_url}`), an
action's input (`{input.guest_id}`) and the key of its attempts (`{attempt.key}`), how far a stream
or a list was read (`{cursor.at}`, `{cursor.page}`), the secrets by name in `auth` only
(`{secret.api_key}`), there also the id that the account check found (`{account.id}`), and
`{sandbox}`, where the practice partner of this installation answers.
"""

from typing import Any, Literal

from pydantic import Field

from wedsync.connectors.manifest_auth import Auth, Basic, ConnectField, OAuth, Scope
from wedsync.connectors.manifest_base import Key, Part, Slug, Text, Words
from wedsync.connectors.manifest_limits import Limits

__all__ = [
    "Account",
    "ActionEntry",
    "Auth",
    "Basic",
    "Category",
    "ChoicesEntry",
    "ConnectField",
    "Effect",
    "Group",
    "HookScheme",
    "Hooks",
    "Limits",
    "Manifest",
    "NamedWedding",
    "OAuth",
    "RequestTemplate",
    "Scope",
    "Shelf",
    "Slug",
    "StreamEntry",
    "Text",
    "TriggerEntry",
    "Words",
]

Category = Literal["paid", "guests", "send", "dates", "photos", "build"]
"""What a vendor wants done: get paid, know who comes, send things, keep dates, deliver photos,
build your own."""

Group = Literal["Messages", "Money", "Calendar", "Guests", "Files"]
Effect = Literal["none", "local", "idempotent", "lookup", "once", "depends"]


class RequestTemplate(Part):
    """A REST request as data. A value in `query`, `json` or `form` that is only `{input.x}`
    keeps its type, and is left out when the input has none."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Words
    query: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    json_: Any = Field(default=None, alias="json")
    form: dict[str, Any] | None = None
    key_header: str | None = None
    """The header that carries our idempotency key, where the provider honours one."""
    output: str = ""
    """A dotted path into the answer that becomes the step's output; empty: the whole answer."""


class ActionEntry(Part):
    """An action: its words, the JSON Schema of its input, and, as data, its request."""

    key: Key
    label: Words
    sentence: Words
    done: Words
    group: Group
    effect: Effect
    input: dict[str, Any]
    told: dict[Key, Words] = Field(default_factory=dict)
    """What `{told}` says in a sentence: of these fields of the input those that are given, by what
    they are called there. “Change the wedding’s {told}” becomes “… venue to Villa Serena”."""
    choose_from: dict[Key, Key] = Field(default_factory=dict)
    """By field of the input, the list at the account (`Manifest.choices`) it is chosen from."""
    message: bool = False
    """Whether somebody gets a message by it, so that what is sent about a wedding counts it."""
    output_sample: Any = None
    scopes: tuple[str, ...] = ()
    request: RequestTemplate | None = None
    lookup: RequestTemplate | None = None
    """For the effect `lookup`: a GET that asks whether what `{attempt.key}` stands for was done,
    whose request names that key too. What lies at its `output` is the step's output, of a list the
    first; nothing there, or 404, says that it was not done."""


class TriggerEntry(Part):
    """Something that happens at the partner; it arrives at the connection's own hook."""

    key: Key
    label: Words
    sentence: Words
    event_type: Words
    """The sender's word, such as `rsvp.received`; it is stored as `external.rsvp.received`."""
    group: Group = "Guests"
    sample: Any = None


class StreamEntry(Part):
    """A list at the partner that grows, to be looked at now and then: each new record is an event.

    Its request is a GET whose answer lists records **oldest first**. `{cursor.at}` is the position
    of the last one seen, `{cursor.page}` what the answer before named as its next page; either is
    left out while there is none. What was seen already may be listed again and does nothing.
    Without a `next_path` an answer must hold more records than ever share one position.
    """

    key: Key
    label: Words
    sentence: Words
    event_type: Words
    """What a record becomes, such as `rsvp.received`; it is stored as `external.rsvp.received`."""
    group: Group = "Guests"
    request: RequestTemplate
    records: str = ""
    """A dotted path to the list in the answer; empty: the whole answer."""
    id_path: str = "id"
    at_path: str
    """A dotted path to a record's position: a text or a number that never falls along the list."""
    next_path: str = ""
    """A dotted path in the answer to what names the next page, where there is such a thing."""
    starts: Literal["now", "now_in_seconds", "all"] = "now"
    """The position of the first look: its own instant, in ISO 8601 or seconds since 1970, so that
    only what is new counts; or none, for everything there is."""
    scopes: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    """Dotted paths in a record that are sealed before anything is kept."""
    sample: Any = None


class ChoicesEntry(Part):
    """A list at the account to choose from in the builder: its calendars, its templates.

    Its request is a GET that names nothing but settings and, where a list comes in pages,
    `{cursor.page}`: what the answer before had at `next_path`, left out for the first page. So
    `next_path = "data.99.id"` goes on after the last of a full page of a hundred. At most a
    thousand entries are read. What is chosen can always be typed instead.
    """

    key: Key
    label: Words
    """What they are, as people call them: “Guests”."""
    request: RequestTemplate
    records: str = ""
    """A dotted path to the list in the answer; empty: the whole answer."""
    value: str = "id"
    """A dotted path in a record to what the action is given: a text or a whole number."""
    name: str = "name"
    """A dotted path to what people know it by; the note, or else the value, where there is none."""
    note: str = ""
    """A dotted path to what tells two of the same name apart, such as an e-mail."""
    next_path: str = ""
    scopes: tuple[str, ...] = ()


class NamedWedding(Part):
    """Where in what a partner tells stand the couple, as “Ella & Noah”, and the day of the wedding
    it is about, as `2027-06-12`: dotted paths. It is found among the vendor's weddings by both."""

    couple: str
    day: str


HookScheme = Literal[
    "standard_webhooks", "standard_webhooks_v1a", "stripe", "github", "shopify", "slack", "twilio",
    "tripleseat", "xero", "meta", "graph", "hmac", "basic", "bearer",
]  # fmt: skip
"""How a partner proves who it is; `wedsync.webhooks.schemes` knows each."""


class Hooks(Part):
    """How the partner tells us: a hook per connection, subscribed by itself or by hand."""

    scheme: HookScheme
    setup: Literal["automatic", "by_hand"]
    options: dict[str, Any] = Field(default_factory=dict)
    event_type: str | None = None
    sensitive: tuple[str, ...] = ()
    """Dotted paths in the data that are sealed before anything is kept (allergies)."""
    wedding: NamedWedding | None = None
    """Absent: it is about no wedding, unless the data names one of the vendor's by `wedding_id`."""
    subscribe: RequestTemplate | None = None
    """Automatic: `{hook.url}` is where to send; the answer holds the secret and an id."""
    secret_path: str = "secret"  # noqa: S105
    id_path: str = "id"
    unsubscribe: RequestTemplate | None = None
    """`{subscription.id}` names it."""
    instructions: Text = ""
    """By hand: what the vendor does at the partner, a step per line."""


class Account(Part):
    """How to ask whose account this is: asked when connecting, and as the connection's test."""

    request: RequestTemplate
    id_path: str
    name_path: str


class Shelf(Part):
    """How it stands in the marketplace. `description` and `permissions` are plain words."""

    categories: tuple[Category, ...] = Field(min_length=1)
    description: Text
    permissions: tuple[Words, ...] = ()
    keywords: tuple[Words, ...] = ()
    vendor_types: tuple[Words, ...] = ()
    works_with: tuple[Words, ...] = ()
    tried_against: Words
    """Said on the page: what it was proven with, or that it is not yet tried against the live
    service."""
    support_url: Text = ""
    docs_url: Text = ""


class Manifest(Part):
    """The whole of it."""

    slug: Slug
    name: Words
    summary: Words
    icon: Key | Slug
    """A Tabler icon's name."""
    shelf: Shelf | None = None
    """Absent: a reserved built-in that is part of every workflow and not in the marketplace."""
    keywords: tuple[Words, ...] = ()
    """What a reserved one is found by; the others say it on their shelf."""
    auth: Auth = Auth(kind="none")
    base_url: Text = ""
    account: Account | None = None
    hooks: Hooks | None = None
    triggers: tuple[TriggerEntry, ...] = ()
    actions: tuple[ActionEntry, ...] = ()
    streams: tuple[StreamEntry, ...] = ()
    choices: tuple[ChoicesEntry, ...] = ()
    limits: Limits | None = None
    """Absent: nobody knows, so only what answers say is heeded."""
