"""Where a page's files are, and that they arrive compressed, typed and kept."""

import gzip

import pytest
from flask import Flask
from flask.testing import FlaskClient

from wedsync.platform import assets


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__, static_folder=None)
    assets.register_static(app)
    return app.test_client()


def test_an_address_holds_the_hash_of_the_content_and_may_be_kept_for_ever(
    client: FlaskClient,
) -> None:
    url = assets.asset_url("css/tokens.css")
    answer = client.get(url)
    assert url.startswith("/static/vendor/tokens.")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/css; charset=utf-8"
    assert answer.data == (assets.STATIC / "css/tokens.css").read_bytes()


def test_the_best_compressed_copy_that_the_browser_takes_is_sent(client: FlaskClient) -> None:
    url = assets.asset_url("htmx.js")
    brotli = client.get(url, headers={"Accept-Encoding": "gzip, deflate, br"})
    zipped = client.get(url, headers={"Accept-Encoding": "gzip, br;q=0"})
    plain = client.get(url)
    assert brotli.headers["Content-Encoding"] == "br"
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert {reply.headers["Vary"] for reply in (brotli, zipped, plain)} == {"Accept-Encoding"}
    assert brotli.content_type == "text/javascript; charset=utf-8"


def test_a_file_outside_the_build_keeps_its_name_and_is_asked_for_each_time(
    client: FlaskClient,
) -> None:
    url = assets.asset_url("favicon.svg")
    answer = client.get(url)
    again = client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert url == "/static/favicon.svg"
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["../app.py", "vendor/../../app.py", "nothing.css", "vendor"])
def test_nothing_but_files_below_static_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_a_name_nobody_built_says_what_to_do() -> None:
    with pytest.raises(assets.AssetsMissingError, match="make setup"):
        assets.asset_url("nowhere.js")


def test_every_built_text_has_both_compressed_copies() -> None:
    built = {path.name for path in assets.MANIFEST.parent.iterdir()}
    texts = {name for name in built if name.endswith((".css", ".js", ".svg"))}
    assert texts
    assert {name + suffix for name in texts for suffix in (".br", ".gz")} <= built
