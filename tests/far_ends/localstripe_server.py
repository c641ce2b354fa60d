"""localstripe on loopback: `python tests/far_ends/localstripe_server.py` prints its port.

localstripe's own command listens on every interface and keeps its store in a file that all users
of a machine share; here its app gets a socket of 127.0.0.1 and forgets everything at its end. It
always runs as a process of its own.
"""

import logging
import socket

from aiohttp import web
from localstripe.resources import store
from localstripe.server import app


def main() -> None:
    store.dump_to_disk = lambda: None
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    web.run_app(app, sock=listener, access_log=logging.getLogger("unheard"), print=None)


if __name__ == "__main__":
    main()
