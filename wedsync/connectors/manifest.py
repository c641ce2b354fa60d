"""A connector's manifest: everything the product knows of a connector, as data.

Marketplace card, connect form, step forms, permissions and health row come from it; no template
knows a connector by name. Built-in ones are `manifest.toml` files; partners submit the same shape
as JSON, where every action must carry its `request`.

Texts with `{…}` are filled from what the vendor typed when connecting (`{settings.base_url}`), an
action's input (`{input.guest_id}`) and the key of its attempts (`{attempt.key}`), how far a stream
or a list was read (`{cursor.at}`, `{cursor.page}`), the secrets by name in `auth` only
(`{secret.api_key}`), and `{sandbox}`, where the practice partner of this installation answers.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=8_000)]

Category = Literal["paid", "guests", "send", "dates", "photos", "build"]
"""What a vendor wants done: get paid, know who comes, send things, keep dates, deliver photos,
build your own."""

Group = Literal["Messages", "Money", "Calendar", "Guests", "Files"]
Effect = Literal["none", "local", "idempotent", "lookup", "once", "depends"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConnectField(_Part):
    """One thing the vendor fills in when connecting; `secret` ones go to the vault."""

    name: Key
    title: Words
    help: Text = ""
    kind: Literal["text", "secret", "url", "email", "number", "choice", "switch"] = "text"
    required: bool = True
    default: str | None = None
    choices: tuple[str, ...] = ()


class Scope(_Part):
    """A permission that is asked for, and what it means in plain words."""

    name: Words
    words: Words
    required: bool = True


class OAuth(_Part):
    """OAuth2 as this provider speaks it (RFC 6749, 7636, 7009, 9207), its quirks as data."""

    authorize_url: Words
    token_url: Words
    revoke_url: Text = ""
    issuer: Text = ""
    scopes: tuple[Scope, ...] = ()
    scope_separator: str = " "
    client_auth: Literal["basic", "post", "none"] = "basic"
    client_from: Literal["installation", "listing", "fields"] = "installation"
    """Where client id and secret come from: this installation's settings, the partner's listing,
    or the connect form (fields `client_id` and `client_secret`)."""
    authorize_parameters: dict[str, str] = Field(default_factory=dict)
    token_parameters: dict[str, str] = Field(default_factory=dict)
    access_token_path: str = "access_token"  # noqa: S105
    rotation: bool = True
    """Whether a refresh spends the refresh token."""
    expires_in_s: int | None = None
    """How long an access token lives where answers do not say."""


class Auth(_Part):
    kind: Literal[
        "oauth2_code", "oauth2_client_credentials", "api_key", "basic", "webhook_secret", "none"
    ]
    fields: tuple[ConnectField, ...] = ()
    oauth: OAuth | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    """What authorises a request, such as `Authorization = "Bearer {secret.access_token}"`."""


class RequestTemplate(_Part):
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


class ActionEntry(_Part):
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


class TriggerEntry(_Part):
    """Something that happens at the partner; it arrives at the connection's own hook."""

    key: Key
    label: Words
    sentence: Words
    event_type: Words
    """The sender's word, such as `rsvp.received`; it is stored as `external.rsvp.received`."""
    group: Group = "Guests"
    sample: Any = None


class StreamEntry(_Part):
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


class ChoicesEntry(_Part):
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


class NamedWedding(_Part):
    """Where in what a partner tells stand the couple, as “Ella & Noah”, and the day of the wedding
    it is about, as `2027-06-12`: dotted paths. It is found among the vendor's weddings by both."""

    couple: str
    day: str


HookScheme = Literal[
    "standard_webhooks", "standard_webhooks_v1a", "stripe", "github", "shopify", "slack", "twilio",
    "tripleseat", "xero", "meta", "graph", "hmac", "basic", "bearer",
]  # fmt: skip
"""How a partner proves who it is; `wedsync.webhooks.schemes` knows each."""


class Hooks(_Part):
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


class Account(_Part):
    """How to ask whose account this is: asked when connecting, and as the connection's test."""

    request: RequestTemplate
    id_path: str
    name_path: str


class Shelf(_Part):
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


class Manifest(_Part):
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
