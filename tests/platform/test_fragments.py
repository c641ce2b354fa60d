"""Templates that import one another with their context."""

from collections import Counter

from jinja2 import DictLoader, Environment

from wedsync.platform.fragments import IMPORTED, PageTemplate

TEMPLATES = {
    "page": '{% from "part" import part with context %}{% from "word" import word with context %}'
    "{{ part() }} {{ word() }}",
    "part": '{% from "word" import word with context %}'
    "{% macro part() %}<{{ word() }}>{% endmacro %}",
    "word": "{{ made() }}{% macro word() %}{{ said }}{% endmacro %}",
}


def rendered(**context: object) -> tuple[str, int]:
    pages = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    pages.template_class = PageTemplate
    made: Counter[str] = Counter()
    page = pages.get_template("page").render(made=lambda: made.update(["word"]), **context)
    return page, made["word"]


def test_an_answer_that_asks_for_it_makes_each_template_it_imports_once() -> None:
    assert rendered(said="Hello", **{IMPORTED: {}}) == ("<Hello> Hello", 1)


def test_others_make_them_as_often_as_they_import_them() -> None:
    assert rendered(said="Hello") == ("<Hello> Hello", 2)


def test_another_answer_says_its_own() -> None:
    pages = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    pages.template_class = PageTemplate
    page = pages.get_template("page")
    said = [page.render(made=str, said=word, **{IMPORTED: {}}) for word in ("One", "Two")]
    assert said == ["<One> One", "<Two> Two"]
