"""Where their service answers, and how a vendor lets us in: with a key, or at their sign-in page.

Ways of connecting that the form does not know (`basic`, client credentials, several fields) are
kept as the file says them.
"""

from collections.abc import Mapping
from typing import Any

from wtforms import PasswordField, RadioField, SelectField
from wtforms.widgets import PasswordInput

from wedsync.catalog.editor.document import at, parts_at, put, put_all, text_at
from wedsync.catalog.editor.fields import PartForm, line, lines_of, stripped, text
from wedsync.errors import FieldError, Invalid

KINDS = {
    "api_key": "With a key the vendor pastes in",
    "oauth2_code": "By signing in at your page (OAuth2)",
    "none": "Without signing in",
    "file": "As the file says",
}
CLIENT_AUTHS = {
    "basic": "in the header Authorization (Basic)",
    "post": "in the body",
    "none": "not at all: a public client with PKCE",
}
_KEY_FIELD = "api_key"
_SLOT = "{secret.api_key}"
_BEARER = {"Authorization": "Bearer {secret.access_token}"}


class ConnectingForm(PartForm):
    template = "catalog/edit_connecting.html"
    title = "How it connects"

    base_url = line("Where your service answers")
    kind = RadioField("How a vendor connects", choices=KINDS, default="api_key")
    key_title = line("What the key is called")
    key_help = line("Where the vendor finds it")
    header_name = line("Header the key is sent in")
    header_value = line("What stands in it")
    authorize_url = line("Page where the vendor agrees")
    token_url = line("Where tokens are handed out")
    revoke_url = line("Where tokens are taken back")
    scopes = text("What you are asked for")
    client_auth = SelectField("How our client shows who it is", choices=CLIENT_AUTHS)
    client_id = line("Client id")
    client_secret = PasswordField(
        "Client secret", filters=[stripped], widget=PasswordInput(hide_value=False)
    )
    account_path = line("Path that tells whose account it is")
    account_id = line("Where its id stands")
    account_name = line("Where its name stands")

    @classmethod
    def of(cls, document: Mapping[str, Any], place: int | None = None) -> "ConnectingForm":
        kind = text_at(document, "auth.kind")
        field = next(iter(parts_at(document, "auth.fields")), {})
        headers = _headers(document) if kind == "api_key" else {}
        header = next(iter(headers.items()), ("Authorization", f"Bearer {_SLOT}"))
        return cls(
            data={
                "base_url": text_at(document, "base_url"),
                "kind": kind if kind in KINDS and _is_simple(document) else "file",
                "key_title": text_at(field, "title"),
                "key_help": text_at(field, "help"),
                "header_name": header[0],
                "header_value": header[1],
                "authorize_url": text_at(document, "auth.oauth.authorize_url"),
                "token_url": text_at(document, "auth.oauth.token_url"),
                "revoke_url": text_at(document, "auth.oauth.revoke_url"),
                "scopes": _scope_lines(document),
                "client_auth": text_at(document, "auth.oauth.client_auth") or "basic",
                "account_path": text_at(document, "account.request.path"),
                "account_id": text_at(document, "account.id_path"),
                "account_name": text_at(document, "account.name_path"),
            }
        )

    def into(self, document: Mapping[str, Any], place: int | None = None) -> dict[str, Any]:
        changed = put_all(
            document, {"base_url": self.base_url.data, "account": self._account(document)}
        )
        if self.kind.data == "file":
            return changed
        return {**changed, "auth": self._auth(document)}

    def _account(self, document: Mapping[str, Any]) -> dict[str, Any] | None:
        if not self.account_path.data:
            return None
        kept = at(document, "account.request")
        request = kept if isinstance(kept, dict) else {"method": "GET"}
        return {
            "request": {**request, "path": self.account_path.data},
            "id_path": self.account_id.data,
            "name_path": self.account_name.data,
        }

    def _auth(self, document: Mapping[str, Any]) -> dict[str, Any]:
        if self.kind.data == "api_key":
            return self._by_key()
        return self._by_oauth(document) if self.kind.data == "oauth2_code" else {"kind": "none"}

    def _by_key(self) -> dict[str, Any]:
        field = {"name": _KEY_FIELD, "title": self.key_title.data, "kind": "secret"}
        return {
            "kind": "api_key",
            "fields": [put(field, "help", self.key_help.data)],
            "headers": {self.header_name.data: self.header_value.data},
        }

    def _by_oauth(self, document: Mapping[str, Any]) -> dict[str, Any]:
        kept = at(document, "auth.oauth")
        said = {
            "authorize_url": self.authorize_url.data,
            "token_url": self.token_url.data,
            "revoke_url": self.revoke_url.data,
            "scopes": [_scope(entry, document) for entry in lines_of(self.scopes)],
            "client_auth": self.client_auth.data,
            "client_from": "listing",
        }
        oauth = put_all(kept if isinstance(kept, dict) else {}, said)
        headers = _headers(document) if text_at(document, "auth.kind") == "oauth2_code" else {}
        return {"kind": "oauth2_code", "oauth": oauth, "headers": headers or _BEARER}


def _headers(document: Mapping[str, Any]) -> dict[str, str]:
    """The headers that authorise; none where the document says something else there."""
    found = at(document, "auth.headers")
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        return {}
    return found


def _is_simple(document: Mapping[str, Any]) -> bool:
    """Whether the form can say all that the document says of authorising."""
    fields = parts_at(document, "auth.fields")
    named = [text_at(field, "name") for field in fields]
    source = text_at(document, "auth.oauth.client_from") or "listing"
    elsewhere = at(document, "auth.query") or at(document, "auth.basic")
    one_header = len(_headers(document)) <= 1 and not elsewhere
    return named in ([], [_KEY_FIELD]) and one_header and source == "listing"


def _scope_lines(document: Mapping[str, Any]) -> str:
    scopes = parts_at(document, "auth.oauth.scopes")
    return "\n".join(f"{text_at(each, 'name')}: {text_at(each, 'words')}" for each in scopes)


def _scope(entry: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """`guests.read: See your guests`; a scope's own colons stand before the last `: `. What the
    file says of it beside that stays."""
    name, colon, words = entry.partition(": ")
    if not (colon and name.strip() and words.strip()):
        problem = f"Write “{entry}” as the scope, a colon and what it means in plain words."
        raise Invalid(problem, errors=[FieldError("/scopes", "scope", problem)])
    before = {text_at(each, "name"): each for each in parts_at(document, "auth.oauth.scopes")}
    return {**before.get(name.strip(), {}), "name": name.strip(), "words": words.strip()}
