"""`python -m wedsync` is `wedsync`."""

from wedsync.cli import main

main()
