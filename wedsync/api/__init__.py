"""The REST API over the services below (design: `api.md`).

`register(app)` adds every resource; `scope_of` says which scope a request needs.
"""

from apiflask import APIFlask

BASE_PATH = "/api/integrations/marketplace"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def register(app: APIFlask) -> None:
    """Add the API's resources to the app."""


def is_below_base_path(path: str) -> bool:
    return path == BASE_PATH or path.startswith(f"{BASE_PATH}/")


def scope_of(path: str, method: str) -> str:
    """The scope a request needs: `<resource>:read` or `<resource>:write`."""
    resource = path.removeprefix(f"{BASE_PATH}/").partition("/")[0]
    return f"{resource}:{'read' if method in _READING else 'write'}"
