"""What the processes say, line by line, on our output and in a file each."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

_LOG_BYTES = 5_000_000
_LONGEST_LINE = 64_000
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue")


class Lines:
    """Takes bytes as they come and writes whole lines, each with the name of who said it."""

    def __init__(self, name: str, number: int, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.log"
        if path.exists() and path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._rest = b""
        self._prefix = click.style(f"{name:>9} │ ", fg=_COLOURS[number % len(_COLOURS)])

    def take(self, data: bytes) -> None:
        """Write the lines that `data` completes."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            whole, self._rest = [*whole, self._rest], b""
        for line in whole:
            self._write(line)

    def finish(self) -> None:
        """Write what was left without its line end."""
        if self._rest:
            self._write(self._rest)
            self._rest = b""

    def close(self) -> None:
        self.finish()
        self._file.close()

    def _write(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        # click takes the colours away when nobody sees them.
        click.echo(self._prefix + line.decode(errors="replace"), file=sys.stdout)
