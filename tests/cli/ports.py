"""A port nobody listens on."""

import secrets
import socket

# Below the ports the system hands out by itself, so that nobody takes one in the meantime.
_PORTS = range(20_000, 32_000)


def free_port() -> int:
    """One whose next two are free as well: the practice partner's, where `wedsync up` starts it."""
    while True:
        port = secrets.choice(_PORTS)
        if not any(_listens(port + more) for more in range(3)):
            return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
