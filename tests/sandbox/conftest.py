"""A vendor's app, connected or not, and a receiver of webhooks."""

from collections.abc import Iterator

import pytest

from tests.far_ends.practice_partner import PracticePartner
from tests.sandbox.receiver import Receiver, listening
from tests.sandbox.vendor import Vendor


@pytest.fixture
def vendor(practice_partner: PracticePartner) -> Vendor:
    return Vendor(practice_partner)


@pytest.fixture
def token(vendor: Vendor) -> str:
    """Access to Meadow Weddings with every permission."""
    return str(vendor.tokens()["access_token"])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as made:
        yield made
