"""The guide for partners, `docs/webhooks.md`, as a page that anybody may read."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from flask import Response
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from wedsync.platform.fragments import render
from wedsync.settings import CHECKOUT
from wedsync.webhooks.views.routes import pages

_GUIDE = CHECKOUT / "docs" / "webhooks.md"


@pages.get("/guides/webhooks")
def guide() -> Response:
    """What whoever receives our webhooks should know."""
    return render("webhooks/guide.html", guide=_html())


@cache
def _html() -> Markup:
    read = MarkdownIt("commonmark", {"html": False}).enable("table")
    read.add_render_rule("fence", _code)
    return Markup(read.render(_GUIDE.read_text()))  # noqa: S704 - ours, and no HTML passes


def _code(_renderer: RendererHTML, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    """Code that is wider than a phone is moved along by keyboard too."""
    said = escape(tokens[index].content)
    return f'<pre class="ws-code" tabindex="0" role="group" aria-label="Example">{said}</pre>'
