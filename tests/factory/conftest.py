"""An app of its own with routes that go wrong in every way."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from apiflask import APIBlueprint, APIFlask
from flask import Blueprint, g, request
from pydantic import BaseModel
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.personas import Browser, Persona, signed_in_browser
from wedsync import api
from wedsync.errors import Conflict, FieldError, Invalid, TooMany
from wedsync.factory import create_app
from wedsync.platform.db import db
from wedsync.platform.identity import requires
from wedsync.settings import Settings

trouble = Blueprint("trouble", __name__, url_prefix="/trouble")
api_trouble = APIBlueprint("api_trouble", __name__, url_prefix=f"{api.BASE_PATH}/workflows/trouble")


class Guest(BaseModel):
    name: str
    age: int


@trouble.get("/read")
def read() -> str:
    return "read"


@trouble.post("/change")
def change() -> str:
    return "changed"


@trouble.post("/own")
@requires("owner")
def own() -> str:
    return "owned"


@trouble.post("/anybody")
@requires("viewer")
def anybody() -> str:
    return "done"


@trouble.get("/bug")
@api_trouble.get("/bug")
def bug() -> str:
    raise KeyError("the secret ingredient")


@trouble.get("/conflict")
@api_trouble.get("/conflict")
def conflict() -> str:
    raise Conflict("Somebody was first.", code="too_late", extra={"first": "Beth"})


@api_trouble.get("/fields")
def fields() -> str:
    raise Invalid("Two things.", errors=[FieldError("/a/0", "missing", "There is no a.")])


@trouble.get("/often")
def often() -> str:
    raise TooMany("Slowly.", retry_after_s=30)


@trouble.get("/slow")
def slow() -> str:
    db.session.execute(text("SET LOCAL statement_timeout = '20ms'"))
    db.session.execute(text("SELECT pg_sleep(2)"))
    return "never"


@trouble.get("/store")
@api_trouble.get("/store")
def store() -> str:
    db.session.execute(text("SELECT CAST(:words AS text)"), {"words": request.args["words"]})
    return "stored"


@trouble.get("/frame")
def frame() -> str:
    g.frame_breaks = True
    raise Conflict("Somebody was first.")


def break_frame() -> dict[str, str]:
    if "frame_breaks" in g and "identity" in g:
        raise KeyError("a broken frame")
    return {}


@api_trouble.post("/guests")
@api_trouble.input(Guest)
def guests(json_data: Guest) -> dict[str, str]:
    return {"name": json_data.name}


def watch() -> tuple[str, int]:
    return "", 204


@pytest.fixture(scope="session")
def troubled(settings: Settings) -> Iterator[APIFlask]:
    """The app with the routes above."""
    app = create_app(settings, pool_size=2)
    app.context_processor(break_frame)
    app.add_url_rule("/live/runs/trouble", view_func=watch)
    app.register_blueprint(trouble)
    app.register_blueprint(api_trouble)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def browse(troubled: APIFlask) -> Callable[[Persona], Browser]:
    """A persona's browser on that app."""
    return lambda persona: signed_in_browser(troubled, persona.sign_in_id)


@pytest.fixture
def call(troubled: APIFlask) -> Callable[..., TestResponse]:
    """A call to that app's API with a persona's key."""

    def send(persona: Persona, path: str, method: str = "GET", **kwargs: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {persona.key}"}
        return troubled.test_client().open(
            f"{api.BASE_PATH}/workflows/trouble{path}", method=method, headers=headers, **kwargs
        )

    return send
