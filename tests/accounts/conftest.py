"""What several tests of the door need."""

import dataclasses
from collections.abc import Iterator

import pytest
from apiflask import APIFlask

from wedsync.factory import create_app
from wedsync.platform.db import db
from wedsync.settings import Settings


@pytest.fixture
def mailing_app(settings: Settings) -> Iterator[APIFlask]:
    """The app of an installation that has a mail server."""
    made = create_app(dataclasses.replace(settings, mail_url="smtp://mail.example:25"))
    made.testing = True
    yield made
    with made.app_context():
        db.engine.dispose()
