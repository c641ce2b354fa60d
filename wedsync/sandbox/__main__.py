"""The practice partner as a process: `python -m wedsync.sandbox`."""

import os
import signal
import sys

from werkzeug.serving import WSGIRequestHandler, make_server

from wedsync.sandbox import mail
from wedsync.sandbox.app import create_app
from wedsync.sandbox.practice import assembled
from wedsync.sandbox.settings import SettingError, Settings


class _Quiet(WSGIRequestHandler):
    """Says nothing of requests: their addresses hold codes."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        pass


def serve(settings: Settings) -> None:
    """Answer until SIGTERM. Threads are daemons, so the end is at once."""
    # Authlib wants https in every address but those of localhost; this app is for one machine.
    os.environ.setdefault("AUTHLIB_INSECURE_TRANSPORT", "1")
    practice = assembled(settings)
    server = make_server(
        "127.0.0.1", settings.port, create_app(practice), threaded=True, request_handler=_Quiet
    )
    mail.listen(practice.inbox, practice.switches, settings.smtp_port)
    practice.sender.start()
    _say(f"Petal Practice answers at {settings.url}, mail on port {settings.smtp_port}")
    try:
        server.serve_forever()
    finally:
        practice.store.close()


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        serve(Settings.from_environment())
    except (SettingError, OSError) as error:
        sys.stderr.write(f"Petal Practice cannot start: {error}\n")
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
