"""What can be done to a whole installation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.installation import Installation, installed


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path) as made:
        yield made
