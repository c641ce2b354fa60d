"""V10.2: forged answers, mixed-up providers, and no more permissions than are needed."""

import hashlib
from base64 import urlsafe_b64encode

import pytest
from apiflask import APIFlask

from tests.connections.lone_provider import CLIENT_SECRET, CODE, Listed, listed
from tests.connections.ways import only
from tests.personas import Persona
from wedsync import connectors
from wedsync.connectors.manifest import Manifest


@pytest.mark.parametrize("state", ["", "made-up", "\x00", "%", "é" * 40, "x" * 4_096])
def test_v10_2_1_an_answer_that_nobody_here_asked_for_asks_nobody_for_a_token(
    editor: Persona, connector: Listed, state: str
) -> None:
    connector.leave(editor)
    answer = connector.back(editor, state=state, code=CODE)
    assert answer.status_code == 422
    assert connector.provider.tokens_asked() == []


def test_v10_2_1_a_page_elsewhere_cannot_bring_its_own_code(
    app: APIFlask, editor: Persona, stranger: Persona, connector: Listed
) -> None:
    """Whoever is lured to the way back with somebody else's answer connects nothing."""
    theirs = connector.leave(stranger)["state"]
    assert connector.back(editor, state=theirs, code="code-of-a-stranger").status_code == 422
    assert connector.provider.tokens_asked() == []
    connector.back(stranger, state=theirs, code=CODE)
    assert only(app, stranger).state == "active"


def test_v10_2_1_the_verifier_that_is_sent_is_the_one_that_was_announced(
    editor: Persona, connector: Listed
) -> None:
    asked = connector.leave(editor)
    assert asked["code_challenge_method"] == "S256"
    connector.back(editor, state=asked["state"], code=CODE)
    (sent,) = connector.provider.tokens_asked()
    digest = hashlib.sha256(sent.form()["code_verifier"].encode()).digest()
    assert urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert sent.form()["redirect_uri"] == asked["redirect_uri"]


def test_v10_2_1_an_answer_comes_once(app: APIFlask, editor: Persona, connector: Listed) -> None:
    state = connector.leave(editor)["state"]
    assert connector.back(editor, state=state, code=CODE).status_code == 303
    assert connector.back(editor, state=state, code=CODE).status_code == 422
    assert len(connector.provider.tokens_asked()) == 1
    assert only(app, editor).state == "active"


def test_v10_2_2_an_answer_of_one_provider_is_never_given_to_another(
    app: APIFlask, editor: Persona, connector: Listed
) -> None:
    with listed(app) as honest:
        ours, theirs = connector.leave(editor), honest.leave(editor)
        assert ours["redirect_uri"] != theirs["redirect_uri"]
        # A code of the honest one comes back at its own address, under a visit to the other.
        assert honest.back(editor, state=ours["state"], code=CODE).status_code == 422
        assert connector.provider.tokens_asked() == honest.provider.tokens_asked() == []


@pytest.mark.parametrize("answer", [{}, {"iss": ""}, {"iss": "https://evil.example"}])
def test_v10_2_2_who_names_an_issuer_is_answered_by_nobody_else(
    app: APIFlask, editor: Persona, answer: dict[str, str]
) -> None:
    with listed(app, issuer="https://fern.example") as found:
        state = found.leave(editor)["state"]
        assert found.back(editor, state=state, code=CODE, **answer).status_code == 303
        assert only(app, editor).reason["code"] == "issuer_mismatch"
        assert found.provider.tokens_asked() == []
        for almost in ("https://fern.example/", "https://FERN.example", "https://fern.example "):
            again = found.leave(editor)["state"]
            found.back(editor, state=again, code=CODE, iss=almost)
            assert found.provider.tokens_asked() == []


def test_v10_2_2_the_issuer_that_was_named_is_taken(app: APIFlask, editor: Persona) -> None:
    with listed(app, issuer="https://fern.example") as found:
        found.connect(editor, iss="https://fern.example")
        assert only(app, editor).state == "active"


def test_v10_2_2_a_denial_of_another_issuer_says_nothing_either(
    app: APIFlask, editor: Persona
) -> None:
    with listed(app, issuer="https://fern.example") as found:
        state = found.leave(editor)["state"]
        found.back(editor, state=state, error="access_denied", iss="https://evil.example")
        assert only(app, editor).reason["code"] == "issuer_mismatch"


def test_v10_2_3_what_is_asked_for_is_what_the_manifest_lists(
    editor: Persona, connector: Listed
) -> None:
    asked = connector.leave(editor)
    assert asked["scope"] == "guests.read"
    expected = {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
    }
    assert set(asked) == expected
    assert CLIENT_SECRET not in str(asked)


@pytest.mark.parametrize("slug", sorted(connectors.manifests()))
def test_v10_2_3_a_built_in_connector_asks_for_nothing_it_does_without(slug: str) -> None:
    manifest = connectors.manifests()[slug]
    listed_scopes = (
        {scope.name for scope in manifest.auth.oauth.scopes} if manifest.auth.oauth else set()
    )
    assert listed_scopes <= needed(manifest)


def needed(manifest: Manifest) -> set[str]:
    """The permissions that what it offers says it needs; of webhooks, that of being told."""
    parts = (*manifest.actions, *manifest.streams, *manifest.choices)
    told = {"webhooks"} if manifest.hooks else set()
    return {scope for part in parts for scope in part.scopes} | told
