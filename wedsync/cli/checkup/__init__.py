"""The checks of `wedsync doctor`: each looks at one thing and says what it found.

`machine` looks at what is installed here, `services` at what answers.
"""

from collections.abc import Iterator

from wedsync.cli.checkup import machine, services
from wedsync.cli.checkup.finding import Finding, Level, broken, fine
from wedsync.cli.installation import practice
from wedsync.platform import embedded
from wedsync.platform.embedded import ServerError
from wedsync.settings import SettingError, Settings

__all__ = ["Finding", "Level", "whole"]


def whole() -> Iterator[Finding]:
    """Everything there is to say, as it is found."""
    yield machine.python()
    yield machine.packages()
    yield machine.front_end()
    try:
        settings = Settings.from_environment()
    except SettingError as error:
        yield broken(str(error))
        return
    yield fine(f"Settings can be used; people reach this installation at {settings.public_url}.")
    yield machine.home(settings)
    yield machine.disk(settings)
    yield machine.master_key(settings)
    yield services.port(settings)
    if practice.wanted(settings) or practice.named():
        yield services.practice_partner(settings)
    if settings.mail_url is None and practice.wanted(settings):
        yield fine("Our own e-mail ends in the inbox of the practice partner.")
    else:
        yield services.mail(settings)
    if settings.libpq_url is None and not embedded.at_home(settings.home)[0].made():
        yield fine("The private database will be made at the first start.")
        return
    try:
        with embedded.reachable(settings) as found:
            yield from services.database(found)
            yield services.redis(found)
    except ServerError as error:
        yield broken(str(error))
