"""What a far end said to a connection, without the connection's secrets."""

from dataclasses import replace

from wedsync.connectors.contract import Access, Failed, Succeeded
from wedsync.platform import echoes


def scrubbed(finished: Succeeded | Failed, access: Access) -> Succeeded | Failed:
    """The end of a call without any of the connection's credentials in it."""
    if isinstance(finished, Failed):
        return scrubbed_failure(finished, access)
    output = echoes.without(finished.output, _forms(access))
    return finished if output is finished.output else Succeeded(output)


def scrubbed_failure(failed: Failed, access: Access) -> Failed:
    """The same, with a sentence that quotes none of them."""
    return replace(failed, message=echoes.text_without(failed.message, _forms(access)))


def _forms(access: Access) -> tuple[str, ...]:
    # What stands behind the word in `Bearer …` and `Basic …`.
    lines = (line.rpartition(" ")[2] for line in access.headers.values())
    return echoes.forms_of([*access.credentials.values(), *lines, *access.query.values()])
