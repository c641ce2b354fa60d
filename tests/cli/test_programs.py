"""What the programs of a machine are told."""

import pytest
from granian.cli import cli

from wedsync.cli.supervisor import programs
from wedsync.settings import Settings


@pytest.mark.parametrize("environment", ["true", "1", ""])
def test_the_web_process_keeps_no_log_of_addresses(
    settings: Settings, environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the address of a hook in a log could send to it."""
    monkeypatch.setenv("GRANIAN_LOG_ACCESS_ENABLED", environment)
    _python, _m, name, *told = programs.web(settings).argv
    assert cli.make_context(name, told).params["log_access_enabled"] is False
