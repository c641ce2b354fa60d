"""What can be done to a whole installation, and to a connection that many share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.installation import Installation, installed
from tests.far_ends.oidc_provider import OidcProvider, started_oidc_provider
from wedsync.settings import Settings


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path) as made:
        yield made


@pytest.fixture
def oidc_provider(settings: Settings) -> Iterator[OidcProvider]:
    """The certified server, which knows nobody yet."""
    with started_oidc_provider(
        f"{settings.public_url}/oauth/callback/rest-oauth/127.0.0.1"
    ) as started:
        yield started
