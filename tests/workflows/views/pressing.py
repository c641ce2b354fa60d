"""The forms of a page, as a browser without script would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

Fields = list[tuple[str, str]]


@dataclass
class Form:
    """A form: where it is sent and what stands in it; `buttons` are what can be pressed, each with
    what it adds, and where it sends the form instead."""

    action: str
    method: str
    fields: Fields = field(default_factory=list)
    buttons: list[tuple[str, Fields]] = field(default_factory=list)

    @property
    def gesture(self) -> str:
        return urlsplit(self.action).path.rpartition("/")[2]


class Forms(HTMLParser):
    """Every form of a page, also what belongs to it from elsewhere (`form="…"`)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self._by_id: dict[str, Form] = {}
        self._open: Form | None = None
        self._all: list[Form] = []
        self._away: list[tuple[str, str, dict[str, str]]] = []
        self._select: tuple[dict[str, str], list[str]] | None = None
        self._text: tuple[dict[str, str], str] | None = None
        self.feed(html)
        for owner, tag, found in self._away:
            if owner in self._by_id:
                _put(self._by_id[owner], tag, found)

    @property
    def posted(self) -> list[Form]:
        return [each for each in self._all if each.method == "post"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "form":
            self._open = Form(found.get("action", ""), found.get("method", "get").lower())
            self._all.append(self._open)
            if "id" in found:
                self._by_id[found["id"]] = self._open
        elif tag == "select":
            self._select = (found, [])
        elif tag == "option" and self._select is not None:
            self._select[1].insert(0 if "selected" in found else 9_999, found.get("value", ""))
        elif tag == "textarea":
            self._text = (found, "")
        elif tag in ("input", "button"):
            self._keep(tag, found)

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text = (self._text[0], self._text[1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select" and self._select is not None:
            found, options = self._select
            self._keep("select", {**found, "value": options[0] if options else ""})
            self._select = None
        elif tag == "textarea" and self._text is not None:
            found, text = self._text
            self._keep("textarea", {**found, "value": text.removeprefix("\n")})
            self._text = None

    def _keep(self, tag: str, found: dict[str, str]) -> None:
        if "disabled" in found:
            return
        if "form" in found:
            self._away.append((found["form"], tag, found))
        elif self._open is not None:
            _put(self._open, tag, found)


def _put(form: Form, tag: str, found: dict[str, str]) -> None:
    said = [(found["name"], found.get("value", ""))] if found.get("name") else []
    if tag == "button":
        form.buttons.append((found.get("formaction") or form.action, said))
    elif found.get("type") not in ("checkbox", "radio") or "checked" in found:
        form.fields += said
