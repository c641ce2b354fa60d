"""The pages of connections.

| subject | where |
|---|---|
| the list, one of them, its check | `routes` |
| its name, a pause, its end | `life_routes` |
| connecting: the form, the way to a provider and back | `connect_routes`, `forms` |
| in words | `connection_words`; `story`, what happened to it |
"""
