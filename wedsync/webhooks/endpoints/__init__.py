"""Out: addresses we send to.

| subject | where |
|---|---|
| an endpoint: made, changed, turned on and off, taken away | `service` |
| what can be said of one | `rules` |
| which events it is told of | `filters`; `conditions`, a filter as rows to fill in |
| how a partner checks our signature | `verification`, from `snippets/` |
"""
