"""The addresses of the authorization server."""

import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, g, jsonify, make_response, render_template, request

from wedsync.sandbox import answers
from wedsync.sandbox.oauth.grants import SCOPES, Account
from wedsync.sandbox.practice import practice
from wedsync.sandbox.refusals import Refusal

bp = Blueprint("oauth", __name__)
Answer = Response | tuple[str, int]


@bp.get("/.well-known/oauth-authorization-server")
def metadata() -> Response:
    """RFC 8414, 2."""
    issuer = practice().settings.url
    methods = ["client_secret_basic", "client_secret_post"]
    return jsonify(
        issuer=issuer,
        authorization_endpoint=f"{issuer}/oauth/authorize",
        token_endpoint=f"{issuer}/oauth/token",
        revocation_endpoint=f"{issuer}/oauth/revoke",
        scopes_supported=list(SCOPES),
        response_types_supported=["code"],
        response_modes_supported=["query"],
        grant_types_supported=["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported=methods,
        revocation_endpoint_auth_methods_supported=methods,
        code_challenge_methods_supported=["S256"],
        authorization_response_iss_parameter_supported=True,
    )


@bp.route("/oauth/authorize", methods=["GET", "POST"])
def authorize() -> Answer:
    """Ask the person; a client or redirect URI nobody knows gets a page, never a redirect."""
    server = practice().oauth
    client = practice().clients.find(request.args.get("client_id"))
    if client is None or not client.check_redirect_uri(request.args.get("redirect_uri", "")):
        return answers.trouble_page(
            "This request cannot be answered",
            "Petal Practice does not know the app that asks, or the address it wants you back at.",
        )
    try:
        grant = server.get_consent_grant(request)
    except OAuth2Error as error:
        error.redirect_uri = request.args["redirect_uri"]
        return server.error_answer(error)
    except ValueError:  # Authlib repeats what was asked, and some characters may not be repeated
        return answers.trouble_page("This request cannot be answered", "It asks for odd things.")
    broken = _broken(grant)
    if broken is not None:
        return broken
    return _decided(grant) if request.method == "POST" else _consent(grant)


@bp.post("/oauth/token")
def token() -> Response:
    faults = practice().switches
    fault = faults.take("token")
    if fault in {"500", "429", "html"}:
        return answers.faulty(fault)
    if request.args:
        body = {"error": "invalid_request", "error_description": "Use the body."}
        return _json(body, HTTPStatus.BAD_REQUEST)
    with practice().store.transaction():
        response = _tokens()
    time.sleep(faults.now.token_slow_s)
    g.drop = fault == "drop"
    return response


@bp.post("/oauth/revoke")
def revoke() -> Response:
    with practice().store.transaction():
        response: Response = practice().oauth.create_endpoint_response("revocation")
    return response


def _tokens() -> Response:
    try:
        response: Response = practice().oauth.create_token_response()
    except ValueError:  # as above
        return _json({"error": "unsupported_grant_type"}, HTTPStatus.BAD_REQUEST)
    return response


def _broken(grant: Any) -> Answer | None:
    """The consent page's own faults."""
    fault = practice().switches.now.consent_answers
    if fault == "error_page":
        return answers.trouble_page(
            "Petal Practice cannot show this page",
            "Something on our side is broken, because the faults page says so.",
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
    if fault == "server_error":
        return practice().oauth.error_answer(
            OAuth2Error(
                error="server_error",
                description="Something broke at Petal Practice.",
                redirect_uri=grant.redirect_uri,
                state=grant.request.payload.state,
            )
        )
    return None


def _consent(grant: Any, trouble: str = "") -> Response:
    """The page; its form leads to the client in the end, so the policy lets it."""
    asked = grant.request.scope.split()
    page = make_response(
        render_template(
            "sandbox/consent.html",
            client=grant.client.client,
            back_to=urlsplit(grant.redirect_uri).netloc,
            accounts=practice().guests.accounts(),
            scopes=[(scope, SCOPES[scope]) for scope in asked],
            trouble=trouble,
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK,
    )
    back = urlsplit(grant.redirect_uri)
    g.form_targets = f"{back.scheme}://{back.netloc}"
    return page


def _decided(grant: Any) -> Response:
    server = practice().oauth
    allowed = request.form.get("decision") == "allow"
    if allowed and not server.granted_scope(grant.request.scope):
        return _consent(grant, "Leave at least one permission ticked, or choose Deny.")
    account = _account() if allowed else None
    with practice().store.transaction():
        response = server.create_authorization_response(grant_user=account, grant=grant)
    return server.with_issuer(response)


def _account() -> Account:
    chosen = request.form.get("account", "")
    if chosen not in {account["id"] for account in practice().guests.accounts()}:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", "Choose an account first.")
    return Account(chosen)


def _json(body: dict[str, Any], status: int) -> Response:
    return make_response(body, status)
