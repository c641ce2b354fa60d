"""One route, two answers: the whole page, or the block an htmx request asked for.

A block is answered only to a partial htmx request (front-end notes: `HX-Request-Type`), so that a
history restore or a `body` target gets a page it can stand on.
"""

from collections.abc import Mapping
from typing import Any, cast

from flask import Flask, Response, make_response, render_template, request
from htmx_flask.requests import HtmxAwareRequest
from jinja2 import Template
from jinja2.environment import TemplateModule
from jinja2_fragments.flask import render_block


class PageRequest(HtmxAwareRequest):  # type: ignore[misc]  # the library ships no types
    """Flask's request with what htmx 4 sends. Header values are the client's word, not facts."""

    @property
    def wants_fragment(self) -> bool:
        return bool(self.htmx) and self.headers.get("HX-Request-Type") == "partial"


IMPORTED = "imported_once"
"""The name of a context whose templates import one another with it, each made once: a dict."""


class PageTemplate(Template):
    """A template of which an answer that is made of many small ones makes but one module, however
    many of them import it with their context."""

    def make_module(
        self,
        vars: dict[str, Any] | None = None,  # noqa: A002 - Jinja's name
        shared: bool = False,
        locals: Mapping[str, Any] | None = None,  # noqa: A002 - Jinja's name
    ) -> TemplateModule:
        made: dict[str | None, TemplateModule] | None = (vars or {}).get(IMPORTED)
        if made is None:
            return super().make_module(vars, shared, locals)
        if self.name not in made:
            made[self.name] = super().make_module(vars, shared, locals)
        return made[self.name]


def register(app: Flask) -> None:
    """Have templates made as such."""
    app.jinja_env.template_class = PageTemplate


def wants_fragment() -> bool:
    """Whether this request asks for a part of a page."""
    return cast(PageRequest, request).wants_fragment


def render(template: str, block: str = "main", *, status: int = 200, **context: Any) -> Response:
    """Render `template`, or only `block` of it when a fragment was asked for."""
    if wants_fragment():
        html = render_block(template, block, **context)
    else:
        html = render_template(template, **context)
    response = make_response(html, status)
    response.headers["Vary"] = "HX-Request, HX-Request-Type"
    response.headers["Cache-Control"] = "no-store"
    return response
