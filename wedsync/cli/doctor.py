"""`wedsync doctor`: what is wrong with this installation, in words."""

import sys
from collections.abc import Iterable

import click

from wedsync.cli.checkup import Finding, Level, whole

_MARKS = {
    Level.FINE: ("ok", "green"),
    Level.ODD: ("look", "yellow"),
    Level.BROKEN: ("broken", "red"),
}


@click.command()
def command() -> None:
    """Say what is wrong with this installation; fails when it cannot work."""
    findings = []
    for finding in whole():
        findings.append(finding)
        _show(finding)
    broken = _count(findings, Level.BROKEN)
    odd = _count(findings, Level.ODD)
    if not (broken or odd):
        click.echo("\nNothing is wrong.")
    else:
        click.echo(f"\n{broken} broken, {odd} worth a look.")
    sys.exit(1 if broken else 0)


def _show(finding: Finding) -> None:
    word, colour = _MARKS[finding.level]
    click.echo(f"{click.style(f'{word:<7}', fg=colour)}{finding.sentence}")


def _count(findings: Iterable[Finding], level: Level) -> int:
    return sum(finding.level is level for finding in findings)
