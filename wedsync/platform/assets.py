"""The files a page loads: their addresses, and how they are served.

`npm run build` puts every stylesheet, script, font and the icon sprite into `static/vendor/` under
a name that holds its content's hash, and beside it a brotli and a gzip copy; `manifest.json` there
leads from the plain name to the hashed one. So those files may be kept for ever, and nothing is
compressed while somebody waits.
"""

import json
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort, request, send_file
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header
from werkzeug.security import safe_join

STATIC = Path(__file__).resolve().parents[2] / "static"
MANIFEST = STATIC / "vendor" / "manifest.json"
_KEEP_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "public, no-cache"
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class AssetsMissingError(RuntimeError):
    """The build that makes `static/vendor/` has not run, or ran before this file was named."""


def asset_url(name: str) -> str:
    """Return the address of an asset, e.g. `htmx.js` or `css/tokens.css`.

    A file outside the build (`favicon.svg`) keeps its plain name. Raises `AssetsMissingError`.
    """
    hashed = _manifest().get(name)
    if hashed is not None:
        return f"/static/vendor/{hashed}"
    if (STATIC / name).is_file():
        return f"/static/{name}"
    raise AssetsMissingError(f"static/vendor has no {name}. Run `make setup` first.")


def _manifest() -> dict[str, str]:
    try:
        changed = MANIFEST.stat().st_mtime_ns
    except FileNotFoundError:
        raise AssetsMissingError(
            "static/vendor has not been built. Run `make setup` first."
        ) from None
    return _read(changed)


@lru_cache(maxsize=1)
def _read(_changed_ns: int) -> dict[str, str]:
    """Read the manifest, again only when a build has replaced it."""
    names: dict[str, str] = json.loads(MANIFEST.read_bytes())
    return names


def static_file(name: str, accept_encoding: str) -> tuple[Path, dict[str, str]] | None:
    """Choose the file to send for `/static/<name>` and its headers; None when there is none.

    `accept_encoding` is the request's header (RFC 9110, 12.5.3). A compressed copy is chosen when
    it exists and is welcome.
    """
    joined = safe_join(str(STATIC), name)
    if joined is None or not (plain := Path(joined)).is_file():
        return None
    hashed = plain.parent == MANIFEST.parent and plain != MANIFEST
    headers = {
        "Content-Type": _TYPES.get(plain.suffix, "application/octet-stream"),
        "Cache-Control": _KEEP_FOR_EVER if hashed else _ASK_EACH_TIME,
        "Vary": "Accept-Encoding",
    }
    welcome = parse_accept_header(accept_encoding, Accept)
    for encoding, suffix in _ENCODINGS:
        copy = plain.with_name(plain.name + suffix)
        if welcome.quality(encoding) > 0 and copy.is_file():
            return copy, {**headers, "Content-Encoding": encoding}
    return plain, headers


def register_static(app: Flask) -> None:
    """Serve `/static/…` and give templates the global `asset("htmx.js")`.

    The app is made with `static_folder=None`, so that the endpoint `static` is this one.
    """
    app.add_url_rule("/static/<path:filename>", "static", _send)
    app.jinja_env.globals["asset"] = asset_url


def _send(filename: str) -> Response:
    found = static_file(filename, request.headers.get("Accept-Encoding", ""))
    if found is None:
        abort(404)
    path, headers = found
    response = send_file(path, mimetype=headers["Content-Type"], etag=True)
    response.headers.update(headers)
    return response
