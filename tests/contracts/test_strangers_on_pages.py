"""No page shows a stranger anything: every route is asked for with somebody else's objects."""

import pytest
from apiflask import APIFlask

from tests.contracts.crossing import address, everything_of, page_rules
from tests.contracts.objects import NOUNS, Objects
from tests.personas import Persona, make_organization, make_persona

pytestmark = pytest.mark.usefixtures("built_in_listings")

FORMS: dict[str, dict[str, str]] = {
    "accounts.change_role": {"role": "viewer"},
    "workflows.decide_run": {"choice": "skip"},
}
"""What a page's form needs before it looks for its object."""

SHARED = {"slug", "recipe_key", "service"}
"""What names something everybody sees: a published integration, a ready-made workflow, a host."""


def test_a_page_that_names_an_object_does_not_find_somebody_elses(
    app: APIFlask, owner: Persona, objects: Objects
) -> None:
    before = everything_of(app, owner.organization_id)
    wrong = []
    for rule, method in page_rules(app):
        if rule.arguments - SHARED:
            stranger = somebody(app)
            answer = stranger.browser.open(
                address(app, rule, objects), method=method, data=FORMS.get(rule.endpoint)
            )
            if answer.status_code != 404 or objects.mark in answer.text:
                wrong.append((method, rule.rule, answer.status_code))
    assert not wrong, "A form that is read before its object is found needs a line in FORMS."
    assert everything_of(app, owner.organization_id) == before


@pytest.mark.timeout(240)
def test_the_owner_reaches_each_of_those_pages(app: APIFlask) -> None:
    """Otherwise a 404 above would prove nothing. They are an admin too, for the admins' pages."""
    for rule, method in page_rules(app):
        if rule.arguments:
            owner = somebody(app, "Rosewood Weddings", is_admin=True)
            answer = owner.browser.open(
                address(app, rule, Objects(app, owner)),
                method=method,
                data=FORMS.get(rule.endpoint),
            )
            assert answer.status_code < 400 or answer.status_code in (409, 422), rule.rule


def test_no_page_shows_anything_of_somebody_else(
    app: APIFlask, owner: Persona, objects: Objects
) -> None:
    """Whatever is asked for in the address, and whatever a form names."""
    before = everything_of(app, owner.organization_id)
    asked = {f"{noun}{end}": getattr(objects, noun) for noun in NOUNS for end in ("", "_id")}
    asked["before"] = objects.run
    for rule, method in page_rules(app):
        if rule.arguments - SHARED:
            continue
        stranger = somebody(app)
        where = {"query_string": asked} if method == "GET" else {"data": asked}
        answer = stranger.browser.open(address(app, rule, objects), method=method, **where)
        assert answer.status_code < 500, rule.rule
        assert objects.mark not in answer.text, rule.rule
    assert everything_of(app, owner.organization_id) == before


def somebody(
    app: APIFlask, business: str = "Lumen Photography", *, is_admin: bool = False
) -> Persona:
    """A new person each time, because a page may sign them out."""
    return make_persona(app, make_organization(app, business), name="Marek", is_admin=is_admin)
