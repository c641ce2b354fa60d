"""Health and figures, looked at: with nothing, with everything well, with what does not work."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, text

from tests.browser.looking import look_at
from tests.live_site import LiveSite
from wedsync.rollups import counting

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# A week of tries: by day more, by night fewer, and since this morning some that do not work.
_WEEK = text(
    "INSERT INTO endings (organization_id, kind, subject_id, part, at, outcome, ms)"
    " SELECT :organization_id, :kind, :id, '', at, CASE WHEN n % 3 = 0 AND"
    "  at > clock_timestamp() - interval '5 hours' THEN 'maybe' ELSE 'ok' END,"
    " 40 + (n * 131) % 700 FROM generate_series(clock_timestamp() - interval '7 days',"
    "  clock_timestamp() - interval '1 minute', interval '20 minutes') at"
    " CROSS JOIN LATERAL generate_series(1, CAST(3 + 9 * sin(extract(hour FROM at) / 24 * pi())"
    "  AS int)) n"
)

_INCIDENT = text(
    "INSERT INTO incidents (organization_id, kind, subject, name, path, state, reason, opened_at,"
    " closed_at) SELECT organization_id, :kind, :subject, 'Olive & Thyme kitchen', '/webhooks',"
    " 'failing', '5 of 8 tries in the last ten minutes did not work.', '2026-04-27T15:02Z',"
    " CAST(:closed_at AS timestamptz) FROM endpoints WHERE id = :endpoint"
    " ON CONFLICT (organization_id, kind, subject) WHERE closed_at IS NULL DO NOTHING"
)


@pytest.fixture(scope="module")
def counted(site: LiveSite) -> Iterator[tuple[UUID, UUID]]:
    """An endpoint and a workflow of Lumen's with a week behind them."""
    endpoint = site.api("GET", "/endpoints")["data"][0]["id"]
    workflow = site.named("workflows", "Seat guests who accept")["id"]
    engine = create_engine(site.settings.database_url)
    with engine.begin() as connection:
        organization = connection.scalar(
            text("SELECT organization_id FROM endpoints WHERE id = :id"), {"id": endpoint}
        )
        for kind, subject in (("endpoint", endpoint), ("workflow", workflow)):
            given = {"organization_id": organization, "kind": kind, "id": subject}
            connection.execute(_WEEK, given)
        while counting.count(connection):
            pass
    yield UUID(endpoint), UUID(workflow)
    engine.dispose()


def test_health_with_a_week_behind_it(counted: tuple[UUID, UUID], imogen: Page) -> None:
    imogen.goto("/health")
    look_at(imogen, "health")
    figures = imogen.get_by_role("link", name="The figures of").first
    figures.focus()
    expect(figures).to_be_focused()
    figures.press("Enter")
    expect(imogen.get_by_role("heading", level=1)).to_contain_text("worked")
    look_at(imogen, "figures-of-a-day")


def test_figures_of_a_week_and_of_months(counted: tuple[UUID, UUID], imogen: Page) -> None:
    endpoint, workflow = counted
    imogen.goto(f"/analytics/endpoints/{endpoint}")
    imogen.get_by_role("link", name="7 days").click()
    expect(imogen.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "page")
    imogen.get_by_text("The numbers").click()
    expect(imogen.get_by_role("table")).to_be_visible()
    look_at(imogen, "figures-of-a-week")
    imogen.goto(f"/analytics/workflows/{workflow}?days=90")
    look_at(imogen, "figures-of-months", briefly=True)


def test_figures_of_nothing_say_where_to_look(site: LiveSite, imogen: Page) -> None:
    workflow = site.named("workflows", "Order the flowers")["id"]
    imogen.goto(f"/analytics/workflows/{workflow}")
    expect(imogen.get_by_role("heading", level=1)).to_have_text("Nothing to judge it by")
    look_at(imogen, "figures-of-nothing")


def test_the_numbers_can_be_kept_as_a_file(counted: tuple[UUID, UUID], imogen: Page) -> None:
    imogen.goto(f"/analytics/endpoints/{counted[0]}?days=7")
    with imogen.expect_download() as download:
        imogen.get_by_role("link", name="CSV").click()
    written = download.value.path().read_text().splitlines()
    assert written[0] == "at,tried,succeeded,failed,put_off,half_ms,p95_ms,p99_ms"
    assert len(written) == 7 * 24 + 2


def test_what_is_over_stands_below_what_goes_on(
    counted: tuple[UUID, UUID], site: LiveSite, imogen: Page
) -> None:
    endpoint, workflow = counted
    engine = create_engine(site.settings.database_url)
    with engine.begin() as connection:
        for kind, subject, closed_at in (
            ("workflow", workflow, None),  # unless the clock was there before
            ("endpoint", endpoint, "2026-04-27T15:31Z"),
        ):
            given = {"kind": kind, "subject": str(subject), "closed_at": closed_at}
            connection.execute(_INCIDENT, given | {"endpoint": endpoint})
    engine.dispose()
    imogen.goto("/health")
    expect(imogen.get_by_role("heading", name="Earlier")).to_be_visible()
    look_at(imogen, "health-with-an-incident")
    imogen.get_by_role("link", name="All", exact=True).click()
    look_at(imogen, "health-earlier")
