"""How pages travel: compressed for whoever asks, as they are for everybody else."""

import gzip

import pytest

from tests.personas import Persona

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_page_is_compressed_for_a_browser(owner: Persona) -> None:
    page = owner.browser.get("/workflows/new", headers=GZIP)
    assert page.content_encoding == "gzip"
    assert page.content_length == len(page.data) < 10_000
    assert b"</html>" in gzip.decompress(page.data)
    assert "Accept-Encoding" in page.vary


@pytest.mark.parametrize("wanted", [None, "", "br", "gzip;q=0", "identity"])
def test_a_page_is_left_as_it_is_for_whoever_does_not_ask(
    owner: Persona, wanted: str | None
) -> None:
    headers = {} if wanted is None else {"Accept-Encoding": wanted}
    page = owner.browser.get("/workflows/new", headers=headers)
    assert page.content_encoding is None
    assert b"</html>" in page.data
    assert "Accept-Encoding" in page.vary


def test_what_is_no_page_is_left_as_it_is(owner: Persona) -> None:
    assert owner.api.get("/openapi.json", headers=GZIP).content_encoding is None
    assert owner.browser.get("/workflows/nothing", headers=GZIP).status_code == 404
    assert owner.browser.post("/workflows/new", headers=GZIP).content_encoding is None


def test_how_long_an_answer_is_does_not_tell_what_is_in_it(owner: Persona) -> None:
    lengths = {len(owner.browser.get("/workflows/new", headers=GZIP).data) for _ in range(12)}
    assert max(lengths) - min(lengths) > 16
