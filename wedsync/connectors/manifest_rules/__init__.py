"""The rules `wedsync.connectors.checks` applies, by what they look at."""
