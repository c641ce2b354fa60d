"""How a connector authorises: what one way in needs another has no use for, and what is kept of
answers is named once."""

import re
from collections.abc import Iterable, Iterator

from wedsync.connectors import filling
from wedsync.connectors.manifest import Auth, Manifest, OAuth
from wedsync.connectors.manifest_rules.problem import Problem

WITH_OAUTH = ("oauth2_code", "oauth2_client_credentials")
# What the authorization code flow says itself (RFC 6749, 7636), and names the client library takes
# for its own.
_OURS = frozenset(
    {"response_type", "client_id", "client_secret", "redirect_uri", "state", "code", "grant_type"}
    | {"code_challenge", "code_challenge_method", "code_verifier", "refresh_token", "nonce"}
    | {"url", "body", "method", "headers", "auth", "token", "token_endpoint", "self"}
)
_OF_AN_ANSWER = frozenset({"state", "code", "error", "error_description", "error_uri", "iss"})
_PLACE = re.compile(r"[^\s.]{1,100}(\.[^\s.]{1,100}){0,31}")
_PARAMETER = re.compile(r"[A-Za-z0-9_.\-\[\]]{1,100}")
_SEPARATOR = re.compile(r"[ ,;+|]{1,2}")
_LONGEST_LIFE_S = 10 * 365 * 86_400
_MOST_KEPT = 10
_HOST_SETTING = "A place in the answer, such as instance_url."


def problems(manifest: Manifest) -> Iterator[Problem]:
    auth = manifest.auth
    if auth.kind in WITH_OAUTH and auth.oauth is None:
        yield Problem("auth.oauth", "Say where they ask for consent and hand out tokens.")
    if auth.kind not in WITH_OAUTH and auth.oauth is not None:
        yield Problem("auth.oauth", "This is only for ways of connecting that use OAuth2.")
    if auth.oauth is not None:
        yield from _oauth(auth, auth.oauth)
    yield from _keys(manifest)
    yield from _authorising(manifest)
    yield from _fields(auth)


def _oauth(auth: Auth, oauth: OAuth) -> Iterator[Problem]:
    yield from _parameters(oauth)
    yield from _scopes(oauth)
    yield from _places(oauth)
    yield from _kept(auth, oauth)
    yield from _longer(auth, oauth)
    yield from _taken_back(oauth)
    if oauth.client_from == "fields":
        yield from _client_fields(auth, oauth)


def _parameters(oauth: OAuth) -> Iterator[Problem]:
    """Nothing that the flow says itself, and nothing twice."""
    scope = {oauth.scope_parameter, oauth.optional_scope_parameter} if oauth.scopes else set()
    for part in ("authorize_parameters", "token_parameters"):
        for name in sorted(_OURS & {name.lower() for name in getattr(oauth, part)}):
            yield Problem(f"auth.oauth.{part}", f"“{name}” is said by WedSync.")
    for name in sorted(scope & oauth.authorize_parameters.keys()):
        yield Problem("auth.oauth.authorize_parameters", f"“{name}” carries the permissions.")
    for part in ("scope_parameter", "optional_scope_parameter"):
        said = getattr(oauth, part)
        if said.lower() in _OURS:
            yield Problem(f"auth.oauth.{part}", f"“{said}” is said by WedSync.")
        elif said and not _PARAMETER.fullmatch(said):
            yield Problem(f"auth.oauth.{part}", "This is not the name of a parameter.")


def _scopes(oauth: OAuth) -> Iterator[Problem]:
    if not _SEPARATOR.fullmatch(oauth.scope_separator):
        words = "What stands between two permissions is a space, a comma or the like."
        yield Problem("auth.oauth.scope_separator", words)
    if oauth.scope_parameter == oauth.optional_scope_parameter:
        words = "Optional permissions have a parameter of their own, or none."
        yield Problem("auth.oauth.optional_scope_parameter", words)
    for index, scope in enumerate(oauth.scopes):
        if scope.name in scope.granted_as:
            words = "It is granted by its own name anyway: name only others."
            yield Problem(f"auth.oauth.scopes.{index}.granted_as", words)


def _places(oauth: OAuth) -> Iterator[Problem]:
    for part in ("access_token_path", "scopes_path", "error_path", "expires_at_path"):
        said = getattr(oauth, part)
        if (said or part != "expires_at_path") and not _PLACE.fullmatch(said):
            yield Problem(f"auth.oauth.{part}", "Name a place in their answer, such as data.token.")
    if oauth.expires_in_s is not None and not 0 < oauth.expires_in_s < _LONGEST_LIFE_S:
        yield Problem("auth.oauth.expires_in_s", "Say how many seconds a token lives.")


def _kept(auth: Auth, oauth: OAuth) -> Iterator[Problem]:
    """What is remembered stands beside what is typed, so both have names of their own."""
    typed = {field.name for field in auth.fields}
    for part in ("from_answer", "from_callback"):
        for name in sorted(typed & getattr(oauth, part).keys()):
            yield Problem(f"auth.oauth.{part}", f"“{name}” is a field already.")
        if len(getattr(oauth, part)) > _MOST_KEPT:
            yield Problem(f"auth.oauth.{part}", f"There can be at most {_MOST_KEPT} of these.")
    for name in sorted(oauth.from_answer.keys() & oauth.from_callback.keys()):
        yield Problem("auth.oauth.from_callback", f"“{name}” is there twice.")
    for name, path in oauth.from_answer.items():
        if not _PLACE.fullmatch(path):
            yield Problem(f"auth.oauth.from_answer.{name}", _HOST_SETTING)
    yield from _in_the_way_back(oauth)
    if auth.kind != "oauth2_code" and (oauth.from_callback or oauth.callback_matches):
        words = "Nobody comes back from there: this is only for the kind oauth2_code."
        yield Problem("auth.oauth.from_callback", words)


def _in_the_way_back(oauth: OAuth) -> Iterator[Problem]:
    named = {
        "from_callback": oauth.from_callback.values(),
        "callback_matches": oauth.callback_matches,
    }
    for part, parameters in named.items():
        for parameter in parameters:
            if parameter in _OF_AN_ANSWER:
                yield Problem(f"auth.oauth.{part}", f"“{parameter}” is read by WedSync.")
            elif not _PARAMETER.fullmatch(parameter):
                yield Problem(f"auth.oauth.{part}", "This is not the name of a parameter.")


def _longer(auth: Auth, oauth: OAuth) -> Iterator[Problem]:
    """A token that renews itself is asked for again after a lost answer, and is never spent."""
    if oauth.renewal is not None and oauth.long_lived is None:
        words = "Say first what the token of a code is changed for (long_lived)."
        yield Problem("auth.oauth.renewal", words)
    if oauth.long_lived is None:
        return
    if oauth.rotation:
        yield Problem(
            "auth.oauth.rotation", "A token changed for a longer one is not spent: false."
        )
    if auth.kind != "oauth2_code":
        yield Problem("auth.oauth.long_lived", "This is only for the kind oauth2_code.")
    for part in ("long_lived", "renewal"):
        asked = getattr(oauth, part)
        if asked is not None and asked.token_parameter in (
            "grant_type",
            "client_id",
            "client_secret",
        ):
            words = f"“{asked.token_parameter}” is said by WedSync."
            yield Problem(f"auth.oauth.{part}.token_parameter", words)


def _taken_back(oauth: OAuth) -> Iterator[Problem]:
    asked = oauth.revoke
    if asked is None:
        return
    if not oauth.revoke_url:
        yield Problem("auth.oauth.revoke_url", "Say where a token is taken back.")
    if asked.form is not None and asked.json_ is not None:
        yield Problem("auth.oauth.revoke", "Give either a form or JSON, not both.")
    said = [oauth.revoke_url, asked.headers, asked.form, asked.json_]
    if f"secret.{oauth.revokes}" not in set(filling.names(said)):
        words = f"Name what is taken back: write {{secret.{oauth.revokes}}} where it goes."
        yield Problem("auth.oauth.revoke", words)


def _client_fields(auth: Auth, oauth: OAuth) -> Iterator[Problem]:
    wanted = {"client_id"} if oauth.client_auth == "none" else {"client_id", "client_secret"}
    for name in sorted(wanted - {field.name for field in auth.fields}):
        yield Problem("auth.fields", f"The client comes from the form, so add the field “{name}”.")


def _keys(manifest: Manifest) -> Iterator[Problem]:
    auth = manifest.auth
    if auth.kind == "api_key" and not _secrets(auth):
        yield Problem("auth.fields", "A connection by key needs a field of the kind secret.")
    places = (auth.headers, auth.query, auth.basic)
    if auth.kind == "api_key" and manifest.base_url and not any(places):
        yield Problem("auth.headers", "Say in which header the key is sent.")
    if auth.kind == "basic" and auth.basic is None and "password" not in _secrets(auth):
        yield Problem("auth.fields", "Add the fields “username” and, as a secret, “password”.")
    if auth.kind == "webhook_secret" and manifest.hooks is None:
        yield Problem(
            "hooks", "A connection by a shared secret only listens: say how they tell us."
        )


def _authorising(manifest: Manifest) -> Iterator[Problem]:
    """The places of what authorises a request."""
    auth = manifest.auth
    if auth.basic is not None and any(name.lower() == "authorization" for name in auth.headers):
        yield Problem("auth.basic", "The header Authorization is there already.")
    if auth.basic is not None and not _named([auth.basic.username, auth.basic.password]):
        yield Problem("auth.basic", "Say which field is the user name, and which the password.")
    for name in auth.query:
        if not _PARAMETER.fullmatch(name):
            yield Problem("auth.query", f"“{name}” cannot be the name of a parameter.")
    templates = [auth.headers, auth.query]
    if "account.id" in set(filling.names(templates)) and manifest.account is None:
        yield Problem("account", "{account.id} is what the account request finds: say how to ask.")


def _fields(auth: Auth) -> Iterator[Problem]:
    for index, field in enumerate(auth.fields):
        if (field.kind == "choice") != bool(field.choices):
            yield Problem(f"auth.fields.{index}.choices", "Choices belong to a field of that kind.")
        if field.kind == "secret" and field.default is not None:
            yield Problem(f"auth.fields.{index}.default", "A secret has no default.")


def _named(templates: Iterable[str]) -> bool:
    return any(name.startswith(("secret.", "settings.")) for name in filling.names(list(templates)))


def _secrets(auth: Auth) -> set[str]:
    return {field.name for field in auth.fields if field.kind == "secret"}
