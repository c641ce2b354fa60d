"""What somebody reads on a page: its words without the markup."""

import html
import re

from werkzeug.test import TestResponse

_UNREAD = re.compile(r"<(script|style|template)\b.*?</\1>|<!--.*?-->", re.S)
_BLOCKS = re.compile(r"</?(?!(?:span|b|a|i|svg|use|small|time|code)\b)[a-z][^>]*>")
_TAGS = re.compile(r"<[^>]+>")


def words_of(response: TestResponse) -> str:
    """The words of a page in reading order, one space between them."""
    text = _UNREAD.sub(" ", response.get_data(as_text=True))
    text = _TAGS.sub("", _BLOCKS.sub(" ", text))
    return " ".join(html.unescape(text).split())
