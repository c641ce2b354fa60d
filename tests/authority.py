"""An authority of a test's own, and the certificates it signs."""

import datetime
import ssl
from pathlib import Path

import trustme

from wedsync.platform import outbound

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC)


class Authority:
    """Signs servers' certificates; `trust` makes the door believe it."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self._file = folder / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self._file))

    def server(
        self, name: str = "127.0.0.1", until: datetime.datetime = NOW + DAY
    ) -> ssl.SSLContext:
        """What a server called `name` secures its sockets with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made = self._ca.issue_cert(name, not_before=NOW - 2 * DAY, not_after=until)
        made.configure_cert(context)
        return context

    def trust(self) -> None:
        outbound.trust(str(self._file))
