"""The other way to show a message: its plain text as a quiet HTML page.

Styles stand in the elements, in the light colours of `static/css/tokens.css`: mail programs read no
style sheets. Nothing is loaded from anywhere, so opening a message tells nobody.
"""

import re
from html import escape

_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
_LINK = re.compile(r"https?://[^\s<>\"“”]+")
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title></head>'
    '<body style="margin:0;padding:24px;background:#FBF8F1;color:#1E2420;'
    'font:16px/1.55 -apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif">'
    '<div style="max-width:560px;margin:0 auto;padding:28px;background:#FFFEFB;'
    'border:1px solid #E5DECF;border-radius:14px">{paragraphs}</div></body></html>\n'
)
_PARAGRAPH = '<p style="margin:0 0 16px">{}</p>'
_BUTTON = (
    '<p style="margin:8px 0 24px"><a href="{link}" style="color:#1F5B46;font-weight:600;'
    'overflow-wrap:anywhere">{link}</a></p>'
)


def html_of(subject: str, text: str, public_url: str) -> str:
    """`text` as HTML: its paragraphs and its line breaks, and each paragraph that is nothing but
    an address of ours (below `public_url`) made into a link. Whatever else looks like an address
    somebody may have typed, so it stays text."""
    paragraphs = (part.strip() for part in _PARAGRAPHS.split(text.replace("\r\n", "\n")))
    shown = "".join(_paragraph(part, public_url) for part in paragraphs if part)
    return _PAGE.format(title=escape(subject), paragraphs=shown)


def _paragraph(text: str, public_url: str) -> str:
    if _LINK.fullmatch(text) and text.startswith(public_url.rstrip("/") + "/"):
        return _BUTTON.format(link=escape(text))
    return _PARAGRAPH.format(escape(text, quote=False).replace("\n", "<br>\n"))
