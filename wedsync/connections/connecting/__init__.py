"""An attempt to connect, from what is typed to what is kept.

| subject | where |
|---|---|
| begun | `attempts` |
| what a provider sent back with the person | `coming_back` |
| carried out; by how many requests at once | `finishing`; `asking` |
| what is typed by a script, held to the fields; what came to nothing | `typed_in`; `endings` |
| what came of it, kept as the connection's own | `gained` |
"""
