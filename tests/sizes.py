"""How large the tests are that can be: a tenth in `make test`, everything in `make soak`."""

import os

FULL_SIZE = bool(os.environ.get("WEDSYNC_FULL_SIZE"))
