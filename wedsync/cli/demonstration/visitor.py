"""Somebody with a browser, less the browser: follows links, fills in forms, keeps cookies.

Speaks to this installation and to the practice partner as a person would, so that what it can do
a person can do without JavaScript.
"""

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

from wedsync.cli import Unusable

_TIMEOUT_S = 15


@dataclass(slots=True)
class Form:
    """A form as it stands on its page: where it goes, and what it would send untouched."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Page:
    """What a visit came to: the address it ended at, its text without tags, its forms and links."""

    url: str
    status: int
    text: str
    forms: list[Form]
    links: list[str]

    def link(self, part: str) -> str:
        """The address of the first link with `part` in it. Raises Unusable without one."""
        found = next((url for url in self.links if part in url), None)
        if found is None:
            raise Unusable(f"There is no link to {part} at {self.url}: {self.text[:300]}")
        return found

    def form(self, end: str) -> Form:
        """The form, or the button of one, that goes to a path with this end. Raises Unusable
        without one."""
        found = next((form for form in self.forms if _path(form).endswith(end)), None)
        if found is None:
            raise Unusable(f"There is no form for {end} at {self.url}: {self.text[:300]}")
        return found


class Visitor:
    """One person's visits, their cookies kept. Raises Unusable when nobody answers."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        jar = http.cookiejar.CookieJar()
        # The pages are on this machine; a proxy of the environment would lead elsewhere.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar)
        )

    def visit(self, url: str) -> Page:
        """The page at `url`, which may be a path, after its redirects."""
        absolute = urllib.parse.urljoin(self._base_url, url)
        return self._open(urllib.request.Request(absolute))  # noqa: S310 - pages we were shown

    def submit(self, page: Page, end: str, **typed: str) -> Page:
        """Fill in the form of `page` that goes to a path with this end, and send it."""
        form = page.form(end)
        data = urllib.parse.urlencode({**form.values, **typed}, doseq=True)
        if form.method == "get":
            return self.visit(f"{form.action}?{data}")
        headers = {"Referer": page.url}
        request = urllib.request.Request(form.action, data.encode(), headers)  # noqa: S310
        return self._open(request)

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                return _page(answer.url, answer.status, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return _page(error.url, error.code, error.read())
        except OSError as error:
            host = urllib.parse.urlsplit(request.full_url).netloc
            raise Unusable(f"{host} stopped answering ({type(error).__name__}).") from error


def _path(form: Form) -> str:
    return urllib.parse.urlsplit(form.action).path


def _page(url: str, status: int, body: bytes) -> Page:
    reader = _Reader(url)
    reader.feed(body.decode("utf-8", "replace"))
    text = " ".join(" ".join(reader.words).split())
    return Page(url, status, text, reader.forms, reader.links)


class _Reader(HTMLParser):
    """Reads forms, links and words; select lists give what is selected, else their first."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.words: list[str] = []
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._by_id: dict[str, Form] = {}
        self._inside: Form | None = None
        self._select: str | None = None
        self._area: str | None = None
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = Form(self._whole(has.get("action")), has.get("method", "get").lower())
            self.forms.append(self._inside)
            self._by_id[has.get("id", "")] = self._inside
        elif tag == "a":
            self.links.append(self._whole(has.get("href")))
        elif tag in ("script", "style", "template"):
            self._hidden += 1
        else:
            form = self._by_id[has["form"]] if "form" in has else self._inside
            if form is not None:
                self._field(form, tag, has)

    def _field(self, form: Form, tag: str, has: dict[str, str]) -> None:
        name = has.get("name", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in has or self._select not in form.values:
                form.values[self._select] = [has.get("value", "")]
        elif tag == "textarea":
            self._area = name
            form.values[name] = [""]
        elif tag == "button" and "formaction" in has:
            # Another way to send the same fields.
            self.forms.append(Form(self._whole(has["formaction"]), form.method, form.values))
        elif tag == "input" and name and _is_sent(has):
            given = has.get("value", "on" if has.get("type") == "checkbox" else "")
            form.values.setdefault(name, []).append(given)

    def _whole(self, address: str | None) -> str:
        """An address of the page as a whole; none, or an empty one, is the page's own."""
        return urllib.parse.urldefrag(urllib.parse.urljoin(self._url, address or "")).url

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None
        elif tag in ("script", "style", "template"):
            self._hidden = max(0, self._hidden - 1)

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        if self._area and self._inside is not None:
            self._inside.values[self._area][0] += data
        elif data.strip():
            self.words.append(data.strip())


def _is_sent(has: dict[str, str]) -> bool:
    kind = has.get("type", "text")
    if kind in ("submit", "button", "image", "file"):
        return False
    return kind not in ("checkbox", "radio") or "checked" in has
