"""What the processes under one process say, when any of them may end while it is asked."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import psutil

T = TypeVar("T")


def told_by_family(
    parent: psutil.Process, ask: Callable[[psutil.Process], T]
) -> Iterator[tuple[psutil.Process, T]]:
    """Each process under `parent` with its answer; one that is gone by then has none.

    A server starts and ends helpers at any moment (PostgreSQL: its autovacuum workers).
    """
    for member in parent.children(recursive=True):
        try:
            told = ask(member)
        except psutil.NoSuchProcess:
            continue
        yield member, told
