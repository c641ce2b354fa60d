"""One action for whatever the service can do, and a test that asks for a path the vendor named."""

from wedsync.connectors.free_request import FreeRequest, check

ACTIONS = {"request": FreeRequest()}
CHECK = check
