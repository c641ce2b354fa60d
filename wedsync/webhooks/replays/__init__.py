"""Everything since a moment again.

| subject | where |
|---|---|
| rows | `models` |
| begun, stopped, paused | `service` |
| going through it, a drain's work | `replaying` |
| what it reads | `events` |
"""
